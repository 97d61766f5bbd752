//! `channel:join`

use crate::id::ChannelId;
use crate::wire::payload;

payload! {
    /// Become a member of a public channel.
    pub struct JoinChannel {
        /// Which.
        pub channel_id: ChannelId,
    }
}
