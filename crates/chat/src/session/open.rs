//! A device signs in.

use crate::command::{Command, Cx};
use crate::error::Result;
use crate::session::{Device, sql};
use crate::wire::Empty;

/// Keep a session for the acting user and session id.
#[derive(Debug, Clone)]
pub(crate) struct OpenSession {
    pub(crate) token_hash: [u8; 32],
    pub(crate) device: Device,
}

impl Command for OpenSession {
    const NAME: &'static str = "session:open";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let now = cx.now();
        let (user, session) = (cx.actor.user, cx.actor.session);
        sql::insert(cx.db(), session, user, &self.token_hash, &self.device, now).await?;
        Ok(Empty {})
    }
}
