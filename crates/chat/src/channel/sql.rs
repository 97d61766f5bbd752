//! All SQL on channels.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::channel::{Channel, ChannelType, ChannelUpdate, Role, SearchOrder};
use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::Result;
use crate::id::{ChannelId, UserId};
use crate::message::{Head, Move};
use crate::text::{ChannelName, SearchText, Topic, fold, look};
use crate::time::Time;

macro_rules! columns {
    () => {
        "c.id, c.kind, c.direct, c.name, c.topic, c.people_key, c.user_count, c.seq, c.rev, c.last_message_at, \
         m.role, m.read_seq"
    };
}

/// A channel with what one person is in it.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ChannelRow {
    pub(crate) id: ChannelId,
    #[sqlx(try_from = "String")]
    kind: ChannelType,
    direct: bool,
    name: Option<ChannelName>,
    topic: Option<Topic>,
    people_key: Option<String>,
    user_count: i64,
    seq: i64,
    rev: i64,
    last_message_at: Option<Time>,
    role: Option<String>,
    read_seq: Option<i64>,
}

impl ChannelRow {
    /// The channel as that person sees it.
    pub(crate) fn seen_by(self, user: UserId) -> Channel {
        let people = self.people_key.iter().flat_map(|key| key.split(','));
        let users = people.filter_map(|id| id.parse().ok()).filter(|other| *other != user).collect();
        Channel {
            id: self.id,
            name: self.name,
            r#type: self.kind,
            direct: self.direct,
            topic: self.topic,
            users,
            user_count: self.user_count,
            unread_count: self.read_seq.map_or(0, |read| self.seq - read),
            seq: self.seq,
            rev: self.rev,
            read_up_to: self.read_seq.unwrap_or_default(),
            last_message_at: self.last_message_at,
            role: self.role.and_then(|role| Role::try_from(role).ok()),
        }
    }
}

/// Lock these channels' rows, in order of id, until the transaction ends. PostgreSQL only: on SQLite there is one
/// writer.
pub(crate) async fn lock(conn: &mut Conn<'_>, ids: &[ChannelId]) -> Result<()> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new("SELECT c.id FROM channel c WHERE c.id IN ({values}) ORDER BY c.id FOR NO KEY UPDATE", 1)
    });
    for chunk in chunks(ids) {
        let sql = SQL.sql(conn, chunk.size);
        let Conn::Postgres(connection) = conn else { return Ok(()) };
        let mut query = sqlx::query(sql);
        for (id, _) in chunk.filled() {
            query = query.bind(id);
        }
        query.execute(&mut **connection).await?;
    }
    Ok(())
}

