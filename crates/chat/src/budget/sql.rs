//! All SQL on what accounts may make and be put into.

use std::sync::LazyLock;

use crate::budget::{CHANNELS_MAX, CONVERSATIONS_MAX};
use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::Result;
use crate::id::UserId;

/// Put so many milliseconds on what somebody has still to pay off, from `now` on at the earliest and not beyond `most`.
/// False, and nothing is put on, if it would go beyond.
pub(super) async fn charge(conn: &mut Conn<'_>, user: UserId, now: i64, cost: i64, most: i64) -> Result<bool> {
    let sql = "UPDATE account SET made_until = CASE WHEN made_until > $2 THEN made_until ELSE $2 END + $3 \
               WHERE id = $1 AND CASE WHEN made_until > $2 THEN made_until ELSE $2 END + $3 <= $4";
    let charged = on_db!(conn, c => sqlx::query(sql).bind(user).bind(now).bind(cost).bind(most).execute(c).await
        .map(|result| result.rows_affected()))?;
    Ok(charged > 0)
}

/// Until when it is paid off, in milliseconds since the epoch; long ago for whoever has nothing to pay off.
pub(super) async fn made_until(conn: &mut Conn<'_>, user: UserId) -> Result<i64> {
    let sql = "SELECT made_until FROM account WHERE id = $1";
    let row: Option<(i64,)> = on_db!(conn, c => sqlx::query_as(sql).bind(user).fetch_optional(c).await)?;
    Ok(row.map_or(0, |(until,)| until))
}

/// Who of these people is in too many direct conversations, or in too many other channels.
pub(super) async fn crowded(conn: &mut Conn<'_>, people: &[UserId], direct: bool) -> Result<Vec<UserId>> {
    fn counting(kind: &str, most: i64) -> Bulk {
        let sql = format!(
            "SELECT m.user_id FROM member m JOIN channel c ON c.id = m.channel_id \
             WHERE m.user_id IN ({{values}}) AND {kind} GROUP BY m.user_id HAVING COUNT(*) > {most}"
        );
        Bulk::new(&sql, 1)
    }
    static DIRECT: LazyLock<Bulk> = LazyLock::new(|| counting("c.direct", CONVERSATIONS_MAX));
    static CHANNELS: LazyLock<Bulk> = LazyLock::new(|| counting("NOT c.direct", CHANNELS_MAX));
    let mut crowded = Vec::new();
    for chunk in chunks(people) {
        let sql = if direct { DIRECT.sql(conn, chunk.size) } else { CHANNELS.sql(conn, chunk.size) };
        let rows: Vec<(UserId,)> = on_db!(conn, c => {
            let mut query = sqlx::query_as(sql);
            for (user, _) in chunk.filled() {
                query = query.bind(user);
            }
            query.fetch_all(c).await
        })?;
        crowded.extend(rows.into_iter().map(|(user,)| user));
    }
    Ok(crowded)
}
