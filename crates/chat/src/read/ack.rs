//! `message:ack`

use crate::id::{ChannelId, MessageId};
use crate::wire::payload;

payload! {
    /// Say that one has read up to here.
    pub struct AckMessage {
        /// Where.
        pub channel_id: ChannelId,
        /// The last message that one has read; one past the head counts as the head.
        pub message_id: MessageId,
    }
}
