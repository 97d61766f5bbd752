//! All SQL on memberships.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::channel::{ChannelMember, ChannelType, Role};
use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::{Error, Result};
use crate::id::{ChannelId, UserId};
use crate::message::Head;
use crate::presence::Presence;
use crate::text::{DisplayName, Username};
use crate::time::Time;

/// What somebody is in a channel, and how far the channel has come.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Standing {
    channel_id: ChannelId,
    user_id: UserId,
    #[sqlx(try_from = "String")]
    kind: ChannelType,
    pub(crate) direct: bool,
    pub(crate) seq: i64,
    pub(crate) rev: i64,
    pub(crate) user_count: i64,
    role: Option<String>,
    pub(crate) read_seq: Option<i64>,
}

impl Standing {
    /// Whether they are in.
    pub(crate) fn is_member(&self) -> bool {
        self.role.is_some()
    }

    /// What they are in it.
    pub(crate) fn role(&self) -> Result<Option<Role>> {
        self.role.clone().map(Role::try_from).transpose().map_err(Error::internal)
    }

    /// Refuse whoever is not in. Of a private channel they are told that there is none.
    pub(crate) fn require_member(&self) -> Result<()> {
        match (self.is_member(), self.kind) {
            (true, _) => Ok(()),
            (false, ChannelType::Public) => Err(Error::forbidden("join the channel first")),
            (false, ChannelType::Private) => Err(Error::not_found("channel")),
        }
    }

    /// Whether they may know that it exists.
    pub(crate) fn is_visible(&self) -> bool {
        self.is_member() || self.is_public()
    }

    /// Whether everybody may find and join it.
    pub(crate) fn is_public(&self) -> bool {
        self.kind == ChannelType::Public
    }

    /// How far the channel has come.
    pub(crate) fn head(&self) -> Head {
        Head { seq: self.seq, rev: self.rev }
    }
}

/// What these people are in these channels. Nothing for a channel that there is not.
pub(crate) async fn standings(
    conn: &mut Conn<'_>,
    pairs: &[(ChannelId, UserId)],
) -> Result<HashMap<(ChannelId, UserId), Standing>> {
    // The person comes back from the parameter, because whoever is not a member has no row to come from. The cast
    // tells PostgreSQL its type.
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "SELECT c.id AS channel_id, v.column2 AS user_id, c.kind, c.direct, c.seq, c.rev, c.user_count, \
                    m.role, m.read_seq \
             FROM ({values}) AS v CROSS JOIN channel c \
             LEFT JOIN member m ON m.channel_id = c.id AND m.user_id = v.column2 \
             WHERE c.id = v.column1",
            2,
        )
    });
    let mut found = HashMap::with_capacity(pairs.len());
    for chunk in chunks(pairs) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<Standing> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for ((channel, user), _) in chunk.filled() {
                query = query.bind(channel).bind(user);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows.into_iter().map(|row| ((row.channel_id, row.user_id), row)));
    }
    Ok(found)
}

/// What one person is in one channel.
pub(crate) async fn standing(conn: &mut Conn<'_>, channel: ChannelId, user: UserId) -> Result<Option<Standing>> {
    Ok(standings(conn, &[(channel, user)]).await?.remove(&(channel, user)))
}

/// Whether anybody is in the channel.
pub(crate) async fn has_members(conn: &mut Conn<'_>, channel: ChannelId) -> Result<bool> {
    let sql = "SELECT user_id FROM member WHERE channel_id = $1 LIMIT 1";
    let row: Option<(UserId,)> = on_db!(conn, c => sqlx::query_as(sql).bind(channel).fetch_optional(c).await)?;
    Ok(row.is_some())
}

/// Put somebody in, with everything read so far. False if they are in already.
pub(crate) async fn add(conn: &mut Conn<'_>, channel: ChannelId, user: UserId, role: Role, now: Time) -> Result<bool> {
    Ok(!add_all(conn, channel, &[user], role, now).await?.is_empty())
}

