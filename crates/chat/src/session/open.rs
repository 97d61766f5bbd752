//! A device signs in.

use crate::account;
use crate::command::{Command, Cx};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::session::{Device, sql};
use crate::wire::Empty;

/// Keep a session for the acting user and session id.
#[derive(Debug, Clone)]
pub(crate) struct OpenSession {
    pub(crate) token_hash: [u8; 32],
    pub(crate) device: Device,
    /// The hash that the password was found to have.
    pub(crate) verified: String,
}

impl Command for OpenSession {
    const NAME: &'static str = "session:open";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let now = cx.now();
        let (user, session) = (cx.actor.user, cx.actor.session);
        // Between the verification and now the password may have changed, or the account been disabled.
        if !account::sql::may_sign_in(cx.db(), user, &self.verified).await? {
            return Err(Error::unauthenticated("invalid credentials"));
        }
        sql::insert(cx.db(), session, user, &self.token_hash, &self.device, now).await?;
        let most = i64::from(cx.world.limits.sessions_per_user);
        for session in sql::delete_beyond(cx.db(), user, session, most).await? {
            cx.effect(Effect::EndSession { session });
        }
        Ok(Empty {})
    }
}
