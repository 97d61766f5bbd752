//! Namespaces: separate rooms, listeners and middleware on one connection.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use engineio::Transport;
use serde_json::Value;

use crate::adapter::Adapter;
use crate::args::EmitArgs;
use crate::broadcast::Broadcast;
use crate::error::{ConnectError, EncodeError};
use crate::event::Event;
use crate::handler::{self, Registry};
use crate::id::SocketId;
use crate::packet::{self, Encoded};
use crate::reason::DisconnectReason;
use crate::recovery::Store;
use crate::rooms::{Rooms, Target};
use crate::server::Shared;
use crate::socket::Socket;

/// A namespace and what the server registered on it. Cloning gives another handle.
#[derive(Clone)]
pub struct Namespace(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) name: Box<str>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) rooms: Rooms,
    /// Made for a predicate: goes when its last socket goes.
    pub(crate) dynamic: bool,
    pub(crate) recovery: Option<Arc<Store>>,
    /// Where there are other servers.
    pub(crate) adapter: Option<Arc<dyn Adapter>>,
    /// How many sockets have handlers for what goes out.
    pub(crate) listening_out: AtomicUsize,
    next_ack: AtomicU64,
}

impl Inner {
    pub(crate) fn new(
        name: &str,
        registry: Arc<Registry>,
        dynamic: bool,
        recovery: Option<Arc<Store>>,
        adapter: Option<Arc<dyn Adapter>>,
    ) -> Inner {
        Inner {
            name: name.into(),
            registry,
            rooms: Rooms::new(),
            dynamic,
            recovery,
            adapter,
            listening_out: AtomicUsize::new(0),
            next_ack: AtomicU64::new(0),
        }
    }

    /// Sends an event that wants no answer to the sockets of this server.
    pub(crate) fn deliver(&self, target: &Target<'_>, packet: &Encoded, volatile: bool) {
        self.tell_outgoing(target, packet);
        match &self.recovery {
            Some(store) if !volatile => store.record(target, packet, |packet| self.rooms.send(target, packet, false)),
            _ => self.rooms.send(target, packet, volatile),
        }
    }

    /// Calls the handlers of [`Socket::on_any_outgoing`], where there are any.
    pub(crate) fn tell_outgoing(&self, target: &Target<'_>, packet: &Encoded) {
        if self.listening_out.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut listening = Vec::new();
        self.rooms.for_each(target, |member| {
            if member.active {
                listening.extend(member.socket.outgoing().map(|handlers| (member.socket.clone(), handlers)));
            }
        });
        if listening.is_empty() {
            return;
        }
        let Some((name, args)) = packet::read_event(packet) else { return };
        for (socket, handlers) in listening {
            handlers.iter().for_each(|handler| handler(&socket, &name, &args));
        }
    }

    /// Ack ids are drawn for the whole namespace, so that a broadcast with acks is one packet for everybody.
    pub(crate) fn next_ack(&self) -> u64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }
}

impl Namespace {
    /// Its name, starting with `/`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Emits to every socket of the namespace. `args` is a tuple.
    ///
    /// # Errors
    /// [`EncodeError`] if the arguments do not serialise; then nobody got anything.
    pub fn emit(&self, event: &str, args: impl EmitArgs) -> Result<(), EncodeError> {
        self.everyone().emit(event, args)
    }

    /// Emits the event `message` to every socket of the namespace, as Node's `send` does.
    ///
    /// # Errors
    /// As [`Namespace::emit`].
    pub fn send(&self, args: impl EmitArgs) -> Result<(), EncodeError> {
        self.emit("message", args)
    }

    /// Whom to emit to: every socket that is on this server, where there are several.
    pub fn local(&self) -> Broadcast<'_> {
        self.everyone().local()
    }

    /// Whom to emit to: the sockets in a room, or one socket by its id. Further calls of [`Broadcast::to`] add rooms; a
    /// socket in several of them gets the event once.
    pub fn to<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.everyone().to(room)
    }

    /// The same as [`Namespace::to`].
    pub fn in_<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.to(room)
    }

    /// Whom to emit to: everybody but the sockets in a room.
    pub fn except<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.everyone().except(room)
    }

    /// Whom to emit to: every socket of the namespace.
    pub fn everyone(&self) -> Broadcast<'_> {
        Broadcast::new(&self.0, Target::default())
    }

    /// The connected socket with this id, if it is on this server.
    pub fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.0.rooms.get(id).filter(Socket::is_connected)
    }

    /// How many sockets are in the namespace, those still in the middleware included.
    pub fn len(&self) -> usize {
        self.0.rooms.population()
    }

    /// Whether no socket is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rooms have a member, not counting the one that each socket has to itself.
    pub fn room_count(&self) -> usize {
        self.0.rooms.room_count()
    }
}

