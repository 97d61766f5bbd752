//! What the server keeps of a signed-in socket.

use std::sync::Arc;
use std::time::Instant;

use chat::{Actor, Identity, LimitClass, Origin};
use parking_lot::Mutex;
use socketio::SocketId;
use tokio::sync::Semaphore;

use crate::limits::{Flood, IN_FLIGHT};

/// A signed-in socket: who acts through it, and how much it has under way.
pub(crate) struct Connection {
    pub(crate) actor: Actor,
    /// One permit for each command that may wait for its answer.
    pub(crate) in_flight: Arc<Semaphore>,
    flood: Mutex<Flood>,
}

impl Connection {
    pub(crate) fn new(identity: Identity, socket: &SocketId) -> Self {
        let origin = Some(Origin::new(socket.as_str()));
        Self {
            actor: Actor { user: identity.user, session: identity.session, origin },
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
            flood: Mutex::default(),
        }
    }

    /// Counts a refusal; true when the socket has earned to be cut off.
    pub(crate) fn refused(&self, class: LimitClass) -> bool {
        self.flood.lock().refused(class, Instant::now())
    }
}
