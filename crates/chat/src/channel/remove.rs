//! `channel:remove`

use crate::channel::{Channel, sql};
use crate::command::{Command, Cx};
use crate::effect::{Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, UserId};
use crate::member::{self, Left, Member};
use crate::wire::{Data, payload};

payload! {
    /// Put somebody out of a private channel that one owns.
    pub struct RemoveMember {
        /// Which.
        pub channel_id: ChannelId,
        /// Whom; oneself leaves with `channel:leave`.
        pub user_id: UserId,
    }
}

impl Command for RemoveMember {
    const NAME: &'static str = "channel:remove";
    type Reply = Data<Channel>;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Channel>> {
        let (oneself, id, user) = (cx.actor.user, self.channel_id, self.user_id);
        let standing = member::require_owner(cx, id).await?;
        if standing.is_public() {
            return Err(Error::forbidden("a public channel is open to everybody"));
        }
        if user == oneself {
            return Err(Error::invalid_field("userId", "invalid", "is oneself: leave the channel instead"));
        }
        if !member::sql::remove(cx.db(), id, user).await? {
            return Err(Error::not_found("member"));
        }

        cx.effect(Effect::Leave { user, channel: id });
        cx.emit(Audience::User(user), Event::ChannelLeft(Left { channel_id: id }));
        cx.emit(Audience::Channel(id), Event::MemberLeft(Member { channel_id: id, user_id: user }));
        Ok(Data { data: sql::seen_by(cx.db(), id, oneself).await? })
    }
}
