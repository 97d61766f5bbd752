//! What a socket listens to.

use std::sync::Arc;

use super::{Phase, Socket};
use crate::event::Event;
use crate::handler::{self, Listeners};
use crate::reason::DisconnectReason;

/// Listening.
impl Socket {
    /// Calls `handler` for each event of this name.
    ///
    /// Handlers of one socket run strictly one after the other, in the order in which the events arrived: the next event
    /// waits until the future has finished. Listeners that are the same for every socket are better registered once, with
    /// [`crate::Namespace::on`], where they cost nothing per socket.
    pub fn on<F, Fut>(&self, event: &str, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add(event, handler::event_handler(handler), false));
    }

    /// Like [`Socket::on`], for the next event of this name only.
    pub fn once<F, Fut>(&self, event: &str, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add(event, handler::event_handler(handler), true));
    }

    /// Removes every listener that was registered on this socket for this event.
    pub fn off(&self, event: &str) {
        let mut state = self.0.state.lock();
        if let Some(listeners) = &mut state.listeners {
            listeners.remove(event);
        }
    }

    /// Calls `handler` for every event, before the event's own listeners.
    pub fn on_any<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add_any(handler::event_handler(handler)));
    }

    /// Calls `handler` for each event that has no listener of its own. It replaces an earlier one.
    pub fn fallback<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.set_fallback(handler::event_handler(handler)));
    }

    /// Calls `handler` when the socket begins to leave, while [`Socket::rooms`] still says where it was: to tell those in
    /// its rooms, for example. It is called on the spot and must not block.
    pub fn on_disconnecting(&self, handler: impl Fn(&Socket, DisconnectReason) + Send + Sync + 'static) {
        self.with_listeners(|listeners| listeners.add_disconnecting(Arc::new(handler)));
    }

    /// Calls `handler` once, after the last event, when the socket has disconnected.
    pub fn on_disconnect<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, DisconnectReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add_disconnect(handler::disconnect_handler(handler)));
    }

    fn with_listeners(&self, change: impl FnOnce(&mut Listeners)) {
        let mut state = self.0.state.lock();
        if state.phase != Phase::Ended {
            change(state.listeners.get_or_insert_default());
        }
    }
}
