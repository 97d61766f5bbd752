//! `message:edit`

use crate::channel;
use crate::command::{Command, Cx};
use crate::effect::Audience;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, MessageId};
use crate::member;
use crate::message::{Message, sql};
use crate::text::Content;
use crate::wire::{Data, payload};

payload! {
    /// Say something else in a message of one's own. To say what it says already changes nothing.
    pub struct EditMessage {
        /// Where.
        pub channel_id: ChannelId,
        /// Which message.
        pub message_id: MessageId,
        /// What it is to say.
        pub content: Content,
    }
}

impl Command for EditMessage {
    const NAME: &'static str = "message:edit";
    type Reply = Data<Message>;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Message>> {
        let (user, id, now) = (cx.actor.user, self.channel_id, cx.now());
        let standing = member::sql::standing(cx.db(), id, user).await?;
        standing.ok_or_else(|| Error::not_found("channel"))?.require_member()?;
        let message = sql::one(cx.db(), id, self.message_id).await?.ok_or_else(|| Error::not_found("message"))?;
        if message.from != user {
            return Err(Error::forbidden("only its author changes a message"));
        }
        if message.deleted_at.is_some() {
            return Err(Error::not_found("message"));
        }
        if message.content == self.content.as_str() {
            return Ok(Data { data: message });
        }

        let step = channel::sql::count_change(cx.db(), id).await?;
        let content = self.content.as_str().to_owned();
        let message = Message { content, rev: step.after.rev, edited_at: Some(now), ..message };
        sql::update(cx.db(), &message).await?;
        cx.moved(step);
        cx.emit(Audience::Channel(id), Event::MessageUpdated(message.clone()));
        Ok(Data { data: message })
    }
}
