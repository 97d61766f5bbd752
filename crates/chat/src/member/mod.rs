//! Membership: who is in a channel.

pub(crate) mod sql;

use crate::id::{ChannelId, UserId};
use crate::wire::wire;

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
