//! `channel:leave`

use crate::id::ChannelId;
use crate::wire::payload;

payload! {
    /// Stop being a member.
    pub struct LeaveChannel {
        /// Which.
        pub channel_id: ChannelId,
    }
}
