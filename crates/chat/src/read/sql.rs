//! All SQL on read marks.

use std::sync::LazyLock;

use crate::db::{Bulk, Conn, chunks, on_db};
use crate::error::Result;
use crate::id::{ChannelId, UserId};
use crate::seeded::Seeded;

/// Move these read marks forward; one that is further already stays.
pub(crate) async fn raise(conn: &mut Conn<'_>, marks: &[(ChannelId, UserId, i64)]) -> Result<()> {
    static SQL: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "UPDATE member SET read_seq = v.column3 FROM ({values}) AS v \
             WHERE member.channel_id = v.column1 AND member.user_id = v.column2 AND member.read_seq < v.column3",
            3,
        )
    });
    static OVERWRITE: LazyLock<Bulk> = LazyLock::new(|| {
        Bulk::new(
            "UPDATE member SET read_seq = v.column3 FROM ({values}) AS v \
             WHERE member.channel_id = v.column1 AND member.user_id = v.column2",
            3,
        )
    });
    let sql = if Seeded::ReadMarkOverwritten.is_sown() { &OVERWRITE } else { &SQL };
    for chunk in chunks(marks) {
        let sql = sql.sql(conn, chunk.size);
        on_db!(conn, c => {
            let mut query = sqlx::query(sql);
            for ((channel, user, seq), _) in chunk.filled() {
                query = query.bind(channel).bind(user).bind(seq);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}
