//! `message:delete`

use crate::channel;
use crate::command::{Command, Cx};
use crate::effect::Audience;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, MessageId};
use crate::member;
use crate::message::{Message, sql};
use crate::wire::{Data, payload};

payload! {
    /// Take a message back: of one's own, or as the channel's owner. Its place stays, without what it said. To delete
    /// what is deleted changes nothing.
    pub struct DeleteMessage {
        /// Where.
        pub channel_id: ChannelId,
        /// Which message.
        pub message_id: MessageId,
    }
}

impl Command for DeleteMessage {
    const NAME: &'static str = "message:delete";
    type Reply = Data<Message>;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Message>> {
        let (user, id, now) = (cx.actor.user, self.channel_id, cx.now());
        let standing = member::sql::standing(cx.db(), id, user).await?;
        let standing = standing.ok_or_else(|| Error::not_found("channel"))?;
        let is_owner = member::is_owner(cx, &standing).await?;
        if !is_owner {
            standing.require_member()?;
        }
        let message = sql::one(cx.db(), id, self.message_id).await?.ok_or_else(|| Error::not_found("message"))?;
        if message.from != user && !is_owner {
            return Err(Error::forbidden("only its author and the channel's owner delete a message"));
        }
        if message.deleted_at.is_some() {
            return Ok(Data { data: message });
        }

        let step = channel::sql::count_change(cx.db(), id).await?;
        let message = Message { content: String::new(), rev: step.after.rev, deleted_at: Some(now), ..message };
        sql::update(cx.db(), &message).await?;
        cx.moved(step);
        cx.emit(Audience::Channel(id), Event::MessageUpdated(message.clone()));
        Ok(Data { data: message })
    }
}
