//! The rooms that a socket is in, and whom it can reach through them.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Phase, Socket};
use crate::broadcast::Broadcast;
use crate::rooms::{Joined, Room, Target};

/// Rooms.
impl Socket {
    /// Joins a room. Works from the middleware on; events of the room arrive once CONNECT is answered.
    pub fn join(&self, room: impl AsRef<str>) {
        self.0.namespace.rooms.join(self, room.as_ref(), None);
    }

    /// Leaves a room. Nothing that is emitted to the room afterwards reaches this socket through it. The room of its own
    /// id it cannot leave.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.0.namespace.rooms.leave(self, room.as_ref());
    }

    /// The rooms that it is in, the one of its own id first. Empty once it is disconnected.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let state = self.0.state.lock();
        if !has_rooms(state.phase) {
            return Vec::new();
        }
        let own = Arc::from(self.id().as_str());
        std::iter::once(own).chain(state.rooms.iter().map(|joined| Arc::clone(joined.room.name()))).collect()
    }

    /// Whether it is in a room.
    pub fn is_in(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        let state = self.0.state.lock();
        let own = has_rooms(state.phase) && room == self.id().as_str();
        own || state.rooms.iter().any(|joined| **joined.room.name() == *room)
    }

    /// Whom to emit to: the others in a room. Further calls of [`Broadcast::to`] add rooms.
    pub fn to<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().to(room)
    }

    /// Whom to emit to: the others in the namespace who are not in a room.
    pub fn except<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().except(room)
    }

    /// Whom to emit to: everybody else in the namespace.
    pub fn broadcast(&self) -> Broadcast<'_> {
        Broadcast::new(&self.0.namespace, Target { from: Some((self.key(), *self.id())), ..Target::default() })
    }

    /// Notes a room in the socket's own list, under the room's lock. Returns whether the socket takes events yet, `None`
    /// if it is gone.
    pub(crate) fn remember_room(&self, room: &Arc<Room>, since: Option<u64>) -> Option<bool> {
        // Under the room's lock, so that no packet which went to the room before counts as missed.
        let since = since.or_else(|| Some(self.0.namespace.recovery.as_ref()?.position())).unwrap_or(0);
        let mut state = self.0.state.lock();
        match state.phase {
            Phase::Connecting | Phase::Connected => {
                state.rooms.push(Joined { room: Arc::clone(room), since });
                Some(state.phase == Phase::Connected)
            }
            Phase::Leaving | Phase::Ending | Phase::Ended => None,
        }
    }

    /// Notes that the socket was in the room already then.
    pub(crate) fn backdate_room(&self, room: &Arc<Room>, since: u64) {
        let mut state = self.0.state.lock();
        if let Some(joined) = state.rooms.iter_mut().find(|joined| Arc::ptr_eq(&joined.room, room)) {
            joined.since = joined.since.min(since);
        }
    }

    pub(crate) fn forget_room(&self, room: &Arc<Room>) {
        let mut state = self.0.state.lock();
        state.rooms.retain(|joined| !Arc::ptr_eq(&joined.room, room));
        if state.rooms.is_empty() {
            state.rooms = Vec::new();
        }
    }
}

fn has_rooms(phase: Phase) -> bool {
    matches!(phase, Phase::Connecting | Phase::Connected | Phase::Leaving)
}
