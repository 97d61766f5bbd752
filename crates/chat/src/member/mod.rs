//! Membership: who is in a channel.

pub(crate) mod sql;

use crate::account;
use crate::channel::Role;
use crate::command::Cx;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::id::{ChannelId, UserId};
use crate::wire::wire;

use sql::Standing;

/// Largest channel in which everybody is told how far the others have read: in a larger one nobody looks, and it
/// would cost a delivery per member and reader.
pub const TOLD_OF_READING: i64 = 50;

wire! {
    /// Somebody's membership began or ended.
    pub struct Member {
        /// Where.
        pub channel_id: ChannelId,
        /// Who.
        pub user_id: UserId,
    }
}

wire! {
    /// One's own membership ended.
    pub struct Left {
        /// Where.
        pub channel_id: ChannelId,
    }
}

/// Whether the acting person is the channel's owner, or counts as one: the server's owner does in public channels.
pub(crate) async fn is_owner(cx: &mut Cx<'_>, standing: &Standing) -> Result<bool> {
    if standing.role()? == Some(Role::Owner) {
        return Ok(true);
    }
    let user = cx.actor.user;
    Ok(standing.is_public() && account::sql::owns_server(cx.db(), user).await?)
}

/// What the acting person is in a channel that is theirs to change. Errors: `NOT_FOUND` where they may not know of it,
/// `FORBIDDEN` where it is another's.
pub(crate) async fn require_owner(cx: &mut Cx<'_>, channel: ChannelId) -> Result<Standing> {
    let user = cx.actor.user;
    let standing = sql::standing(cx.db(), channel, user).await?;
    let standing = standing.filter(Standing::is_visible).ok_or_else(|| Error::not_found("channel"))?;
    if !is_owner(cx, &standing).await? {
        return Err(Error::forbidden("only the channel's owner may do this"));
    }
    Ok(standing)
}

/// The channels that somebody is in. How many that can be, [`budget`](crate::budget) says.
pub(crate) async fn channels_of(conn: &mut Conn<'_>, user: UserId) -> Result<Vec<ChannelId>> {
    /// Rows of one statement: few enough that each is over in milliseconds.
    const ROWS: usize = 1_000;
    let mut channels = Vec::new();
    loop {
        let page = sql::channels_of(conn, user, channels.last().copied(), ROWS as i64).await?;
        let is_last = page.len() < ROWS;
        channels.extend(page);
        if is_last {
            return Ok(channels);
        }
    }
}
