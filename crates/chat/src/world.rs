//! What every command can look at beside the database.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::error::{Code, Error};
use crate::id::{ChannelId, Epoch};
use crate::limits::Limits;
use crate::message::{Head, TypingBoard};
use crate::presence::Presence;
use crate::session::EndedSessions;
use crate::stats::Tallies;
use crate::time::Environment;

/// What every command can look at beside the database.
pub(crate) struct World {
    pub(crate) env: Environment,
    pub(crate) limits: Limits,
    pub(crate) tallies: Tallies,
    pub(crate) epoch: Epoch,
    pub(crate) general: ChannelId,
    /// What one account may make in an hour; nothing where that is not limited.
    pub(crate) made_per_hour: Option<u32>,
    pub(crate) presence: Presence,
    pub(crate) ended: EndedSessions,
    pub(crate) typing: TypingBoard,
    /// Heads of the channels that moved since somebody asked.
    pub(crate) moved: Mutex<HashMap<ChannelId, Head>>,
    /// Why the server must stop, once it must.
    pub(crate) fatal: watch::Sender<Option<String>>,
    #[cfg(test)]
    pub(crate) fail_point: FailPoint,
}

/// What a test makes go wrong.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct FailPoint {
    lose_answer: std::sync::atomic::AtomicBool,
    hold_commit: Mutex<Option<tokio::sync::oneshot::Receiver<()>>>,
}

#[cfg(test)]
impl FailPoint {
    /// The answer to the next COMMIT is lost on its way.
    pub(crate) fn lose_next_answer(&self) {
        self.lose_answer.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// The connection of the next COMMIT is lost before its answer, and the database carries it out only when the sender
    /// that is returned says so, or is dropped.
    pub(crate) fn hold_next_commit(&self) -> tokio::sync::oneshot::Sender<()> {
        let (go_on, held) = tokio::sync::oneshot::channel();
        *self.hold_commit.lock() = Some(held);
        go_on
    }

    pub(crate) fn held_commit(&self) -> Option<tokio::sync::oneshot::Receiver<()>> {
        self.hold_commit.lock().take()
    }

    pub(crate) fn lose_answer<T, E>(
        &self,
        answer: Result<Result<T, sqlx::Error>, E>,
    ) -> Result<Result<T, sqlx::Error>, E> {
        if self.lose_answer.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Ok(Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())));
        }
        answer
    }
}

impl World {
    /// Log an internal error once, under an id that the user can quote.
    pub(crate) fn report(&self, command: &'static str, mut error: Error) -> Error {
        if error.code() == Code::Internal {
            let id = format!("{:08x}", u32::from_be_bytes(self.env.random()));
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(id, command, cause, "a command failed");
            error.quote(&id);
        }
        error
    }

    /// Stop the server.
    pub(crate) fn fail(&self, reason: String) {
        tracing::error!(reason, "the server must stop");
        self.fatal.send_replace(Some(reason));
    }
}
