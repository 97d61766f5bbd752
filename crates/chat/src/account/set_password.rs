//! A password is replaced by whoever runs the server.

use crate::account::sql;
use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::session;
use crate::text::Password;
use crate::wire::Empty;

/// Put a password in place of whatever there was; every session of the person ends.
#[derive(Debug, Clone)]
struct SetPassword {
    user: UserId,
    password_hash: String,
}

impl Command for SetPassword {
    const NAME: &'static str = "password:set";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        if !sql::set_password(cx.db(), self.user, &self.password_hash).await? {
            return Err(Error::not_found("user"));
        }
        for session in session::sql::delete_all(cx.db(), self.user).await? {
            cx.effect(Effect::EndSession { session });
        }
        sql::note_access(cx.db()).await?;
        Ok(Empty {})
    }
}

impl Chat {
    /// Give somebody another password, without knowing theirs. All their sessions end; a server that runs on the same
    /// database learns it from [`Chat::access`]. `NOT_FOUND` if there is no such account.
    pub async fn set_password(&self, user: UserId, password: &Password) -> Result<()> {
        let password_hash = self.passwords().hash(password.expose().to_owned(), self.env().random()).await?;
        self.perform_ours(SetPassword { user, password_hash }).await.map(drop)
    }
}
