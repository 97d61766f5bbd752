//! `channel:leave`

use crate::channel::{ChannelUpdate, Role, sql};
use crate::command::{Command, Cx};
use crate::effect::{Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::ChannelId;
use crate::member::{self, Left, Member};
use crate::wire::{Empty, payload};

payload! {
    /// Stop being a member.
    pub struct LeaveChannel {
        /// Which.
        pub channel_id: ChannelId,
    }
}

impl Command for LeaveChannel {
    const NAME: &'static str = "channel:leave";
    type Reply = Empty;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let (user, id) = (cx.actor.user, self.channel_id);
        let standing = member::sql::standing(cx.db(), id, user).await?;
        let standing = standing.filter(|s| s.is_visible()).ok_or_else(|| Error::not_found("channel"))?;
        if id == cx.world.general {
            return Err(Error::forbidden("nobody leaves the channel that everybody is in"));
        }
        if standing.direct {
            return Err(Error::forbidden("nobody leaves a direct conversation"));
        }
        if !member::sql::remove(cx.db(), id, user).await? {
            return Err(Error::conflict("not a member"));
        }
        let heir = match standing.role()? {
            Some(Role::Owner) => member::sql::promote_oldest(cx.db(), id).await?,
            _ => None,
        };

        cx.effect(Effect::Leave { user, channel: id });
        cx.emit(Audience::User(user), Event::ChannelLeft(Left { channel_id: id }));
        cx.emit(Audience::Channel(id), Event::MemberLeft(Member { channel_id: id, user_id: user }));
        if let Some(heir) = heir {
            let channel = sql::seen_by(cx.db(), id, heir).await?;
            let update = ChannelUpdate { role: channel.role, ..channel.shared() };
            cx.emit(Audience::User(heir), Event::ChannelUpdated(update));
        }
        Ok(Empty {})
    }
}
