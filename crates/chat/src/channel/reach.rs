//! `user:reach`

use crate::budget;
use crate::channel::{Channel, ChannelType, Role, sql};
use crate::command::{Command, Cx, LaneKey};
use crate::effect::{Actor, Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, UserId};
use crate::member;
use crate::user;
use crate::wire::{Data, payload};

/// Most other people of a direct conversation: beyond that it wants a name, and is a channel.
pub const REACH_MAX: usize = 8;

payload! {
    /// The direct conversation with exactly these people, made if it does not exist and none of their accounts is
    /// disabled.
    pub struct ReachUsers {
        /// The others, 1 to [`REACH_MAX`]; oneself does not count.
        pub user_ids: Vec<UserId>,
    }
}

impl ReachUsers {
    /// Everybody in the conversation, once each, in order.
    fn people(&self, oneself: UserId) -> Vec<UserId> {
        let mut people = self.user_ids.clone();
        people.push(oneself);
        people.sort_unstable();
        people.dedup();
        people
    }
}

impl Command for ReachUsers {
    const NAME: &'static str = "user:reach";
    type Reply = Data<Channel>;

    fn lane(&self, actor: &Actor) -> LaneKey {
        LaneKey::of(&self.people(actor.user))
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Channel>> {
        let (oneself, now) = (cx.actor.user, cx.now());
        let people = self.people(oneself);
        if !(2..=REACH_MAX + 1).contains(&people.len()) {
            return Err(Error::invalid_field("userIds", "invalid", format!("must hold 1 to {REACH_MAX} other people")));
        }
        let key: Vec<_> = people.iter().map(ToString::to_string).collect();
        let key = key.join(",");
        if let Some(id) = sql::direct_of(cx.db(), &key).await? {
            return Ok(Data { data: sql::seen_by(cx.db(), id, oneself).await? });
        }
        if !user::sql::all_may_sign_in(cx.db(), &people).await? {
            return Err(Error::not_found("user"));
        }

        let id = ChannelId::from_uuid(cx.env().uuid());
        let channel = sql::NewChannel {
            id,
            kind: ChannelType::Private,
            name: None,
            name_key: None,
            name_look: None,
            topic: None,
            people_key: Some(&key),
        };
        if !sql::insert(cx.db(), &channel, now).await? {
            // Another server was first.
            let id = sql::direct_of(cx.db(), &key).await?.ok_or_else(|| Error::not_found("channel"))?;
            return Ok(Data { data: sql::seen_by(cx.db(), id, oneself).await? });
        }
        member::sql::add_all(cx.db(), id, &people, Role::Member, now).await?;
        // Two people can always talk: groups that somebody was put into must not keep them from it.
        if people.len() > 2 {
            budget::require_room(cx, &people, true).await?;
        }
        budget::pay(cx, people.len() - 1).await?;
        for &user in &people {
            let channel = sql::seen_by(cx.db(), id, user).await?;
            cx.effect(Effect::Join { user, channel: id });
            cx.emit(Audience::User(user), Event::ChannelCreated(channel));
        }
        Ok(Data { data: sql::seen_by(cx.db(), id, oneself).await? })
    }
}
