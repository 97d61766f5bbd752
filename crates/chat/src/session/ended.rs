//! Sessions that have ended of late: whose commands are not carried out any more.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::id::SessionId;

/// How long an end is remembered: longer than a socket outlives it and a command waits, after which nothing of the session
/// can stand in a queue.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The sessions that have ended of late, whoever ended them. In memory, so that it costs a message no statement.
#[derive(Default)]
pub(crate) struct EndedSessions {
    sessions: Mutex<HashMap<SessionId, Instant>>,
}

impl EndedSessions {
    /// These are over. To be called before anybody is told so.
    pub(crate) fn note(&self, sessions: impl IntoIterator<Item = SessionId>) {
        let mut sessions = sessions.into_iter().peekable();
        if sessions.peek().is_none() {
            return;
        }
        let now = Instant::now();
        let mut known = self.sessions.lock();
        known.retain(|_, at| now.duration_since(*at) < REMEMBERED);
        known.extend(sessions.map(|session| (session, now)));
    }

    /// Which of these are over, by their places.
    pub(crate) fn among(&self, sessions: impl Iterator<Item = SessionId>) -> Vec<usize> {
        let known = self.sessions.lock();
        if known.is_empty() {
            return Vec::new();
        }
        sessions.enumerate().filter(|(_, session)| known.contains_key(session)).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u128) -> SessionId {
        SessionId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_remembered_for_a_minute_and_no_more_are_kept() {
        let ended = EndedSessions::default();
        ended.note([session(1)]);
        assert_eq!(ended.among([session(2), session(1)].into_iter()), [1]);
        tokio::time::advance(REMEMBERED).await;
        ended.note([session(2)]);
        assert_eq!(ended.among([session(2), session(1)].into_iter()), [0]);
        assert_eq!(ended.sessions.lock().len(), 1);
    }
}
