//! A client in a namespace, as the application sees it.

mod emit;
mod life;
mod listen;
mod rooms;

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use engineio::{Handshake, Transport};
use hashbrown::HashMap;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::args::Args;
use crate::connection::Connection;
use crate::data::Data;
use crate::handler::Listeners;
use crate::id::SocketId;
use crate::namespace::{Inner as NamespaceInner, Namespace};
use crate::recovery::{Returning, Thread};
use crate::rooms::Joined;
use crate::runner::Job;

/// A client's connection to one namespace. Cloning gives another handle to the same socket.
///
/// The library itself lets go of a socket when it disconnects; a handle that is kept longer keeps a few hundred bytes, and
/// everything sent through it is [`crate::EmitError::Closed`].
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    id: SocketId,
    /// Names the socket in this process; cheaper to compare and hash than the id.
    key: u64,
    namespace: Arc<NamespaceInner>,
    connection: Arc<Connection>,
    auth: Option<Box<RawValue>>,
    connected: AtomicBool,
    recovered: AtomicBool,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) phase: Phase,
    /// What waits for its turn; see the module `runner`.
    pub(crate) queue: VecDeque<Job>,
    /// Somebody is at work on the queue.
    pub(crate) running: bool,
    pub(crate) listeners: Option<Box<Listeners>>,
    rooms: Vec<Joined>,
    acks: HashMap<u64, oneshot::Sender<Args>>,
    data: Option<Data>,
    recovery: Option<Box<Recovery>>,
}

/// How a socket stands to connection state recovery.
enum Recovery {
    /// It claimed to be one that was cut off, and is not let in yet.
    Returning(Arc<Returning>),
    /// It may come back one day.
    Connected(Thread),
}

/// The life of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The middleware is at work; CONNECT is not answered.
    Connecting,
    /// CONNECT is answered.
    Connected,
    /// Disconnected or refused; the rooms are still there for the disconnecting handlers.
    Leaving,
    /// In no room any more; handlers may still be at work on what had arrived.
    Ending,
    /// The last handler has returned. Nothing more is registered, so that no cycle of handles remains.
    Ended,
}

/// What became of a socket that was to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// CONNECT is answered.
    Open,
    /// It has ended meanwhile.
    Ended,
    /// It cannot be recovered after all, so that it is not one whom the middleware has let in before.
    Stranger,
}

/// What becomes of the events that wait when a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The peer went: what it had sent is still handled.
    Finish,
    /// The server ended it: nothing more of it is handled.
    Drop,
}

impl Socket {
    pub(crate) fn new(
        namespace: Arc<NamespaceInner>,
        connection: Arc<Connection>,
        auth: Option<Box<RawValue>>,
    ) -> Socket {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        let returning = namespace.recovery.as_ref().and_then(|store| store.claim(auth.as_deref())).map(Arc::new);
        let session = returning.as_ref().map(|returning| &returning.session);
        let (id, data) =
            session.map_or_else(|| (SocketId::random(), None), |session| (session.id, session.data.clone()));
        let state = State {
            phase: Phase::Connecting,
            queue: VecDeque::new(),
            running: false,
            listeners: None,
            rooms: Vec::new(),
            acks: HashMap::new(),
            data,
            recovery: returning.clone().map(|returning| Box::new(Recovery::Returning(returning))),
        };
        let socket = Socket(Arc::new(Inner {
            id,
            key: KEYS.fetch_add(1, Ordering::Relaxed),
            namespace,
            connection,
            auth,
            connected: AtomicBool::new(false),
            recovered: AtomicBool::new(returning.is_some()),
            state: Mutex::new(state),
        }));
        socket.0.namespace.rooms.enter(&socket);
        socket
    }

    pub(crate) fn key(&self) -> u64 {
        self.0.key
    }

    pub(crate) fn engine(&self) -> &engineio::Socket {
        &self.0.connection.engine
    }

    pub(crate) fn namespace_inner(&self) -> &Arc<NamespaceInner> {
        &self.0.namespace
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    pub(crate) fn state(&self) -> &Mutex<State> {
        &self.0.state
    }

    /// The public id: in the packets of this namespace, and the name of the room that only this socket is in.
    pub fn id(&self) -> &SocketId {
        &self.0.id
    }

    /// The name of the namespace, starting with `/`.
    pub fn namespace_name(&self) -> &str {
        &self.0.namespace.name
    }

    /// The namespace that it is in; Node's `nsp`.
    pub fn namespace(&self) -> Namespace {
        Namespace(Arc::clone(&self.0.namespace))
    }

    /// The HTTP request that opened the connection: headers, query, address, time, and the extensions that
    /// [`crate::Builder::allow_request`] returned.
    pub fn handshake(&self) -> &Handshake {
        self.0.connection.engine.handshake()
    }

    /// The JSON text of the `auth` payload that came with CONNECT, if any.
    pub fn auth_raw(&self) -> Option<&RawValue> {
        self.0.auth.as_deref()
    }

    /// The `auth` payload that came with CONNECT; a client that sends none counts as sending `{}`.
    ///
    /// # Errors
    /// The payload does not fit the type.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.auth_raw().map_or("{}", RawValue::get))
    }

    /// How the client is connected at the moment; it changes when polling is upgraded to WebSocket.
    pub fn transport(&self) -> Transport {
        self.0.connection.engine.transport()
    }

    /// Whether CONNECT has been answered and neither side has disconnected.
    pub fn is_connected(&self) -> bool {
        self.0.connected.load(Ordering::Acquire)
    }

    /// Whether it is a socket that was cut off and has come back: it has its id, rooms and data, and gets what it missed.
    /// In the middleware, which runs before that, it says that the client claims so and may do so. See
    /// [`crate::Builder::recovery`].
    pub fn recovered(&self) -> bool {
        self.0.recovered.load(Ordering::Relaxed)
    }

    /// Attaches data to the socket, in place of what was attached before. It lives as long as the last handle: a handle
    /// of the same socket inside it would keep both for ever.
    pub fn set_data<T: Any + Send + Sync>(&self, data: T) {
        // The old value is dropped after the lock.
        let _old = self.0.state.lock().data.replace(Data::own(data));
    }

    /// Like [`Socket::set_data`], and whoever finds the socket with [`crate::Broadcast::fetch_sockets`], on another server
    /// too, reads it as JSON: [`crate::RemoteSocket::data`]. In Node all of a socket's data is of this kind.
    ///
    /// ```
    /// # use socketio::{ConnectError, Server};
    /// #[derive(serde::Serialize)]
    /// struct Player {
    ///     name: String,
    /// }
    ///
    /// let io = Server::new();
    /// io.of("/").middleware(|socket, auth| async move {
    ///     let name = auth["name"].as_str().ok_or_else(|| ConnectError::new("who are you?"))?.to_owned();
    ///     socket.share_data(Player { name });
    ///     Ok(())
    /// });
    /// ```
    pub fn share_data<T: Any + Send + Sync + Serialize>(&self, data: T) {
        let _old = self.0.state.lock().data.replace(Data::shared(data));
    }

    /// What was shared, as it is now.
    pub(crate) fn shared_data(&self) -> Option<Box<RawValue>> {
        // The application's `Serialize` runs after the lock.
        let data = self.0.state.lock().data.clone()?;
        data.to_json()
    }

    /// The attached data, if it is of this type.
    pub fn data<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let data = self.0.state.lock().data.clone()?;
        data.get()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", self.id())
            .field("namespace", &self.namespace_name())
            .finish_non_exhaustive()
    }
}
