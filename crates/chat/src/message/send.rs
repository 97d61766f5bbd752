//! `message:send`

use sha2::{Digest, Sha256};

use crate::command::{Command, Cx, LimitClass};
use crate::effect::Actor;
use crate::error::{Error, Result};
use crate::id::{ChannelId, MessageId};
use crate::lane::{Entry, SendAsk, Sending, Then};
use crate::message::Message;
use crate::message::sql::NewMessage;
use crate::text::{ClientId, Content};
use crate::time::Time;
use crate::wire::{Data, payload, wire};

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

impl SendMessage {
    /// What is compared when a `clientId` comes again: the row's content may have been edited by then. Half of a
    /// SHA-256 is enough, because who finds a collision can only repeat a message of their own.
    fn hash(&self) -> Option<[u8; 16]> {
        self.client_id.as_ref()?;
        let mut hasher = Sha256::new();
        hasher.update(self.reply_to.map_or(0, MessageId::seq).to_be_bytes());
        hasher.update(self.content.as_str());
        let mut half = [0; 16];
        half.copy_from_slice(&hasher.finalize()[..16]);
        Some(half)
    }
}

impl Command for SendMessage {
    const NAME: &'static str = "message:send";
    type Reply = Data<Sent>;

    fn limit(&self) -> LimitClass {
        LimitClass::Send
    }

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    fn entry(self, actor: Actor, then: Then<Self::Reply>) -> Entry {
        Entry::send(Sending { ask: SendAsk { hash: self.hash(), command: self, actor }, then })
    }

    /// Messages are sent as sets, see [`run`](crate::message::run).
    async fn run(self, _: &mut Cx<'_>) -> Result<Self::Reply> {
        Err(Error::internal("a message stood in the queue as an act"))
    }
}

impl NewMessage<'_> {
    /// The message as everybody in the channel sees it.
    pub(super) fn to_message(&self) -> Message {
        Message {
            id: MessageId::from_seq(self.seq),
            channel_id: self.channel,
            from: self.author,
            content: self.content.to_owned(),
            created_at: self.created_at,
            rev: self.rev,
            client_id: self.client_id.cloned(),
            reply_to: self.reply_to,
            edited_at: None,
            deleted_at: None,
        }
    }
}
