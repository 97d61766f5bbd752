//! The server is given to somebody.

use crate::account::sql;
use crate::channel::{self, ChannelUpdate};
use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::effect::Audience;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, UserId};
use crate::wire::Empty;

/// Make somebody the owner of the server, and with it of the channel that everybody is in.
#[derive(Debug, Clone)]
struct HandOver {
    user: UserId,
    general: ChannelId,
}

impl Command for HandOver {
    const NAME: &'static str = "server:hand-over";
    type Reply = Empty;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.general)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        sql::lock(cx.db(), self.user).await?;
        let account = sql::credentials(cx.db(), self.user).await?.ok_or_else(|| Error::not_found("user"))?;
        if account.disabled_at.is_some() {
            return Err(Error::conflict("this account is disabled and could not sign in: enable it first"));
        }
        sql::hand_over(cx.db(), self.user, self.general).await?;
        Ok(Empty {})
    }
}

/// Tell people what they are now in the channel that everybody is in: on its lane, in order with what else is told of it.
#[derive(Debug, Clone)]
struct TellRoles {
    people: [UserId; 2],
    general: ChannelId,
}

impl Command for TellRoles {
    const NAME: &'static str = "server:tell-roles";
    type Reply = Empty;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.general)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        for user in self.people {
            let channel = channel::sql::seen_by(cx.db(), self.general, user).await?;
            let update = ChannelUpdate { role: channel.role, ..channel.shared() };
            cx.emit(Audience::User(user), Event::ChannelUpdated(update));
        }
        Ok(Empty {})
    }
}

impl Chat {
    /// Make somebody the owner of the server; whoever owned it is a member from then on. A server that runs on the same
    /// database learns it from [`Chat::access`]. `NOT_FOUND` if there is no such account, `CONFLICT` if it is disabled.
    pub async fn hand_over(&self, user: UserId) -> Result<()> {
        self.perform_ours(HandOver { user, general: self.general() }).await.map(drop)
    }

    /// The server was handed over beside this one: tells whoever owned it, and whoever does, by their role in the channel
    /// that everybody is in, which goes with it.
    pub async fn tell_owners(&self, before: UserId, now: UserId) -> Result<()> {
        self.perform_ours(TellRoles { people: [before, now], general: self.general() }).await.map(drop)
    }
}
