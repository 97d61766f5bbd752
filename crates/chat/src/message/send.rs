//! `message:send`

use crate::id::{ChannelId, MessageId};
use crate::text::{ClientId, Content};
use crate::time::Time;
use crate::wire::{payload, wire};

payload! {
    /// Say something in a channel. With a `clientId` it can be repeated without being said twice.
    pub struct SendMessage {
        /// Where.
        pub channel_id: ChannelId,
        /// What.
        pub content: Content,
        /// The sender's own name for this message.
        pub client_id: Option<ClientId>,
        /// The message that this one answers.
        pub reply_to: Option<MessageId>,
    }
}

wire! {
    /// Where a message came to stand: the same for ever for the same `clientId`.
    #[cfg_attr(feature = "gen", ts(optional_fields))]
    pub struct Sent {
        /// Identity within the channel.
        pub id: MessageId,
        /// The same as a number.
        pub seq: i64,
        /// The channel's count of changes when it was sent.
        pub rev: i64,
        /// When it was sent.
        pub created_at: Time,
        /// Set to true where this `clientId` had been sent before and nothing was stored.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub repeated: Option<bool>,
    }
}
