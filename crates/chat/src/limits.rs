//! What of the product can be bounded otherwise than by default: set once, when it is opened.

use std::time::Duration;

/// Counts and deadlines of the product. Lengths of texts and pages stand beside their types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions of one person: more devices than anybody has. One more, and the one that was not used for the longest
    /// time ends.
    pub sessions_per_user: u32,
    /// Requests that wait for a core to hash a password on: beyond that, somebody is trying to keep the machine busy.
    pub passwords_waiting: u32,
    /// Longest that one statement of the database may take: a command has several.
    pub statement: Duration,
    /// Within which every command is answered, whatever is down: two fifths of it a write may wait, three fifths its
    /// batch may take.
    pub command: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions_per_user: 50,
            passwords_waiting: 32,
            statement: Duration::from_secs(2),
            command: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// Whatever has waited this long is not begun any more.
    pub fn wait(&self) -> Duration {
        self.command * 2 / 5
    }

    /// A batch that takes longer in all, from its first statement to the end of its COMMIT, is given up with its
    /// connection. Statements have limits of their own; this one is for a database that does not even say so.
    pub(crate) fn batch(&self) -> Duration {
        self.command * 3 / 5
    }
}
