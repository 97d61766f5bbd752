//! Sessions in use are kept, others come to their end.

use crate::command::{Command, Cx};
use crate::effect::Effect;
use crate::error::Result;
use crate::id::SessionId;
use crate::session::{ABSOLUTE, IDLE, sql};
use crate::wire::Empty;

/// These sessions are in use now.
#[derive(Debug, Clone)]
pub(crate) struct KeepSessions {
    pub(crate) sessions: Vec<SessionId>,
}

impl Command for KeepSessions {
    const NAME: &'static str = "session:keep";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let now = cx.now();
        sql::touch(cx.db(), &self.sessions, now).await?;
        Ok(Empty {})
    }
}

/// End every session whose time is over.
#[derive(Debug, Clone)]
pub(crate) struct SweepSessions {}

impl Command for SweepSessions {
    const NAME: &'static str = "session:sweep";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let now = cx.now();
        for session in sql::delete_expired(cx.db(), now.before(IDLE), now.before(ABSOLUTE)).await? {
            cx.effect(Effect::EndSession { session });
        }
        Ok(Empty {})
    }
}
