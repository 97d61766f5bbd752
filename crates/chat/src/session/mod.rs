//! Sessions: signed-in devices.

mod end;
mod ended;
mod keep;
mod open;
pub(crate) mod sql;
mod token;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use crate::chat::Chat;
use crate::db::Conn;
use crate::error::{Code, Result};
use crate::id::{SessionId, UserId};
use crate::time::Time;
use crate::wire::wire;

pub(crate) use end::{EndSessions, Which};
pub(crate) use ended::EndedSessions;
pub(crate) use keep::{KeepSessions, SweepSessions};
pub(crate) use open::OpenSession;
pub use token::Token;

/// A session that nobody used for this long is over.
pub const IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// A session is over after this, however much it is used.
pub const ABSOLUTE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How exactly the last use is kept: writing it on every request would cost an fsync each.
pub const USE_NOTED_EVERY: Duration = Duration::from_secs(5 * 60);

/// Longest address or agent that is kept.
const DEVICE_TEXT_MAX: usize = 256;

wire! {
    /// A signed-in device, as `GET /api/sessions` lists it.
    #[derive(sqlx::FromRow)]
    pub struct SessionInfo {
        /// Identity; not the secret that the device holds.
        pub id: SessionId,
        /// When it signed in.
        pub created_at: Time,
        /// When it was last seen, to within a few minutes.
        pub last_used_at: Time,
        /// From which address.
        pub address: String,
        /// What it said it is (`User-Agent`).
        pub agent: String,
        /// Whether it is the one that asks.
        pub current: bool,
    }
}

wire! {
    /// The answer of `GET /api/sessions`.
    pub struct SessionList {
        /// One's own, the last used first.
        pub sessions: Vec<SessionInfo>,
    }
}

/// Where a request comes from, to be shown in the list of sessions.
#[derive(Debug, Clone)]
pub struct Device {
    /// The address.
    pub address: String,
    /// What it says it is (`User-Agent`).
    pub agent: String,
}

impl Device {
    /// With texts of bounded length, which every database takes.
    pub(crate) fn bounded(self) -> Self {
        let bound = |text: String| text.chars().filter(|c| !c.is_control()).take(DEVICE_TEXT_MAX).collect();
        Self { address: bound(self.address), agent: bound(self.agent) }
    }
}

/// Who presented a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The person.
    pub user: UserId,
    /// The device.
    pub session: SessionId,
}

/// When a session was made and last used.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Life {
    pub(crate) created_at: Time,
    pub(crate) last_used_at: Time,
}

impl Life {
    fn is_alive(self, now: Time) -> bool {
        self.last_used_at > now.before(IDLE) && self.created_at > now.before(ABSOLUTE)
    }
}

/// Whether a session has not ended.
pub(crate) async fn is_alive(conn: &mut Conn<'_>, session: SessionId, now: Time) -> Result<bool> {
    Ok(sql::life_of(conn, session).await?.is_some_and(|life| life.is_alive(now)))
}

impl Chat {
    /// Whose token this is, if its session is alive. Notes the use.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Identity>> {
        let hash = Token::hash_of(token);
        let found = self.read(async |conn| sql::by_token(conn, &hash).await).await?;
        let Some((identity, life)) = found else { return Ok(None) };
        let now = self.now();
        if !life.is_alive(now) {
            return Ok(None);
        }
        if life.last_used_at <= now.before(USE_NOTED_EVERY) {
            self.keep_sessions(vec![identity.session]);
        }
        Ok(Some(identity))
    }

    /// Whether a session has not ended.
    pub async fn session_alive(&self, session: SessionId) -> Result<bool> {
        let now = self.now();
        self.read(async |conn| is_alive(conn, session, now).await).await
    }

    /// A person's sessions that are alive, the last used first.
    pub async fn sessions(&self, identity: Identity) -> Result<Vec<SessionInfo>> {
        let now = self.now();
        let most = i64::from(self.limits().sessions_per_user);
        let all = self.read(async |conn| sql::of_user(conn, identity, most).await).await?;
        let alive =
            |info: &SessionInfo| Life { created_at: info.created_at, last_used_at: info.last_used_at }.is_alive(now);
        Ok(all.into_iter().filter(alive).collect())
    }

    /// End the session of this token. Nothing happens if there is none.
    pub async fn log_out(&self, token: &str) -> Result<()> {
        let hash = Token::hash_of(token);
        let found = self.read(async |conn| sql::by_token(conn, &hash).await).await?;
        let Some((Identity { user, session }, _)) = found else { return Ok(()) };
        match self.perform(user, session, EndSessions { user, which: Which::One(session) }).await {
            // Somebody else was faster.
            Err(error) if error.code() == Code::Unauthenticated => Ok(()),
            ended => ended.map(drop),
        }
    }

    /// End one of a person's sessions. `NOT_FOUND` if it is not theirs, or over.
    pub async fn end_session(&self, identity: Identity, session: SessionId) -> Result<()> {
        let ended = self
            .perform(identity.user, identity.session, EndSessions { user: identity.user, which: Which::One(session) })
            .await?;
        if ended == 0 { Err(crate::Error::not_found("session")) } else { Ok(()) }
    }

    /// End all of a person's sessions but the one that asks.
    pub async fn end_other_sessions(&self, identity: Identity) -> Result<()> {
        let which = Which::AllBut(identity.session);
        self.perform(identity.user, identity.session, EndSessions { user: identity.user, which }).await.map(drop)
    }

    /// Which of these sessions are no more. Their commands are not carried out from then on.
    pub async fn ended_among(&self, mut sessions: Vec<SessionId>) -> Result<Vec<SessionId>> {
        let existing = self.read(async |conn| sql::existing(conn, &sessions).await).await?;
        let existing: HashSet<SessionId> = existing.into_iter().collect();
        sessions.retain(|session| !existing.contains(session));
        self.note_ended(&sessions);
        Ok(sessions)
    }

    /// These sessions are in use: to be called now and then for those with an open socket. Nobody waits for it.
    pub fn keep_sessions(&self, sessions: Vec<SessionId>) {
        self.perform_unseen(KeepSessions { sessions });
    }

    /// End the sessions whose time is over: to be called about once an hour. Nobody waits for it.
    pub fn sweep_sessions(&self) {
        self.perform_unseen(SweepSessions {});
    }
}
