//! `message:typing`

use crate::id::{ChannelId, UserId};
use crate::wire::{payload, wire};

payload! {
    /// Say that one is writing, or no more. Said again every few seconds; ends by itself after six.
    pub struct SetTyping {
        /// Where.
        pub channel_id: ChannelId,
        /// Whether one is writing.
        pub is_typing: bool,
    }
}

wire! {
    /// Somebody is writing, or no more.
    pub struct Typing {
        /// Where.
        pub channel_id: ChannelId,
        /// Who.
        pub user_id: UserId,
        /// Whether they are writing.
        pub is_typing: bool,
    }
}
