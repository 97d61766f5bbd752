//! `message:list`

use serde::Deserialize;

use crate::id::{ChannelId, MessageId};
use crate::message::Message;
use crate::wire::{PageSize, payload, wire};

payload! {
    /// A page of a channel's messages.
    pub struct ListMessages {
        /// Where.
        pub channel_id: ChannelId,
        /// The last message of the page before.
        pub after: Option<MessageId>,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
        /// The order; oldest first if absent.
        pub order_by: Option<MessageOrder>,
    }
}

/// Orders of a list of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum MessageOrder {
    /// Oldest first.
    #[default]
    #[serde(rename = "id:asc")]
    OldestFirst,
    /// Newest first.
    #[serde(rename = "id:desc")]
    NewestFirst,
}

wire! {
    /// A page of messages and the channel's `rev` from before they were read: a cursor below it must sync from there.
    pub struct History {
        /// The messages.
        pub data: Vec<Message>,
        /// Whether more follow, for want of room in the page or in the answer.
        pub has_more: bool,
        /// The channel's count of changes before the messages were read.
        pub rev: i64,
    }
}
