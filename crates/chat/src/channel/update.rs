//! `channel:update`

use crate::channel::{Channel, sql};
use crate::command::{Command, Cx};
use crate::effect::Audience;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::ChannelId;
use crate::member;
use crate::text::{ChannelName, Topic, look};
use crate::wire::{Data, payload};

payload! {
    /// Give a channel that one owns another name or topic. At least one of the two must be there.
    pub struct UpdateChannel {
        /// Which.
        pub channel_id: ChannelId,
        /// Its new name. `General` keeps its own: clients know the channel that everybody is in by it.
        pub name: Option<ChannelName>,
        /// What it is about from now on; empty for nothing.
        pub topic: Option<Topic>,
    }
}

impl Command for UpdateChannel {
    const NAME: &'static str = "channel:update";
    type Reply = Data<Channel>;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Channel>> {
        let (user, id) = (cx.actor.user, self.channel_id);
        if self.name.is_none() && self.topic.is_none() {
            return Err(Error::invalid("either name or topic must be there"));
        }
        let standing = member::require_owner(cx, id).await?;
        if let Some(name) = &self.name {
            if id == cx.world.general {
                return Err(Error::forbidden("the channel that everybody is in keeps its name"));
            }
            // The database keeps public names apart; a private one cannot pass itself off as a public one either.
            let passes_off = !standing.is_public() && sql::public_look_taken(cx.db(), &look(name.as_str())).await?;
            if passes_off || !sql::rename(cx.db(), id, name).await? {
                return Err(Error::name_taken("name"));
            }
        }
        if let Some(topic) = &self.topic {
            sql::set_topic(cx.db(), id, Some(topic).filter(|topic| !topic.as_str().is_empty())).await?;
        }

        let channel = sql::seen_by(cx.db(), id, user).await?;
        cx.emit(Audience::Channel(id), Event::ChannelUpdated(channel.shared()));
        Ok(Data { data: channel })
    }
}
