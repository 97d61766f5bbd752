//! Points in time, and where they, fresh ids and randomness come from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A point in time: whole milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "number"))]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Time(i64);

impl Time {
    /// The point this many milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The point `span` later.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The point `span` earlier.
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Where time, ids and randomness come from (rule 7 of ARCHITECTURE.md): the system, or a test that holds them still.
#[derive(Clone, Default)]
pub struct Environment(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    System,
    Held(Arc<Mutex<Held>>),
    Moved(Arc<Mutex<Time>>),
}

struct Held {
    now: Time,
    drawn: u64,
}

impl Environment {
    /// The machine's clock and random source.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now` until [`advance`](Self::advance)d, and randomness that is the same in every run.
    /// For tests.
    pub fn held(now: Time) -> Self {
        Self(Source::Held(Arc::new(Mutex::new(Held { now, drawn: 0 }))))
    }

    /// A clock that stands at `now` until [`advance`](Self::advance)d, and the machine's random source: for what is told of
    /// another time, such as made-up conversations.
    pub fn moved(now: Time) -> Self {
        Self(Source::Moved(Arc::new(Mutex::new(now))))
    }

    /// Move a clock on that stands. The system's clock takes no notice.
    pub fn advance(&self, span: Duration) {
        match &self.0 {
            Source::System => {}
            Source::Held(held) => {
                let mut held = held.lock();
                held.now = held.now.after(span);
            }
            Source::Moved(now) => {
                let mut now = now.lock();
                *now = now.after(span);
            }
        }
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "the one place where chat reads the clock")]
    pub fn now(&self) -> Time {
        match &self.0 {
            Source::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Held(held) => held.lock().now,
            Source::Moved(now) => *now.lock(),
        }
    }

    /// Bytes that nobody can guess.
    #[expect(clippy::disallowed_methods, reason = "the one place where chat draws randomness")]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System | Source::Moved(_) => {
                getrandom::fill(&mut bytes).expect("the operating system has a random source");
            }
            Source::Held(held) => {
                let mut held = held.lock();
                for chunk in bytes.chunks_mut(32) {
                    held.drawn += 1;
                    chunk.copy_from_slice(&Sha256::digest(held.drawn.to_be_bytes())[..chunk.len()]);
                }
            }
        }
        bytes
    }

    /// A fresh UUIDv7.
    pub fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.now().0).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.random()).into_uuid()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Environment::system",
            Source::Held(_) => "Environment::held",
            Source::Moved(_) => "Environment::moved",
        })
    }
}
