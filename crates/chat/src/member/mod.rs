//! Membership: who is in a channel.

use crate::id::{ChannelId, UserId};
use crate::wire::wire;

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
