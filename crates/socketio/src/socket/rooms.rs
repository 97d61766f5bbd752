//! The rooms that a socket is in, and whom it can reach through them.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Phase, Socket};
use crate::broadcast::Broadcast;
use crate::rooms::{Room, Target};

/// Rooms.
impl Socket {
    /// Joins a room. Works from the middleware on; events of the room arrive once CONNECT is answered.
    pub fn join(&self, room: impl AsRef<str>) {
        self.0.namespace.rooms.join(self, room.as_ref());
    }

    /// Leaves a room. Nothing that is emitted to the room afterwards reaches this socket through it. The room of its own
    /// id it cannot leave.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.0.namespace.rooms.leave(self, room.as_ref());
    }

    /// The rooms that it is in, the one of its own id first. Empty once it is disconnected.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let state = self.0.state.lock();
        if !matches!(state.phase, Phase::Connecting | Phase::Connected) {
            return Vec::new();
        }
        let own = Arc::from(self.id().as_str());
        std::iter::once(own).chain(state.rooms.iter().map(|room| Arc::clone(room.name()))).collect()
    }

    /// Whether it is in a room.
    pub fn is_in(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        let state = self.0.state.lock();
        let own = matches!(state.phase, Phase::Connecting | Phase::Connected) && room == self.id().as_str();
        own || state.rooms.iter().any(|joined| **joined.name() == *room)
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
        Broadcast::new(&self.0.namespace, Target { except_key: Some(self.key()), ..Target::default() })
    }

    /// Notes a room in the socket's own list, under the room's lock. Returns whether the socket takes events yet, `None`
    /// if it is gone.
    pub(crate) fn remember_room(&self, room: &Arc<Room>) -> Option<bool> {
        let mut state = self.0.state.lock();
        match state.phase {
            Phase::Connecting | Phase::Connected => {
                state.rooms.push(Arc::clone(room));
                Some(state.phase == Phase::Connected)
            }
            Phase::Ending | Phase::Ended => None,
        }
    }

    pub(crate) fn forget_room(&self, room: &Arc<Room>) {
        let mut state = self.0.state.lock();
        state.rooms.retain(|joined| !Arc::ptr_eq(joined, room));
        if state.rooms.is_empty() {
            state.rooms = Vec::new();
        }
    }
}
