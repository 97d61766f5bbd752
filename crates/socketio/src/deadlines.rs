//! Deadlines of connections: no namespace joined in time, attachments not arrived in time.
//!
//! One task for all of them, and only while there is a deadline to wait for: a connection that has joined a namespace
//! costs no timer.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::connection::Connection;

/// Names one deadline, to cancel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant, u64);

#[derive(Default)]
pub(crate) struct Deadlines {
    state: Mutex<State>,
    earlier: Notify,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<Deadline, Arc<Connection>>,
    running: bool,
    next: u64,
}

impl Deadlines {
    /// Calls [`Connection::overdue`] at `at`, unless it is cancelled before.
    pub(crate) fn add(self: &Arc<Self>, runtime: &Handle, at: Instant, connection: Arc<Connection>) -> Deadline {
        let mut state = self.state.lock();
        state.next += 1;
        let deadline = Deadline(at, state.next);
        let first = state.waiting.keys().next().is_none_or(|first| deadline < *first);
        state.waiting.insert(deadline, connection);
        if !std::mem::replace(&mut state.running, true) {
            runtime.spawn(Arc::clone(self).run());
        } else if first {
            self.earlier.notify_one();
        }
        deadline
    }

    pub(crate) fn cancel(&self, deadline: Deadline) {
        // The connection is dropped after the lock.
        let _connection = self.state.lock().waiting.remove(&deadline);
    }

    async fn run(self: Arc<Self>) {
        while let Some(first) = self.next() {
            tokio::select! {
                () = sleep_until(first) => {}
                () = self.earlier.notified() => {}
            }
            for (deadline, connection) in self.expired() {
                connection.overdue(deadline);
            }
        }
    }

    /// When the next one is due; none ends the task.
    fn next(&self) -> Option<Instant> {
        let mut state = self.state.lock();
        let next = state.waiting.keys().next().map(|deadline| deadline.0);
        state.running = next.is_some();
        next
    }

    fn expired(&self) -> Vec<(Deadline, Arc<Connection>)> {
        let now = Instant::now();
        let mut state = self.state.lock();
        let mut expired = Vec::new();
        while let Some(entry) = state.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            expired.push(entry.remove_entry());
        }
        expired
    }
}
