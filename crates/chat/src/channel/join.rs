//! `channel:join`

use crate::budget;
use crate::channel::{Channel, Role, sql};
use crate::command::{Command, Cx};
use crate::effect::{Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::ChannelId;
use crate::member::{self, Member};
use crate::wire::{Data, payload};

payload! {
    /// Become a member of a public channel.
    pub struct JoinChannel {
        /// Which.
        pub channel_id: ChannelId,
    }
}

impl Command for JoinChannel {
    const NAME: &'static str = "channel:join";
    type Reply = Data<Channel>;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Channel>> {
        let (user, id, now) = (cx.actor.user, self.channel_id, cx.now());
        let standing = member::sql::standing(cx.db(), id, user).await?;
        let standing = standing.filter(|s| s.is_visible()).ok_or_else(|| Error::not_found("channel"))?;
        // Whoever comes into a channel that everybody has left takes it over.
        let role = if member::sql::has_members(cx.db(), id).await? { Role::Member } else { Role::Owner };
        if standing.is_member() || !member::sql::add(cx.db(), id, user, role, now).await? {
            return Err(Error::conflict("already a member"));
        }
        budget::require_room(cx, &[user], false).await?;

        let channel = sql::seen_by(cx.db(), id, user).await?;
        cx.effect(Effect::Join { user, channel: id });
        cx.emit(Audience::User(user), Event::ChannelJoined(channel.clone()));
        cx.emit(Audience::Channel(id), Event::MemberJoined(Member { channel_id: id, user_id: user }));
        Ok(Data { data: channel })
    }
}