/// Put people in, with everything read so far. Who was not in already.
pub(crate) async fn add_all(
    conn: &mut Conn<'_>,
    channel: ChannelId,
    users: &[UserId],
    role: Role,
    now: Time,
) -> Result<Vec<UserId>> {
    // A filler is the last person again, who is in by then.
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "INSERT INTO member (channel_id, user_id, role, read_seq, joined_at) \
             SELECT c.id, v.column2, v.column3, c.seq, v.column4 \
             FROM ({values}) AS v CROSS JOIN channel c WHERE c.id = v.column1 \
             ON CONFLICT (channel_id, user_id) DO NOTHING RETURNING user_id",
            4,
        )
    });
    let mut added = Vec::new();
    for chunk in chunks(users) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<(UserId,)> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for (user, _) in chunk.filled() {
                query = query.bind(channel).bind(user).bind(role.as_str()).bind(now);
            }
            query.fetch_all(c).await
        })?;
        added.extend(rows.into_iter().map(|(user,)| user));
    }
    if !added.is_empty() {
        let more = i64::try_from(added.len()).unwrap_or(i64::MAX);
        let count = "UPDATE channel SET user_count = user_count + $2 WHERE id = $1";
        on_db!(conn, c => sqlx::query(count).bind(channel).bind(more).execute(c).await.map(drop))?;
    }
    Ok(added)
}

/// Somebody in a channel, without whether they are here.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct MemberRow {
    id: UserId,
    username: Username,
    display_name: DisplayName,
    role: String,
    read_seq: i64,
}

impl MemberRow {
    /// With whether they are here.
    pub(crate) fn seen(self, presence: &Presence) -> Result<ChannelMember> {
        let Self { id, username, display_name, role, read_seq } = self;
        let role = Role::try_from(role).map_err(Error::internal)?;
        Ok(ChannelMember { id, username, display_name, is_online: presence.is_online(id), role, read_up_to: read_seq })
    }
}

/// A page of a channel's members, in the order in which they signed up.
pub(crate) async fn page_of(
    conn: &mut Conn<'_>,
    channel: ChannelId,
    after: Option<UserId>,
    rows: i64,
) -> Result<Vec<MemberRow>> {
    let sql = "SELECT a.id, a.username, a.display_name, m.role, m.read_seq \
               FROM member m JOIN account a ON a.id = m.user_id \
               WHERE m.channel_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3";
    let after = after.unwrap_or(UserId::from_uuid(uuid::Uuid::nil()));
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(channel).bind(after).bind(rows).fetch_all(c).await)?)
}

/// Take somebody out. False if they were not in.
pub(crate) async fn remove(conn: &mut Conn<'_>, channel: ChannelId, user: UserId) -> Result<bool> {
    let delete = "DELETE FROM member WHERE channel_id = $1 AND user_id = $2";
    let removed = on_db!(conn, c => sqlx::query(delete).bind(channel).bind(user).execute(c).await
        .map(|result| result.rows_affected()))?;
    if removed == 0 {
        return Ok(false);
    }
    let count = "UPDATE channel SET user_count = user_count - 1 WHERE id = $1";
    on_db!(conn, c => sqlx::query(count).bind(channel).execute(c).await.map(drop))?;
    Ok(true)
}

/// Make the member who has been in longest the owner, of those who may sign in if there are any. Nobody if nobody is left.
pub(crate) async fn promote_oldest(conn: &mut Conn<'_>, channel: ChannelId) -> Result<Option<UserId>> {
    let update = "UPDATE member SET role = 'owner' WHERE channel_id = $1 AND user_id = \
                  (SELECT m.user_id FROM member m JOIN account a ON a.id = m.user_id WHERE m.channel_id = $1 \
                   ORDER BY CASE WHEN a.disabled_at IS NULL THEN 0 ELSE 1 END, m.joined_at, m.user_id LIMIT 1) \
                  RETURNING user_id";
    let row: Option<(UserId,)> = on_db!(conn, c => sqlx::query_as(update).bind(channel).fetch_optional(c).await)?;
    Ok(row.map(|(user,)| user))
}

/// A page of the channels that somebody is in, in order of id.
pub(super) async fn channels_of(
    conn: &mut Conn<'_>,
    user: UserId,
    after: Option<ChannelId>,
    rows: i64,
) -> Result<Vec<ChannelId>> {
    let sql = "SELECT channel_id FROM member WHERE user_id = $1 AND channel_id > $2 ORDER BY channel_id LIMIT $3";
    let after = after.unwrap_or(ChannelId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<(ChannelId,)> =
        on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(after).bind(rows).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(channel,)| channel).collect())
}
