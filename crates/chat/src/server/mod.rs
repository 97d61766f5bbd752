//! The server itself, as clients see it.

mod sql;
mod vitals;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::wire::wire;

pub use vitals::Vitals;

/// Members are counted so far for whoever asks: the count costs by the number, and nobody has to sign in for it.
pub(crate) const MEMBERS_MAX: u32 = 1_000;

/// Who may make an account. The first one is made in every mode: somebody must own the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum SignUpMode {
    /// Whoever reaches the server.
    Open,
    /// Whoever has an invitation.
    Invite,
    /// Nobody.
    Closed,
}

wire! {
    /// The answer of `GET /api/meta`: what one may know before signing in.
    pub struct Meta {
        /// What the server is called.
        pub name: String,
        /// Its version.
        pub version: String,
        /// The build of the web client that it serves: another than the running one asks for a reload.
        pub web_build: String,
        /// Who may sign up.
        pub signup: SignUpMode,
        /// Whether nobody has an account yet: the first one will own the server.
        pub empty: bool,
        /// Whether that first one needs the setup code from the server's log.
        pub setup_code: bool,
        /// How many have an account and are not disabled, counted up to a thousand; only where everybody may sign up.
        pub members: Option<u32>,
        /// Whether the request comes from a living session, so that `GET /api/self` has somebody to tell of.
        pub signed_in: bool,
    }
}

wire! {
    /// The first event on every socket.
    pub struct Hello {
        /// The server's version.
        pub version: String,
        /// The build of the web client that it serves.
        pub web_build: String,
    }
}

wire! {
    /// The server is about to stop.
    pub struct Draining {
        /// When to come back, in milliseconds.
        pub retry_after_ms: u64,
    }
}
