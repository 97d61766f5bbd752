//! `channel:members`

use crate::channel::Role;
use crate::command::{Command, Cx, LimitClass};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::id::{ChannelId, UserId};
use crate::member;
use crate::text::{DisplayName, Username};
use crate::wire::{Page, PageSize, payload, wire};

payload! {
    /// Who is in a channel, the first to sign up first; and from now on their comings and goings.
    pub struct ListMembers {
        /// Which.
        pub channel_id: ChannelId,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
        /// The last person of the page before.
        pub after: Option<UserId>,
    }
}

wire! {
    /// Somebody as a member of a channel.
    pub struct ChannelMember {
        /// Identity.
        pub id: UserId,
        /// The name that they sign in with.
        pub username: Username,
        /// How they want to be called.
        pub display_name: DisplayName,
        /// Whether they are here now.
        pub is_online: bool,
        /// What they are in the channel.
        pub role: Role,
        /// The place up to which they have read; 0 for nothing.
        pub read_up_to: i64,
    }
}

impl Command for ListMembers {
    const NAME: &'static str = "channel:members";
    type Reply = Page<ChannelMember>;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Page<ChannelMember>> {
        let (user, id) = (cx.actor.user, self.channel_id);
        let standing = member::sql::standing(cx.db(), id, user).await?;
        let standing = standing.ok_or_else(|| Error::not_found("channel"))?;
        if !member::is_owner(cx, &standing).await? {
            standing.require_member()?;
        }
        let size = self.size.unwrap_or_default();
        let rows = member::sql::page_of(cx.db(), id, self.after, size.probe()).await?;
        let page = Page::cut(rows, size);
        let presence = &cx.world.presence;
        let data = page.data.into_iter().map(|row| row.seen(presence)).collect::<Result<Vec<_>>>()?;
        cx.effect(Effect::Watch { users: data.iter().map(|member| (member.id, member.is_online)).collect() });
        Ok(Page { data, has_more: page.has_more })
    }
}
