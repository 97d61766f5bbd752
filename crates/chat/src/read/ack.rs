//! `message:ack`

use crate::command::{Command, Cx, LimitClass};
use crate::effect::Actor;
use crate::error::{Error, Result};
use crate::id::{ChannelId, MessageId};
use crate::lane::{Entry, Mark, MarkAsk, Then};
use crate::wire::{Empty, payload};

payload! {
    /// Say that one has read up to here.
    pub struct AckMessage {
        /// Where.
        pub channel_id: ChannelId,
        /// The last message that one has read; one past the head counts as the head.
        pub message_id: MessageId,
    }
}

impl Command for AckMessage {
    const NAME: &'static str = "message:ack";
    type Reply = Empty;

    fn limit(&self) -> LimitClass {
        LimitClass::Mark
    }

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    fn entry(self, actor: Actor, then: Then<Empty>) -> Entry {
        Entry::mark(Mark { ask: MarkAsk { command: self, actor }, then })
    }

    /// Read marks are set as sets, see [`run`](crate::message::run).
    async fn run(self, _: &mut Cx<'_>) -> Result<Empty> {
        Err(Error::internal("a read mark stood in the queue as an act"))
    }
}
