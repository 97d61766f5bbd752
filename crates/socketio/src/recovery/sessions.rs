//! Sockets that were cut off and may come back.

use std::collections::VecDeque;

use hashbrown::HashMap;
use tokio::time::Instant;

use super::{Pid, Session};

/// What a session weighs beside the names of its rooms. The rooms' names are shared while somebody is in them; here they
/// count in full.
const OVERHEAD: usize = 256;
/// What a room weighs beside its name.
const ROOM_OVERHEAD: usize = 40;

#[derive(Default)]
pub(super) struct Sessions {
    by_pid: HashMap<Pid, Session>,
    /// When each of them expires, in that order; those that were taken are still in it.
    order: VecDeque<(Instant, Pid)>,
    bytes: usize,
    sweeping: bool,
}

impl Session {
    fn cost(&self) -> usize {
        OVERHEAD + self.rooms.iter().map(|(name, _)| name.len() + ROOM_OVERHEAD).sum::<usize>()
    }
}

impl Sessions {
    /// Adds a session. Returns those that had to go for it, and whether nobody sweeps yet.
    pub(super) fn put(&mut self, session: Session, max_bytes: usize) -> (Vec<Session>, bool) {
        if self.order.len() > 2 * self.by_pid.len() + 64 {
            let by_pid = &self.by_pid;
            self.order.retain(|(expires, pid)| by_pid.get(pid).is_some_and(|session| session.expires == *expires));
        }
        self.bytes += session.cost();
        let entry = (session.expires, session.thread.pid);
        // A session that is put back expires as before, so it may have to go in between.
        let place = self.order.partition_point(|(expires, _)| *expires <= entry.0);
        self.order.insert(place, entry);
        let mut gone: Vec<Session> = self.by_pid.insert(entry.1, session).into_iter().collect();
        self.bytes -= gone.iter().map(Session::cost).sum::<usize>();

        while self.bytes > max_bytes
            && let Some((expires, pid)) = self.order.pop_front()
        {
            gone.extend(self.remove(&pid, expires));
        }
        (gone, !std::mem::replace(&mut self.sweeping, true))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_pid.is_empty()
    }

    pub(super) fn take(&mut self, pid: &Pid) -> Option<Session> {
        let session = self.by_pid.remove(pid)?;
        self.bytes -= session.cost();
        Some(session)
    }

    /// Removes those whose time is over, and says when the next one's is. With none left, nobody sweeps any more.
    pub(super) fn expire(&mut self, now: Instant) -> (Vec<Session>, Option<Instant>) {
        let mut gone = Vec::new();
        while let Some((expires, pid)) = self.order.front().copied() {
            if expires > now && self.by_pid.contains_key(&pid) {
                return (gone, Some(expires));
            }
            self.order.pop_front();
            gone.extend(self.remove(&pid, expires));
        }
        self.sweeping = false;
        self.by_pid.shrink_to_fit();
        (gone, None)
    }

    /// Removes a session, unless it is one of a later time under the same `pid`.
    fn remove(&mut self, pid: &Pid, expires: Instant) -> Option<Session> {
        if self.by_pid.get(pid).is_some_and(|session| session.expires == expires) { self.take(pid) } else { None }
    }
}
