//! The server is given to somebody.

use crate::account::sql;
use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::error::{Error, Result};
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
        if !sql::hand_over(cx.db(), self.user, self.general).await? {
            return Err(Error::not_found("user"));
        }
        Ok(Empty {})
    }
}

impl Chat {
    /// Make somebody the owner of the server; whoever owned it is a member from then on. `NOT_FOUND` if there is no such
    /// account.
    pub async fn hand_over(&self, user: UserId) -> Result<()> {
        self.perform_ours(HandOver { user, general: self.general() }).await.map(drop)
    }
}
