//! All SQL on people as others see them.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::Result;
use crate::id::UserId;
use crate::presence::Presence;
use crate::text::{DisplayName, SearchText, Username, fold};
use crate::user::{Profile, User};

/// Somebody, without whether they are here.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct UserRow {
    id: UserId,
    username: Username,
    display_name: DisplayName,
}

impl UserRow {
    /// How they are called.
    pub(crate) fn profile(self) -> Profile {
        let Self { id, username, display_name } = self;
        Profile { id, username, display_name }
    }

    /// With whether they are here.
    pub(crate) fn seen(self, presence: &Presence) -> User {
        let Self { id, username, display_name } = self;
        User { id, username, display_name, is_online: presence.is_online(id) }
    }
}

/// These people, without those whom there are not.
pub(crate) async fn by_ids(conn: &mut Conn<'_>, ids: &[UserId]) -> Result<Vec<UserRow>> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new("SELECT id, username, display_name FROM account WHERE id IN ({values}) ORDER BY name_key", 1)
    });
    let mut found = Vec::with_capacity(ids.len());
    for chunk in chunks(ids) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<UserRow> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for (id, _) in chunk.filled() {
                query = query.bind(id);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// Whether each of these people has an account and may sign in to it.
pub(crate) async fn all_may_sign_in(conn: &mut Conn<'_>, ids: &[UserId]) -> Result<bool> {
    static SQL: LazyLock<Bulk> =
        LazyLock::new(|| Bulk::new("SELECT id FROM account WHERE id IN ({values}) AND disabled_at IS NULL", 1));
    let mut found = HashSet::with_capacity(ids.len());
    for chunk in chunks(ids) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<(UserId,)> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for (id, _) in chunk.filled() {
                query = query.bind(id);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows.into_iter().map(|(id,)| id));
    }
    Ok(ids.iter().all(|id| found.contains(id)))
}

/// Call somebody this from now on.
pub(super) async fn set_display_name(conn: &mut Conn<'_>, user: UserId, name: &DisplayName) -> Result<()> {
    let sql = "UPDATE account SET display_name = $2, display_key = $3 WHERE id = $1";
    on_db!(conn, c => sqlx::query(sql).bind(user).bind(name).bind(fold(name.as_str())).execute(c).await.map(drop))?;
    Ok(())
}

/// Other people who may sign in, by the beginning of either of their names; unless `all`, without those with whom there is
/// a direct conversation already. Of each name the first that there are, so that no more is read however many begin so.
pub(super) async fn search(
    conn: &mut Conn<'_>,
    oneself: UserId,
    q: &SearchText,
    all: bool,
    rows: i64,
) -> Result<Vec<UserRow>> {
    macro_rules! by {
        ($key:literal) => {
            concat!(
                "SELECT * FROM (SELECT a.id, a.username, a.display_name, a.name_key FROM account a \
                 WHERE a.",
                $key,
                " >= $2 AND a.",
                $key,
                " < $3 AND a.id <> $1 AND a.disabled_at IS NULL \
                 AND ($4 OR NOT EXISTS (SELECT 1 FROM member theirs \
                      JOIN channel c ON c.id = theirs.channel_id AND c.direct AND c.user_count = 2 \
                      JOIN member mine ON mine.channel_id = c.id AND mine.user_id = $1 \
                      WHERE theirs.user_id = a.id)) \
                 ORDER BY a.",
                $key,
                " LIMIT $5) AS by_",
                $key
            )
        };
    }
    let sql = concat!(
        "SELECT id, username, display_name FROM (",
        by!("name_key"),
        " UNION ",
        by!("display_key"),
        ") AS found ORDER BY name_key LIMIT $5"
    );
    let (first, end) = q.prefix_range();
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(oneself).bind(first).bind(end).bind(all).bind(rows)
        .fetch_all(c).await)?)
}
