//! All SQL on accounts, and on the server's one row.

use crate::account::{Access, Account, OwnUser, ServerRole, Settings};
use crate::db::{Conn, on_db};
use crate::error::Result;
use crate::id::{ChannelId, Epoch, UserId};
use crate::text::{DisplayName, Username};
use crate::time::Time;

/// An account that is about to be made.
pub(super) struct NewRow<'a> {
    pub(super) id: UserId,
    pub(super) username: &'a Username,
    pub(super) name_key: String,
    pub(super) name_look: &'a str,
    pub(super) display_name: &'a DisplayName,
    pub(super) display_key: String,
    pub(super) password_hash: &'a str,
}

/// Make an account. False if its name, or its look, is taken.
pub(super) async fn insert(conn: &mut Conn<'_>, account: &NewRow<'_>, now: Time) -> Result<bool> {
    let sql = "INSERT INTO account (id, username, name_key, name_look, display_name, display_key, password_hash, \
                                    created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    let inserted = on_db!(conn, c => sqlx::query(sql)
        .bind(account.id)
        .bind(account.username)
        .bind(&account.name_key)
        .bind(account.name_look)
        .bind(account.display_name)
        .bind(&account.display_key)
        .bind(account.password_hash)
        .bind(now)
        .execute(c).await.map(|result| result.rows_affected()))?;
    Ok(inserted > 0)
}

/// Take the server, if it belongs to nobody.
pub(super) async fn claim_server(conn: &mut Conn<'_>, user: UserId) -> Result<bool> {
    let sql = "UPDATE server SET owner_id = $1 WHERE owner_id IS NULL";
    let claimed = on_db!(conn, c => sqlx::query(sql).bind(user).execute(c).await
        .map(|result| result.rows_affected()))?;
    Ok(claimed > 0)
}

/// What it takes to sign in to an account.
#[derive(sqlx::FromRow)]
pub(super) struct Credentials {
    pub(super) id: UserId,
    pub(super) password_hash: String,
    pub(super) disabled_at: Option<Time>,
}

/// What it takes to sign in to the account of this name.
pub(super) async fn credentials_by_name(conn: &mut Conn<'_>, name_key: &str) -> Result<Option<Credentials>> {
    let sql = "SELECT id, password_hash, disabled_at FROM account WHERE name_key = $1";
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(name_key).fetch_optional(c).await)?)
}

/// What it takes to sign in to this account.
pub(super) async fn credentials(conn: &mut Conn<'_>, user: UserId) -> Result<Option<Credentials>> {
    let sql = "SELECT id, password_hash, disabled_at FROM account WHERE id = $1";
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(user).fetch_optional(c).await)?)
}

/// Keep others from changing the account until the transaction ends: another process may be about to disable it, or to
/// make it the owner's. PostgreSQL only: on SQLite there is one writer.
pub(super) async fn lock(conn: &mut Conn<'_>, user: UserId) -> Result<()> {
    let Conn::Postgres(connection) = conn else { return Ok(()) };
    let sql = "SELECT id FROM account WHERE id = $1 FOR NO KEY UPDATE";
    sqlx::query(sql).bind(user).execute(&mut **connection).await?;
    Ok(())
}

/// Whether the account still has the password that was verified and is not disabled; it stays so until the end of the
/// transaction.
pub(crate) async fn may_sign_in(conn: &mut Conn<'_>, user: UserId, verified: &str) -> Result<bool> {
    lock(conn, user).await?;
    let sql = "SELECT id FROM account WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
    let row: Option<(UserId,)> =
        on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(verified).fetch_optional(c).await)?;
    Ok(row.is_some())
}

/// Give the account another password, if it still has the one that was verified. False if not.
pub(super) async fn replace_password(conn: &mut Conn<'_>, user: UserId, verified: &str, hash: &str) -> Result<bool> {
    let sql = "UPDATE account SET password_hash = $3 \
               WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
    let changed = on_db!(conn, c => sqlx::query(sql).bind(user).bind(verified).bind(hash).execute(c).await
        .map(|result| result.rows_affected()))?;
    Ok(changed > 0)
}

/// Bar the account since `at`, or let it in again. False if there is none. A bar that stands keeps its time.
pub(super) async fn disable(conn: &mut Conn<'_>, user: UserId, at: Option<Time>) -> Result<bool> {
    let sql = "UPDATE account SET disabled_at = CASE WHEN CAST($2 AS BIGINT) IS NULL THEN NULL ELSE COALESCE(disabled_at, $2) END \
               WHERE id = $1";
    let changed =
        on_db!(conn, c => sqlx::query(sql).bind(user).bind(at).execute(c).await.map(|result| result.rows_affected()))?;
    Ok(changed > 0)
}

/// Give the account another password. False if there is none.
pub(super) async fn set_password(conn: &mut Conn<'_>, user: UserId, hash: &str) -> Result<bool> {
    let sql = "UPDATE account SET password_hash = $2 WHERE id = $1";
    let changed = on_db!(conn, c => sqlx::query(sql).bind(user).bind(hash).execute(c).await
        .map(|result| result.rows_affected()))?;
    Ok(changed > 0)
}

/// Give the server, and the channel that everybody is in, to this account. False if there is none.
pub(super) async fn hand_over(conn: &mut Conn<'_>, user: UserId, general: ChannelId) -> Result<bool> {
    let sql = "UPDATE server SET owner_id = $1 WHERE EXISTS (SELECT 1 FROM account a WHERE a.id = $1)";
    let given = on_db!(conn, c => sqlx::query(sql).bind(user).execute(c).await
        .map(|result| result.rows_affected()))?;
    let sql = "UPDATE member SET role = CASE WHEN user_id = $1 THEN 'owner' ELSE 'member' END \
               WHERE channel_id = $2 AND (role = 'owner' OR user_id = $1)";
    on_db!(conn, c => sqlx::query(sql).bind(user).bind(general).execute(c).await.map(drop))?;
    Ok(given > 0)
}

