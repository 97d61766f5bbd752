//! What the application registers: listeners, middleware, connect and disconnect handlers.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use engineio::Transport;
use futures_util::TryFutureExt as _;
use futures_util::future::BoxFuture;
use hashbrown::HashMap;
use parking_lot::RwLock;
use serde_json::Value;
use smallvec::SmallVec;

use crate::args::Args;
use crate::error::ConnectError;
use crate::event::Event;
use crate::reason::DisconnectReason;
use crate::socket::Socket;

pub(crate) type EventHandler = Arc<dyn Fn(Socket, Event) -> BoxFuture<'static, ()> + Send + Sync>;
pub(crate) type ConnectHandler = Arc<dyn Fn(Socket) -> BoxFuture<'static, ()> + Send + Sync>;
pub(crate) type DisconnectHandler = Arc<dyn Fn(Socket, DisconnectReason) -> BoxFuture<'static, ()> + Send + Sync>;
/// Why a packet is not handled.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;
pub(crate) type PacketCheck = Arc<dyn Fn(Socket, Event) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;
pub(crate) type ErrorHandler =
    Arc<dyn Fn(Socket, Event, Arc<dyn Error + Send + Sync>) -> BoxFuture<'static, ()> + Send + Sync>;
pub(crate) type OutgoingHandler = Arc<dyn Fn(&Socket, &str, &Args) + Send + Sync>;
pub(crate) type UpgradeHandler = Arc<dyn Fn(Socket, Transport) -> BoxFuture<'static, ()> + Send + Sync>;
/// Called on the spot, while the rooms are still there.
pub(crate) type DisconnectingHandler = Arc<dyn Fn(&Socket, DisconnectReason) + Send + Sync>;
pub(crate) type Middleware = Arc<dyn Fn(Socket, Value) -> BoxFuture<'static, Result<(), ConnectError>> + Send + Sync>;

pub(crate) fn event_handler<F, Fut>(handler: F) -> EventHandler
where
    F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |socket, event| Box::pin(handler(socket, event)))
}

/// A handler that the next event does not wait for.
pub(crate) fn concurrent_handler<F, Fut>(handler: F) -> EventHandler
where
    F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |socket: Socket, event: Event| {
        let size = event.size();
        let work = handler(socket.clone(), event);
        socket.run_aside(size, work);
        Box::pin(std::future::ready(()))
    })
}

pub(crate) fn packet_check<F, Fut, E>(check: F) -> PacketCheck
where
    F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    Arc::new(move |socket, event| Box::pin(check(socket, event).map_err(Into::into)))
}

pub(crate) fn error_handler<F, Fut>(handler: F) -> ErrorHandler
where
    F: Fn(Socket, Event, Arc<dyn Error + Send + Sync>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |socket, event, error| Box::pin(handler(socket, event, error)))
}

pub(crate) fn upgrade_handler<F, Fut>(handler: F) -> UpgradeHandler
where
    F: Fn(Socket, Transport) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |socket, transport| Box::pin(handler(socket, transport)))
}

pub(crate) fn disconnect_handler<F, Fut>(handler: F) -> DisconnectHandler
where
    F: Fn(Socket, DisconnectReason) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |socket, reason| Box::pin(handler(socket, reason)))
}

struct Listener {
    handler: EventHandler,
    once: bool,
}

/// The handlers to run for one event, in order.
pub(crate) type Matched = SmallVec<[EventHandler; 2]>;

/// Listeners for events, of one socket or of a whole namespace.
#[derive(Default)]
pub(crate) struct Listeners {
    by_name: HashMap<Box<str>, SmallVec<[Listener; 1]>>,
    any: Vec<EventHandler>,
    fallback: Option<EventHandler>,
    disconnect: Vec<DisconnectHandler>,
    disconnecting: Vec<DisconnectingHandler>,
    pub(crate) checks: Vec<PacketCheck>,
    pub(crate) errors: Vec<ErrorHandler>,
    pub(crate) upgrade: Vec<UpgradeHandler>,
    pub(crate) outgoing: Arc<Vec<OutgoingHandler>>,
}

impl Listeners {
    pub(crate) fn add(&mut self, event: &str, handler: EventHandler, once: bool) {
        self.by_name.entry(event.into()).or_default().push(Listener { handler, once });
    }

    pub(crate) fn remove(&mut self, event: &str) {
        self.by_name.remove(event);
    }

    pub(crate) fn add_any(&mut self, handler: EventHandler) {
        self.any.push(handler);
    }

    pub(crate) fn set_fallback(&mut self, handler: EventHandler) {
        self.fallback = Some(handler);
    }

    pub(crate) fn add_disconnect(&mut self, handler: DisconnectHandler) {
        self.disconnect.push(handler);
    }

    pub(crate) fn add_disconnecting(&mut self, handler: DisconnectingHandler) {
        self.disconnecting.push(handler);
    }

    pub(crate) fn disconnecting(&self) -> &[DisconnectingHandler] {
        &self.disconnecting
    }

    pub(crate) fn any(&self) -> &[EventHandler] {
        &self.any
    }

    pub(crate) fn fallback(&self) -> Option<&EventHandler> {
        self.fallback.as_ref()
    }

    pub(crate) fn disconnect(&self) -> &[DisconnectHandler] {
        &self.disconnect
    }

    pub(crate) fn has_once(&self, event: &str) -> bool {
        self.by_name.get(event).is_some_and(|listeners| listeners.iter().any(|listener| listener.once))
    }

    pub(crate) fn matching<'a>(&'a self, event: &str) -> impl Iterator<Item = &'a EventHandler> {
        self.by_name.get(event).into_iter().flatten().map(|listener| &listener.handler)
    }

    /// Drops the listeners that were meant for one event, after it has been matched.
    pub(crate) fn spend(&mut self, event: &str) {
        if let Some(listeners) = self.by_name.get_mut(event) {
            listeners.retain(|listener| !listener.once);
            if listeners.is_empty() {
                self.by_name.remove(event);
            }
        }
    }
}

/// Everything that is registered on a namespace; the children of a dynamic one share their parent's.
#[derive(Default)]
pub(crate) struct Registry {
    pub(crate) middleware: RwLock<Vec<Middleware>>,
    pub(crate) connect: RwLock<Vec<ConnectHandler>>,
    pub(crate) listeners: RwLock<Listeners>,
}
