//! `channel:add`

use crate::budget;
use crate::channel::{Channel, Role, sql};
use crate::command::{Command, Cx};
use crate::effect::{Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, UserId};
use crate::member::{self, Member};
use crate::user;
use crate::wire::{Data, payload};

/// Most people of one request.
pub const ADD_MAX: usize = 100;

payload! {
    /// Let people into a private channel that one owns. Whoever is in already stays as they are.
    pub struct AddMembers {
        /// Which.
        pub channel_id: ChannelId,
        /// Whom, 1 to [`ADD_MAX`]; one whose account is disabled is `NOT_FOUND`, as an unknown one is.
        pub user_ids: Vec<UserId>,
    }
}

impl Command for AddMembers {
    const NAME: &'static str = "channel:add";
    type Reply = Data<Channel>;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Channel>> {
        let (oneself, id, now) = (cx.actor.user, self.channel_id, cx.now());
        if !(1..=ADD_MAX).contains(&self.user_ids.len()) {
            return Err(Error::invalid_field("userIds", "invalid", format!("must hold 1 to {ADD_MAX} people")));
        }
        let standing = member::require_owner(cx, id).await?;
        if standing.is_public() {
            return Err(Error::forbidden("everybody joins a public channel by themselves"));
        }
        let mut people = self.user_ids;
        people.sort_unstable();
        people.dedup();
        if !user::sql::all_may_sign_in(cx.db(), &people).await? {
            return Err(Error::not_found("user"));
        }
        let added = member::sql::add_all(cx.db(), id, &people, Role::Member, now).await?;
        budget::require_room(cx, &added, false).await?;
        budget::pay(cx, added.len()).await?;

        if let Some(&first) = added.first() {
            // For whoever is new it is the same channel: nobody has more to read than the others.
            let channel = sql::seen_by(cx.db(), id, first).await?;
            for &user in &added {
                cx.effect(Effect::Join { user, channel: id });
                cx.emit(Audience::User(user), Event::ChannelJoined(channel.clone()));
            }
            for &user in &added {
                cx.emit(Audience::Channel(id), Event::MemberJoined(Member { channel_id: id, user_id: user }));
            }
        }
        Ok(Data { data: sql::seen_by(cx.db(), id, oneself).await? })
    }
}