macro_rules! registration {
    ($type:ty) => {
        impl $type {
            /// Asks `check` about every client that wants to connect, before its CONNECT is answered; Node's `use`.
            ///
            /// It gets the client's `auth` payload, `{}` if there is none. Middleware runs in the order of registration; the
            /// first refusal is the client's `connect_error`. The socket can join rooms and take data here already.
            pub fn middleware<F, Fut>(&self, check: F)
            where
                F: Fn(Socket, Value) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = Result<(), ConnectError>> + Send + 'static,
            {
                let check: handler::Middleware = Arc::new(move |socket, auth| Box::pin(check(socket, auth)));
                self.registry().middleware.write().push(check);
            }

            /// Calls `handler` for every client whose CONNECT has been answered. The client's events wait until the future
            /// has finished, so listeners that are registered in it miss nothing.
            pub fn on_connect<F, Fut>(&self, handler: F)
            where
                F: Fn(Socket) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                let handler: handler::ConnectHandler = Arc::new(move |socket| Box::pin(handler(socket)));
                self.registry().connect.write().push(handler);
            }

            /// Calls `handler` for this event of every socket; an addition to Node's interface. What [`Socket::on`] says of
            /// the order holds here too, and these listeners come before a socket's own.
            pub fn on<F, Fut>(&self, event: &str, handler: F)
            where
                F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.registry().listeners.write().add(event, handler::event_handler(handler), false);
            }

            /// Calls `handler` for this event of every socket, without the next event waiting for it. See
            /// [`Socket::on_concurrent`].
            pub fn on_concurrent<F, Fut>(&self, event: &str, handler: F)
            where
                F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.registry().listeners.write().add(event, handler::concurrent_handler(handler), false);
            }

            /// Asks `check` about each event of every socket before its listeners are called. See [`Socket::use_`].
            pub fn use_<F, Fut, E>(&self, check: F)
            where
                F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = Result<(), E>> + Send + 'static,
                E: Into<Box<dyn Error + Send + Sync>> + 'static,
            {
                self.registry().listeners.write().checks.push(handler::packet_check(check));
            }

            /// Calls `handler` for each event that a check has refused. See [`Socket::on_error`].
            pub fn on_error<F, Fut>(&self, handler: F)
            where
                F: Fn(Socket, Event, Arc<dyn Error + Send + Sync>) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.registry().listeners.write().errors.push(handler::error_handler(handler));
            }

            /// Calls `handler` when the connection of a socket has moved from long-polling to another transport.
            pub fn on_upgrade<F, Fut>(&self, handler: F)
            where
                F: Fn(Socket, Transport) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.registry().listeners.write().upgrade.push(handler::upgrade_handler(handler));
            }

            /// Calls `handler` for every event of every socket, before the event's own listeners.
            pub fn on_any<F, Fut>(&self, handler: F)
            where
                F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.registry().listeners.write().add_any(handler::event_handler(handler));
            }

            /// Calls `handler` for each event that has no listener and no fallback of the socket's own.
            pub fn fallback<F, Fut>(&self, handler: F)
            where
                F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.registry().listeners.write().set_fallback(handler::event_handler(handler));
            }

            /// Calls `handler` for every socket that begins to leave, while its rooms are still there. See
            /// [`Socket::on_disconnecting`].
            pub fn on_disconnecting(&self, handler: impl Fn(&Socket, DisconnectReason) + Send + Sync + 'static) {
                self.registry().listeners.write().add_disconnecting(Arc::new(handler));
            }

            /// Calls `handler` once for every socket that had connected, after its last event.
            pub fn on_disconnect<F, Fut>(&self, handler: F)
            where
                F: Fn(Socket, DisconnectReason) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.registry().listeners.write().add_disconnect(handler::disconnect_handler(handler));
            }
        }
    };
}

registration!(Namespace);
registration!(DynamicNamespace);

impl Namespace {
    fn registry(&self) -> &Registry {
        &self.0.registry
    }
}

/// Namespaces that come into being when a client connects to a name that a predicate accepts, and go with their last
/// socket. What is registered here holds for each of them.
#[derive(Clone)]
pub struct DynamicNamespace {
    pub(crate) registry: Arc<Registry>,
    pub(crate) shared: Arc<Shared>,
}

impl DynamicNamespace {
    /// Emits to every socket of every namespace that exists at the moment. `args` is a tuple.
    ///
    /// # Errors
    /// [`EncodeError`] if the arguments do not serialise; then nobody got anything.
    pub fn emit(&self, event: &str, args: impl EmitArgs) -> Result<(), EncodeError> {
        self.children().iter().try_for_each(|child| child.emit(event, &args))
    }

    /// The namespaces that exist at the moment, in no order.
    pub fn children(&self) -> Vec<Namespace> {
        self.shared.children(&self.registry)
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl fmt::Debug for DynamicNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicNamespace").finish_non_exhaustive()
    }
}
