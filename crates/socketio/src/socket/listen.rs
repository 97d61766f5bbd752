//! What a socket listens to.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engineio::Transport;

use super::{Phase, Socket};
use crate::args::Args;
use crate::event::Event;
use crate::handler::{self, Listeners, OutgoingHandler};
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

    /// Like [`Socket::on`], but the next event does not wait for this handler. As many run at a time as may wait,
    /// [`crate::Builder::inbound_limit`]; then the connection is read no further.
    pub fn on_concurrent<F, Fut>(&self, event: &str, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add(event, handler::concurrent_handler(handler), false));
    }

    /// Asks `check` about each event before its listeners are called; Node's `socket.use`. The first error keeps the event
    /// from them, and goes to [`Socket::on_error`]; nobody answers a client that waits for an ack, unless the check does.
    pub fn use_<F, Fut, E>(&self, check: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        self.with_listeners(|listeners| listeners.checks.push(handler::packet_check(check)));
    }

    /// Calls `handler` for each event that a check of [`Socket::use_`] has refused. Without one it is told to the log.
    pub fn on_error<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, Event, Arc<dyn Error + Send + Sync>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.errors.push(handler::error_handler(handler)));
    }

    /// Calls `handler` for every event that is sent to this client, by whatever selection, with its name and arguments,
    /// just before it is queued. It is called where the event is emitted and must not block.
    pub fn on_any_outgoing(&self, handler: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static) {
        let mut state = self.0.state.lock();
        if !matches!(state.phase, Phase::Connecting | Phase::Connected) {
            return;
        }
        let handlers = &mut state.listeners.get_or_insert_default().outgoing;
        if handlers.is_empty() {
            self.0.namespace.listening_out.fetch_add(1, Ordering::Relaxed);
        }
        Arc::make_mut(handlers).push(Arc::new(handler));
    }

    /// The handlers for what goes out, if there are any.
    pub(crate) fn outgoing(&self) -> Option<Arc<Vec<OutgoingHandler>>> {
        let state = self.0.state.lock();
        let handlers = &state.listeners.as_ref()?.outgoing;
        (!handlers.is_empty()).then(|| Arc::clone(handlers))
    }

    /// Calls `handler` when the connection has moved from long-polling to another transport.
    pub fn on_upgrade<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, Transport) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.upgrade.push(handler::upgrade_handler(handler)));
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