/// These channels have so many new messages each.
pub(crate) async fn grow(conn: &mut Conn<'_>, growth: &[(ChannelId, i64)], now: Time) -> Result<()> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "UPDATE channel SET seq = seq + v.column2, rev = rev + v.column2, last_message_at = v.column3 \
             FROM ({values}) AS v WHERE channel.id = v.column1",
            3,
        )
    });
    for chunk in chunks(growth) {
        let sql = SQL.sql(conn, chunk.size);
        on_db!(conn, c => {
            let mut query = sqlx::query(sql);
            for ((id, messages), _) in chunk.filled() {
                query = query.bind(id).bind(messages).bind(now);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// One message of the channel changes: it takes the next rev.
pub(crate) async fn count_change(conn: &mut Conn<'_>, channel: ChannelId) -> Result<Move> {
    let sql = "UPDATE channel SET rev = rev + 1 WHERE id = $1 RETURNING seq, rev";
    let (seq, rev): (i64, i64) = on_db!(conn, c => sqlx::query_as(sql).bind(channel).fetch_one(c).await)?;
    Ok(Move { channel, before: Head { seq, rev: rev - 1 }, after: Head { seq, rev } })
}

/// A channel that is about to be made.
pub(crate) struct NewChannel<'a> {
    pub(crate) id: ChannelId,
    pub(crate) kind: ChannelType,
    pub(crate) name: Option<&'a ChannelName>,
    pub(crate) name_key: Option<String>,
    pub(crate) name_look: Option<String>,
    pub(crate) topic: Option<&'a Topic>,
    pub(crate) people_key: Option<&'a str>,
}

/// Make a channel without members. False if its name, or its set of people, is taken.
pub(crate) async fn insert(conn: &mut Conn<'_>, channel: &NewChannel<'_>, now: Time) -> Result<bool> {
    let sql = "INSERT INTO channel (id, kind, direct, name, name_key, name_look, topic, people_key, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let inserted = on_db!(conn, c => sqlx::query(sql)
        .bind(channel.id)
        .bind(channel.kind.as_str())
        .bind(channel.people_key.is_some())
        .bind(channel.name)
        .bind(channel.name_key.as_deref())
        .bind(channel.name_look.as_deref())
        .bind(channel.topic)
        .bind(channel.people_key)
        .bind(now)
        .execute(c).await.map(|result| result.rows_affected()))?;
    Ok(inserted > 0)
}

/// Whether a public channel looks like this.
pub(crate) async fn public_look_taken(conn: &mut Conn<'_>, look: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM channel WHERE kind = 'public' AND name_look = $1";
    let row: Option<(i32,)> = on_db!(conn, c => sqlx::query_as(sql).bind(look).fetch_optional(c).await)?;
    Ok(row.is_some())
}

/// Give a channel another name. False if it is public and another public channel has the name, or one that looks like it.
pub(super) async fn rename(conn: &mut Conn<'_>, id: ChannelId, name: &ChannelName) -> Result<bool> {
    let sql = "UPDATE channel SET name = $2, name_key = $3, name_look = $4 WHERE id = $1";
    let (key, look) = (fold(name.as_str()), look(name.as_str()));
    let renamed =
        on_db!(conn, c => sqlx::query(sql).bind(id).bind(name).bind(key).bind(look).execute(c).await.map(drop));
    match renamed {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        renamed => Ok(renamed.map(|()| true)?),
    }
}

/// Say what a channel is about. Nothing: no more.
pub(super) async fn set_topic(conn: &mut Conn<'_>, id: ChannelId, topic: Option<&Topic>) -> Result<()> {
    let sql = "UPDATE channel SET topic = $2 WHERE id = $1";
    on_db!(conn, c => sqlx::query(sql).bind(id).bind(topic).execute(c).await.map(drop))?;
    Ok(())
}

/// A channel as one person sees it. Whether it is there, and whether they may, is the caller's to ask.
pub(crate) async fn seen_by(conn: &mut Conn<'_>, id: ChannelId, user: UserId) -> Result<Channel> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM channel c LEFT JOIN member m ON m.channel_id = c.id AND m.user_id = $2 \
         WHERE c.id = $1"
    );
    let row: ChannelRow = on_db!(conn, c => sqlx::query_as(sql).bind(id).bind(user).fetch_one(c).await)?;
    Ok(row.seen_by(user))
}

/// What is the same of these channels for everybody in them; without those that there are not.
pub(crate) async fn shared(conn: &mut Conn<'_>, ids: &[ChannelId]) -> Result<HashMap<ChannelId, ChannelUpdate>> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new("SELECT c.id, c.kind, c.name, c.topic, c.user_count FROM channel c WHERE c.id IN ({values})", 1)
    });
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in chunks(ids) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<ChannelUpdate> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for (id, _) in chunk.filled() {
                query = query.bind(id);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows.into_iter().map(|update| (update.id, update)));
    }
    Ok(found)
}

