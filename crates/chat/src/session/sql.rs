//! All SQL on sessions.

use std::sync::LazyLock;

use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::Result;
use crate::id::{SessionId, UserId};
use crate::session::{Device, Identity, Life, SessionInfo};
use crate::time::Time;

/// Keep a new session.
pub(crate) async fn insert(
    conn: &mut Conn<'_>,
    id: SessionId,
    user: UserId,
    token_hash: &[u8; 32],
    device: &Device,
    now: Time,
) -> Result<()> {
    let sql = "INSERT INTO session (id, user_id, token_hash, created_at, last_used_at, address, agent) \
               VALUES ($1, $2, $3, $4, $4, $5, $6)";
    on_db!(conn, c => sqlx::query(sql)
        .bind(id)
        .bind(user)
        .bind(token_hash.as_slice())
        .bind(now)
        .bind(&device.address)
        .bind(&device.agent)
        .execute(c).await.map(drop))?;
    Ok(())
}

/// Whose token has this hash, and since when.
pub(super) async fn by_token(conn: &mut Conn<'_>, token_hash: &[u8; 32]) -> Result<Option<(Identity, Life)>> {
    let sql = "SELECT user_id, id, created_at, last_used_at FROM session WHERE token_hash = $1";
    let row: Option<(UserId, SessionId, Time, Time)> =
        on_db!(conn, c => sqlx::query_as(sql).bind(token_hash.as_slice()).fetch_optional(c).await)?;
    Ok(row.map(|(user, session, created_at, last_used_at)| {
        (Identity { user, session }, Life { created_at, last_used_at })
    }))
}

/// When a session was made and last used.
pub(super) async fn life_of(conn: &mut Conn<'_>, id: SessionId) -> Result<Option<Life>> {
    let sql = "SELECT created_at, last_used_at FROM session WHERE id = $1";
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// A person's sessions, the last used first: at most `most`.
pub(super) async fn of_user(conn: &mut Conn<'_>, identity: Identity, most: i64) -> Result<Vec<SessionInfo>> {
    let sql = "SELECT id, created_at, last_used_at, address, agent, id = $2 AS current FROM session \
               WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC LIMIT $3";
    Ok(on_db!(conn, c => {
        sqlx::query_as(sql).bind(identity.user).bind(identity.session).bind(most).fetch_all(c).await
    })?)
}

/// Which of these sessions there still are.
pub(crate) async fn existing(conn: &mut Conn<'_>, sessions: &[SessionId]) -> Result<Vec<SessionId>> {
    static SQL: LazyLock<Bulk> =
        LazyLock::new(|| Bulk::new("SELECT session.id FROM session WHERE session.id IN ({values})", 1));
    let mut found = Vec::with_capacity(sessions.len());
    for chunk in chunks(sessions) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<(SessionId,)> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for (id, _) in chunk.filled() {
                query = query.bind(id);
            }
            query.fetch_all(c).await
        })?;
        found.extend(ids(rows));
    }
    Ok(found)
}

/// These sessions are in use.
pub(super) async fn touch(conn: &mut Conn<'_>, ids: &[SessionId], now: Time) -> Result<()> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "UPDATE session SET last_used_at = v.column2 FROM ({values}) AS v \
             WHERE session.id = v.column1 AND session.last_used_at < v.column2",
            2,
        )
    });
    for chunk in chunks(ids) {
        let sql = SQL.sql(conn, chunk.size);
        on_db!(conn, c => {
            let mut query = sqlx::query(sql);
            for (id, _) in chunk.filled() {
                query = query.bind(id).bind(now);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

fn ids(rows: Vec<(SessionId,)>) -> Vec<SessionId> {
    rows.into_iter().map(|(id,)| id).collect()
}

/// End one of a person's sessions.
pub(super) async fn delete(conn: &mut Conn<'_>, user: UserId, id: SessionId) -> Result<Vec<SessionId>> {
    let sql = "DELETE FROM session WHERE user_id = $1 AND id = $2 RETURNING id";
    Ok(ids(on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(id).fetch_all(c).await)?))
}

/// End a person's sessions beyond the `most` that were used last. `kept` is one of those, whenever it was used.
pub(super) async fn delete_beyond(
    conn: &mut Conn<'_>,
    user: UserId,
    kept: SessionId,
    most: i64,
) -> Result<Vec<SessionId>> {
    // SQLite takes no OFFSET without a LIMIT; no more than a few go at a time.
    let sql = "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE user_id = $1 AND id <> $2 \
               ORDER BY last_used_at DESC, id DESC LIMIT 1000 OFFSET $3) RETURNING id";
    Ok(ids(on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(kept).bind(most - 1).fetch_all(c).await)?))
}

/// End all of a person's sessions.
pub(crate) async fn delete_all(conn: &mut Conn<'_>, user: UserId) -> Result<Vec<SessionId>> {
    let sql = "DELETE FROM session WHERE user_id = $1 RETURNING id";
    Ok(ids(on_db!(conn, c => sqlx::query_as(sql).bind(user).fetch_all(c).await)?))
}

/// End all of a person's sessions but one.
pub(crate) async fn delete_all_but(conn: &mut Conn<'_>, user: UserId, id: SessionId) -> Result<Vec<SessionId>> {
    let sql = "DELETE FROM session WHERE user_id = $1 AND id <> $2 RETURNING id";
    Ok(ids(on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(id).fetch_all(c).await)?))
}

/// End what was not used since `used`, or is older than `made`.
pub(super) async fn delete_expired(conn: &mut Conn<'_>, used: Time, made: Time) -> Result<Vec<SessionId>> {
    let sql = "DELETE FROM session WHERE last_used_at <= $1 OR created_at <= $2 RETURNING id";
    Ok(ids(on_db!(conn, c => sqlx::query_as(sql).bind(used).bind(made).fetch_all(c).await)?))
}
