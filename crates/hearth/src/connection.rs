//! What the server keeps of a signed-in socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use chat::{Actor, Identity, LimitClass, Origin, UserId};
use parking_lot::Mutex;
use socketio::SocketId;
use tokio::sync::Semaphore;

use crate::config::LimitSettings;
use crate::limits::Flood;

/// People whose presence one socket follows: more than fit any list that somebody looks at. Those who were asked for
/// first are let go, so that nobody fills the server's memory with the members of a whole server.
const WATCHED: usize = 1_000;

/// A signed-in socket: who acts through it, and how much it has under way.
pub(crate) struct Connection {
    pub(crate) actor: Actor,
    /// One permit for each command that may wait for its answer.
    pub(crate) in_flight: Arc<Semaphore>,
    flood: Mutex<Flood>,
    /// Whose presence the socket follows, the longest first.
    watched: Mutex<VecDeque<UserId>>,
}

impl Connection {
    /// `in_flight`: how many of its commands may wait for their answer.
    pub(crate) fn new(identity: Identity, socket: &SocketId, in_flight: u32) -> Self {
        let origin = Some(Origin::new(socket.as_str()));
        Self {
            actor: Actor { user: identity.user, session: identity.session, origin },
            in_flight: Arc::new(Semaphore::new(in_flight as usize)),
            flood: Mutex::default(),
            watched: Mutex::default(),
        }
    }

    /// Notes that the socket follows somebody's presence; whose it must let go for that, if anybody's.
    pub(crate) fn watch(&self, user: UserId) -> Option<UserId> {
        let mut watched = self.watched.lock();
        if watched.contains(&user) {
            return None;
        }
        watched.push_back(user);
        if watched.len() > WATCHED { watched.pop_front() } else { None }
    }

    /// Counts a refusal; true when the socket has earned to be cut off.
    pub(crate) fn refused(&self, limits: &LimitSettings, class: LimitClass) -> bool {
        self.flood.lock().refused(limits, class, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        format!("00000000-0000-7000-8000-{number:012}").parse().unwrap()
    }

    #[test]
    fn a_socket_follows_a_thousand_people_and_lets_the_first_go() {
        let identity = Identity { user: user(0), session: "00000000-0000-7000-8000-000000000000".parse().unwrap() };
        let connection = Connection::new(identity, &SocketId::parse("AAAAAAAAAAAAAAAAAAAA").unwrap(), 8);
        assert!((0..WATCHED).all(|number| connection.watch(user(number)).is_none()));
        assert_eq!(connection.watch(user(0)), None, "whom it follows already");
        assert_eq!(connection.watch(user(WATCHED)), Some(user(0)));
        assert_eq!(connection.watch(user(0)), Some(user(1)), "and again");
    }
}