/// Private channels that nobody is in: nobody can find, join or be added to them any more.
pub(super) async fn abandoned(conn: &mut Conn<'_>, rows: i64) -> Result<Vec<ChannelId>> {
    let sql = "SELECT id FROM channel WHERE kind = 'private' AND NOT direct AND user_count = 0 LIMIT $1";
    let rows: Vec<(ChannelId,)> = on_db!(conn, c => sqlx::query_as(sql).bind(rows).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether this is a private channel that nobody is in.
pub(super) async fn is_abandoned(conn: &mut Conn<'_>, id: ChannelId) -> Result<bool> {
    let sql = "SELECT c.id FROM channel c WHERE c.id = $1 AND c.kind = 'private' AND NOT c.direct \
                 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.channel_id = c.id)";
    let row: Option<(ChannelId,)> = on_db!(conn, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?;
    Ok(row.is_some())
}

/// Remove a channel with what is in it.
pub(super) async fn delete(conn: &mut Conn<'_>, id: ChannelId) -> Result<()> {
    on_db!(conn, c => sqlx::query("DELETE FROM channel WHERE id = $1").bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// The direct conversation of exactly these people.
pub(crate) async fn direct_of(conn: &mut Conn<'_>, people_key: &str) -> Result<Option<ChannelId>> {
    let sql = "SELECT id FROM channel WHERE people_key = $1";
    let row: Option<(ChannelId,)> = on_db!(conn, c => sqlx::query_as(sql).bind(people_key).fetch_optional(c).await)?;
    Ok(row.map(|(id,)| id))
}

/// Which of these channels somebody is in; some of them possibly twice.
pub(crate) async fn own_among(conn: &mut Conn<'_>, user: UserId, ids: &[ChannelId]) -> Result<Vec<ChannelRow>> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM ({values}) AS v JOIN member m ON m.channel_id = v.column1 AND m.user_id = v.column2 \
                 JOIN channel c ON c.id = m.channel_id"
            ),
            2,
        )
    });
    let mut found = Vec::with_capacity(ids.len());
    for chunk in chunks(ids) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<ChannelRow> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for (id, _) in chunk.filled() {
                query = query.bind(id).bind(user);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// The newest channels that somebody is in.
pub(crate) async fn newest_of(conn: &mut Conn<'_>, user: UserId, rows: i64) -> Result<Vec<ChannelRow>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM member m JOIN channel c ON c.id = m.channel_id WHERE m.user_id = $1 \
         ORDER BY m.channel_id DESC LIMIT $2"
    );
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(rows).fetch_all(c).await)?)
}

/// A page of the channels that somebody is in, by name, direct ones last.
pub(super) async fn page_of(
    conn: &mut Conn<'_>,
    user: UserId,
    after: Option<ChannelId>,
    rows: i64,
) -> Result<Vec<ChannelRow>> {
    let first = concat!(
        "SELECT ",
        columns!(),
        " FROM member m JOIN channel c ON c.id = m.channel_id WHERE m.user_id = $1 \
         ORDER BY c.direct, COALESCE(c.name_key, ''), c.id LIMIT $2"
    );
    let next = concat!(
        "SELECT ",
        columns!(),
        " FROM member m JOIN channel c ON c.id = m.channel_id, channel a \
         WHERE m.user_id = $1 AND a.id = $3 \
           AND (c.direct, COALESCE(c.name_key, ''), c.id) > (a.direct, COALESCE(a.name_key, ''), a.id) \
         ORDER BY c.direct, COALESCE(c.name_key, ''), c.id LIMIT $2"
    );
    let rows = match after {
        None => on_db!(conn, c => sqlx::query_as(first).bind(user).bind(rows).fetch_all(c).await)?,
        Some(after) => on_db!(conn, c => sqlx::query_as(next).bind(user).bind(rows).bind(after).fetch_all(c).await)?,
    };
    Ok(rows)
}

/// Public channels that somebody is not in, by the beginning of their name.
macro_rules! joinable {
    () => {
        " FROM channel c LEFT JOIN member m ON m.channel_id = c.id AND m.user_id = $1 \
         WHERE c.kind = 'public' AND m.user_id IS NULL AND c.name_key >= $2 AND c.name_key < $3 "
    };
}

macro_rules! search {
    ($order:literal) => {
        concat!("SELECT ", columns!(), joinable!(), "ORDER BY ", $order, "c.name_key, c.id LIMIT $4")
    };
}

/// Public channels that somebody is not in, by the beginning of their name. By activity all of them are read and sorted:
/// an index on what every message changes would cost more.
pub(super) async fn search(
    conn: &mut Conn<'_>,
    user: UserId,
    q: &SearchText,
    order: SearchOrder,
    rows: i64,
) -> Result<Vec<ChannelRow>> {
    let sql = match order {
        SearchOrder::NameAscending => search!(""),
        SearchOrder::ActivityDescending => search!("COALESCE(c.last_message_at, 0) DESC, "),
    };
    let (first, end) = q.prefix_range();
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(first).bind(end).bind(rows).fetch_all(c).await)?)
}

/// How many channels that search finds in all, counted up to a maximum.
pub(super) async fn count_found(conn: &mut Conn<'_>, user: UserId, q: &SearchText, max: i64) -> Result<i64> {
    let sql = concat!("SELECT COUNT(*) FROM (SELECT 1", joinable!(), "LIMIT $4) AS counted");
    let (first, end) = q.prefix_range();
    let (count,): (i64,) =
        on_db!(conn, c => sqlx::query_as(sql).bind(user).bind(first).bind(end).bind(max).fetch_one(c).await)?;
    Ok(count)
}
