//! An account is barred from the server, or let in again.

use crate::account::sql;
use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::session;
use crate::wire::Empty;

/// Bar somebody, or let them in again. What they have written stays.
#[derive(Debug, Clone)]
struct DisableAccount {
    user: UserId,
    disabled: bool,
}

impl Command for DisableAccount {
    const NAME: &'static str = "account:disable";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        sql::lock(cx.db(), self.user).await?;
        if self.disabled && sql::owns_server(cx.db(), self.user).await? {
            return Err(Error::conflict(
                "whoever owns the server must be able to sign in: give it to somebody else first",
            ));
        }
        let at = self.disabled.then(|| cx.now());
        if !sql::disable(cx.db(), self.user, at).await? {
            return Err(Error::not_found("user"));
        }
        if self.disabled {
            for session in session::sql::delete_all(cx.db(), self.user).await? {
                cx.effect(Effect::EndSession { session });
            }
            sql::note_access(cx.db()).await?;
        }
        Ok(Empty {})
    }
}

impl Chat {
    /// Bar somebody from the server, or let them in again. Their sessions end; a server that runs on the same database
    /// learns it from [`Chat::access`]. `NOT_FOUND` if there is no such account, `CONFLICT` if the server is theirs.
    pub async fn set_disabled(&self, user: UserId, disabled: bool) -> Result<()> {
        self.perform_ours(DisableAccount { user, disabled }).await.map(drop)
    }
}
