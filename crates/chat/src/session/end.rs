//! A device is signed out.

use crate::command::{Command, Cx};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::session::sql;

/// Which of a person's sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// This one.
    One(SessionId),
    /// All but this one.
    AllBut(SessionId),
}

/// End sessions of one person; their sockets are cut.
#[derive(Debug, Clone)]
pub(crate) struct EndSessions {
    pub(crate) user: UserId,
    pub(crate) which: Which,
}

impl Command for EndSessions {
    const NAME: &'static str = "session:end";
    /// How many ended.
    type Reply = usize;

    async fn run(self, cx: &mut Cx<'_>) -> Result<usize> {
        let own = cx.actor.session;
        // Whoever has been signed out meanwhile signs nobody else out.
        if sql::existing(cx.db(), &[own]).await?.is_empty() {
            return Err(Error::signed_out());
        }
        let ended = match self.which {
            Which::One(session) => sql::delete(cx.db(), self.user, session).await?,
            Which::AllBut(session) => sql::delete_all_but(cx.db(), self.user, session).await?,
        };
        let count = ended.len();
        for session in ended {
            cx.effect(Effect::EndSession { session });
        }
        Ok(count)
    }
}