/// Accounts in the order of their names, from this one on.
pub(super) async fn accounts_from(conn: &mut Conn<'_>, name_key: &str, most: i64) -> Result<Vec<Account>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        id: UserId,
        username: Username,
        display_name: DisplayName,
        owns: i32,
        created_at: Time,
        disabled_at: Option<Time>,
        sessions: i64,
        last_used_at: Option<Time>,
    }
    let sql = "SELECT a.id, a.username, a.display_name, a.created_at, a.disabled_at, \
                      CASE WHEN s.owner_id = a.id THEN 1 ELSE 0 END AS owns, \
                      (SELECT COUNT(*) FROM session WHERE user_id = a.id) AS sessions, \
                      (SELECT MAX(last_used_at) FROM session WHERE user_id = a.id) AS last_used_at \
               FROM account a CROSS JOIN server s WHERE a.name_key >= $1 ORDER BY a.name_key LIMIT $2";
    let rows: Vec<Row> = on_db!(conn, c => sqlx::query_as(sql).bind(name_key).bind(most).fetch_all(c).await)?;
    let accounts = rows.into_iter().map(|row| Account {
        id: row.id,
        username: row.username,
        display_name: row.display_name,
        role: if row.owns == 1 { ServerRole::Owner } else { ServerRole::Member },
        created_at: row.created_at,
        disabled_at: row.disabled_at,
        sessions: row.sessions,
        last_used_at: row.last_used_at,
    });
    Ok(accounts.collect())
}

/// Note that who may sign in has changed, for a server that runs on the same database.
pub(super) async fn note_access(conn: &mut Conn<'_>) -> Result<()> {
    on_db!(conn, c => sqlx::query("UPDATE server SET access_rev = access_rev + 1").execute(c).await.map(drop))?;
    Ok(())
}

/// What may have been changed beside the running server.
pub(super) async fn access(conn: &mut Conn<'_>) -> Result<Access> {
    let sql = "SELECT access_rev AS rev, owner_id AS owner FROM server";
    Ok(on_db!(conn, c => sqlx::query_as(sql).fetch_one(c).await)?)
}

/// An account as its owner sees it.
pub(crate) async fn own(conn: &mut Conn<'_>, user: UserId) -> Result<Option<OwnUser>> {
    let sql = "SELECT a.id, a.username, a.display_name, \
                      CASE WHEN s.owner_id = a.id THEN 1 ELSE 0 END \
               FROM account a CROSS JOIN server s WHERE a.id = $1";
    let row: Option<(UserId, Username, DisplayName, i32)> =
        on_db!(conn, c => sqlx::query_as(sql).bind(user).fetch_optional(c).await)?;
    Ok(row.map(|(id, username, display_name, owns)| {
        let role = if owns == 1 { ServerRole::Owner } else { ServerRole::Member };
        OwnUser { id, username, display_name, role, settings: Settings {} }
    }))
}

/// Whether there is no account.
pub(super) async fn nobody(conn: &mut Conn<'_>) -> Result<bool> {
    let row: Option<(UserId,)> =
        on_db!(conn, c => sqlx::query_as("SELECT id FROM account LIMIT 1").fetch_optional(c).await)?;
    Ok(row.is_none())
}

/// Whether the server belongs to somebody.
pub(super) async fn has_owner(conn: &mut Conn<'_>) -> Result<bool> {
    let row: Option<(UserId,)> = on_db!(conn, c => {
        sqlx::query_as("SELECT owner_id FROM server WHERE owner_id IS NOT NULL").fetch_optional(c).await
    })?;
    Ok(row.is_some())
}

/// Whether the server belongs to this person.
pub(crate) async fn owns_server(conn: &mut Conn<'_>, user: UserId) -> Result<bool> {
    let row: Option<(UserId,)> = on_db!(conn, c => {
        sqlx::query_as("SELECT owner_id FROM server WHERE owner_id = $1").bind(user).fetch_optional(c).await
    })?;
    Ok(row.is_some())
}

/// The server's epoch and the channel that everybody is in.
pub(crate) async fn server(conn: &mut Conn<'_>) -> Result<Option<(Epoch, ChannelId)>> {
    Ok(on_db!(conn, c => sqlx::query_as("SELECT epoch, general_id FROM server").fetch_optional(c).await)?)
}

/// Give an epoch to a server that has none, as a copy of another has.
pub(crate) async fn draw_epoch(conn: &mut Conn<'_>, epoch: Epoch) -> Result<()> {
    let sql = "UPDATE server SET epoch = $1 WHERE epoch = $2";
    Ok(on_db!(conn, c => sqlx::query(sql).bind(epoch).bind(Epoch::NONE).execute(c).await.map(drop))?)
}

/// Make the server's row. Nothing happens if it is there.
pub(crate) async fn insert_server(conn: &mut Conn<'_>, epoch: Epoch, general: ChannelId, now: Time) -> Result<bool> {
    let sql = "INSERT INTO server (id, epoch, general_id, created_at) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING";
    let inserted = on_db!(conn, c => sqlx::query(sql).bind(epoch).bind(general).bind(now).execute(c).await
        .map(|result| result.rows_affected()))?;
    Ok(inserted > 0)
}
