//! A new password in place of the one that is known.

use crate::account::{ChangePassword, sql};
use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::session::{self, Identity};
use crate::wire::Empty;

/// Put a password in place of the one that was verified; every other session of the acting user ends.
#[derive(Debug, Clone)]
struct ReplacePassword {
    verified: String,
    password_hash: String,
}

impl Command for ReplacePassword {
    const NAME: &'static str = "password:change";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let (user, own) = (cx.actor.user, cx.actor.session);
        if session::sql::existing(cx.db(), &[own]).await?.is_empty() {
            return Err(Error::signed_out());
        }
        if !sql::replace_password(cx.db(), user, &self.verified, &self.password_hash).await? {
            return Err(Error::conflict("the password has just been changed"));
        }
        for session in session::sql::delete_all_but(cx.db(), user, own).await? {
            cx.effect(Effect::EndSession { session });
        }
        Ok(Empty {})
    }
}

impl Chat {
    /// Change one's password. Every other session of the person ends, and its sockets are cut.
    ///
    /// Errors: `INVALID` at `current` for a wrong password, `CONFLICT` if it was changed at the same time,
    /// `UNAUTHENTICATED` if the session that asks has ended meanwhile, `BUSY` when too many passwords are being hashed.
    pub async fn change_password(&self, identity: Identity, body: ChangePassword) -> Result<()> {
        let user = identity.user;
        let account = self.read(async |conn| sql::credentials(conn, user).await).await?;
        let account = account.ok_or_else(Error::signed_out)?;
        let verified = account.password_hash;
        if !self.passwords().verify(body.current.expose(), Some(verified.clone())).await? {
            return Err(Error::invalid_field("current", "wrong", "is not the password of this account"));
        }
        let password_hash = self.passwords().hash(body.new.expose().to_owned(), self.env().random()).await?;
        self.perform(user, identity.session, ReplacePassword { verified, password_hash }).await.map(drop)
    }
}
