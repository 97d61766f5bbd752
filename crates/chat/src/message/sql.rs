//! All SQL on messages.

use std::sync::LazyLock;

use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::Result;
use crate::id::{ChannelId, MessageId, UserId};
use crate::message::Message;
use crate::text::ClientId;
use crate::time::Time;

macro_rules! columns {
    () => {
        "m.seq AS id, m.channel_id, m.author_id AS \"from\", m.content, m.created_at, m.rev, m.client_id, m.reply_to, \
         m.edited_at, m.deleted_at"
    };
}

/// What a sender was answered, and a hash of what was sent.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct FirstSent {
    pub(super) channel_id: ChannelId,
    pub(super) author_id: UserId,
    pub(super) client_id: ClientId,
    pub(super) seq: i64,
    pub(super) sent_rev: i64,
    pub(super) created_at: Time,
    pub(super) sent_hash: Vec<u8>,
}

/// Which of these were sent before.
pub(super) async fn first_sent(conn: &mut Conn<'_>, keys: &[(ChannelId, UserId, &ClientId)]) -> Result<Vec<FirstSent>> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "SELECT m.channel_id, m.author_id, m.client_id, m.seq, m.sent_rev, m.created_at, m.sent_hash \
             FROM ({values}) AS v CROSS JOIN message m \
             WHERE m.channel_id = v.column1 AND m.author_id = v.column2 AND m.client_id = v.column3",
            3,
        )
    });
    let mut found = Vec::new();
    for chunk in chunks(keys) {
        let sql = SQL.sql(conn, chunk.size);
        let rows: Vec<FirstSent> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for ((channel, user, client), _) in chunk.filled() {
                query = query.bind(channel).bind(user).bind(*client);
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// A message that is about to be stored.
pub(super) struct NewMessage<'a> {
    pub(super) channel: ChannelId,
    pub(super) seq: i64,
    pub(super) rev: i64,
    pub(super) author: UserId,
    pub(super) content: &'a str,
    pub(super) created_at: Time,
    pub(super) client_id: Option<&'a ClientId>,
    pub(super) hash: Option<&'a [u8]>,
    pub(super) reply_to: Option<MessageId>,
}

/// Store new messages.
pub(super) async fn insert(conn: &mut Conn<'_>, messages: &[NewMessage<'_>]) -> Result<()> {
    // Fillers of a chunk carry no seq and are left out.
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "INSERT INTO message (channel_id, seq, rev, author_id, content, created_at, client_id, sent_rev, \
                                  sent_hash, reply_to) \
             SELECT column1, column2, column3, column4, column5, column6, column7, column3, column8, column9 \
             FROM ({values}) AS v WHERE column2 > 0",
            9,
        )
    });
    for chunk in chunks(messages) {
        let sql = SQL.sql(conn, chunk.size);
        on_db!(conn, c => {
            let mut query = sqlx::query(sql);
            for (message, filler) in chunk.filled() {
                query = query
                    .bind(message.channel)
                    .bind(if filler { 0 } else { message.seq })
                    .bind(message.rev)
                    .bind(message.author)
                    .bind(if filler { "" } else { message.content })
                    .bind(message.created_at)
                    .bind(message.client_id)
                    .bind(message.hash)
                    .bind(message.reply_to);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// One message.
pub(super) async fn one(conn: &mut Conn<'_>, channel: ChannelId, id: MessageId) -> Result<Option<Message>> {
    let sql = concat!("SELECT ", columns!(), " FROM message m WHERE m.channel_id = $1 AND m.seq = $2");
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(channel).bind(id).fetch_optional(c).await)?)
}

/// Store what can change of a message. What was first sent, and what its sender was answered, stay.
pub(super) async fn update(conn: &mut Conn<'_>, message: &Message) -> Result<()> {
    let sql = "UPDATE message SET content = $3, rev = $4, edited_at = $5, deleted_at = $6 \
               WHERE channel_id = $1 AND seq = $2";
    on_db!(conn, c => sqlx::query(sql)
        .bind(message.channel_id)
        .bind(message.id)
        .bind(&message.content)
        .bind(message.rev)
        .bind(message.edited_at)
        .bind(message.deleted_at)
        .execute(c).await.map(drop))?;
    Ok(())
}

/// A page of a channel, oldest first.
pub(super) async fn page_up(conn: &mut Conn<'_>, channel: ChannelId, after: i64, rows: i64) -> Result<Vec<Message>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM message m WHERE m.channel_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3"
    );
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(channel).bind(after).bind(rows).fetch_all(c).await)?)
}

/// A page of a channel, newest first.
pub(super) async fn page_down(conn: &mut Conn<'_>, channel: ChannelId, before: i64, rows: i64) -> Result<Vec<Message>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM message m WHERE m.channel_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3"
    );
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(channel).bind(before).bind(rows).fetch_all(c).await)?)
}

/// Remove a channel's oldest messages, this many at most. How many there were.
pub(crate) async fn delete_oldest(conn: &mut Conn<'_>, channel: ChannelId, rows: i64) -> Result<u64> {
    let sql = "DELETE FROM message WHERE channel_id = $1 AND seq IN \
               (SELECT seq FROM message WHERE channel_id = $1 ORDER BY seq LIMIT $2)";
    Ok(on_db!(conn, c => sqlx::query(sql).bind(channel).bind(rows).execute(c).await
        .map(|result| result.rows_affected()))?)
}

/// The messages of several channels that changed since a rev each, in order of channel and rev.
pub(crate) async fn changed_since(conn: &mut Conn<'_>, revs: &[(ChannelId, i64)]) -> Result<Vec<Message>> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM ({values}) AS v CROSS JOIN message m \
                 WHERE m.channel_id = v.column1 AND m.rev > v.column2 ORDER BY m.channel_id, m.rev"
            ),
            2,
        )
    });
    let mut found: Vec<Message> = Vec::new();
    for chunk in chunks(revs) {
        let sql = SQL.sql(conn, chunk.size);
        let more: Vec<Message> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for ((channel, rev), filler) in chunk.filled() {
                // Nothing is above the greatest rev, so that a filler finds nothing a second time.
                query = query.bind(channel).bind(if filler { i64::MAX } else { *rev });
            }
            query.fetch_all(c).await
        })?;
        found.extend(more);
    }
    Ok(found)
}
