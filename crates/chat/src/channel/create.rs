//! `channel:create`

use crate::budget;
use crate::channel::{Channel, ChannelType, Role, sql};
use crate::command::{Command, Cx, LaneKey};
use crate::effect::{Actor, Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::ChannelId;
use crate::member;
use crate::text::{ChannelName, Topic, fold, look};
use crate::wire::{Data, payload};

payload! {
    /// Make a channel and become its owner.
    pub struct CreateChannel {
        /// Its name: no public channel may have one that is or looks the same.
        pub name: ChannelName,
        /// Who may find and join it; public if absent.
        pub r#type: Option<ChannelType>,
        /// What it is about.
        pub topic: Option<Topic>,
    }
}

impl Command for CreateChannel {
    const NAME: &'static str = "channel:create";
    type Reply = Data<Channel>;

    fn lane(&self, _: &Actor) -> LaneKey {
        LaneKey::of(&look(self.name.as_str()))
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Channel>> {
        let (user, now) = (cx.actor.user, cx.now());
        let id = ChannelId::from_uuid(cx.env().uuid());
        let kind = self.r#type.unwrap_or(ChannelType::Public);
        let name_look = look(self.name.as_str());
        // Only public names are unique, or a refusal would tell of a private channel. A private one cannot pass
        // itself off as a public one either.
        if kind == ChannelType::Private && sql::public_look_taken(cx.db(), &name_look).await? {
            return Err(Error::name_taken("name"));
        }
        let channel = sql::NewChannel {
            id,
            kind,
            name: Some(&self.name),
            name_key: Some(fold(self.name.as_str())),
            name_look: Some(name_look),
            topic: self.topic.as_ref().filter(|topic| !topic.as_str().is_empty()),
            people_key: None,
        };
        if !sql::insert(cx.db(), &channel, now).await? {
            return Err(Error::name_taken("name"));
        }
        member::sql::add(cx.db(), id, user, Role::Owner, now).await?;
        budget::require_room(cx, &[user], false).await?;
        budget::pay(cx, 1).await?;

        let channel = sql::seen_by(cx.db(), id, user).await?;
        cx.effect(Effect::Join { user, channel: id });
        cx.emit(Audience::User(user), Event::ChannelCreated(channel.clone()));
        Ok(Data { data: channel })
    }
}
