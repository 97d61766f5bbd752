//! All SQL on read marks.

use std::sync::LazyLock;

use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::Result;
use crate::id::{ChannelId, UserId};

/// Move these read marks forward; one that is further already stays.
pub(crate) async fn raise(conn: &mut Conn<'_>, marks: &[(ChannelId, UserId, i64)]) -> Result<()> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "UPDATE member SET read_seq = v.column3 FROM ({values}) AS v \
             WHERE member.channel_id = v.column1 AND member.user_id = v.column2 AND member.read_seq < v.column3",
            3,
        )
    });
    for chunk in chunks(marks) {
        on_db!(conn, c => {
            let mut query = sqlx::query(SQL.sql(chunk.size));
            for ((channel, user, seq), _) in chunk.filled() {
                query = query.bind(channel).bind(user).bind(seq);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}
