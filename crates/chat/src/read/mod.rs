//! Read marks: how far somebody has read. They only move forward, and never past the head.

mod ack;
pub(crate) mod sql;

use std::collections::BTreeMap;

use crate::id::{ChannelId, MessageId, UserId};
use crate::wire::wire;

pub use ack::AckMessage;

wire! {
    /// How far people have read.
    pub struct ReadMarks {
        /// Where.
        pub channel_id: ChannelId,
        /// The last message that each has read.
        pub marks: BTreeMap<UserId, MessageId>,
    }
}
