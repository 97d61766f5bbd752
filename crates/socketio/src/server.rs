//! The server: namespaces, settings, and the service that an HTTP server mounts.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use engineio::{Config, Engine, Refusal};
use futures_util::future::BoxFuture;
use hashbrown::HashMap;
use http::Extensions;
use http::request::Parts;
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::adapter::{Adapter, Command, Reply};
use crate::connection::{Connection, Session};
use crate::deadlines::{Deadline, Deadlines};
use crate::handler::Registry;
use crate::namespace::{DynamicNamespace, Inner as NamespaceInner, Namespace};
use crate::recovery::{Recovery, Store};
use crate::rooms::Rooms;
use crate::service::{Bundle, Service};
use crate::stats::Stats;

/// How long a client may take to join a namespace. Node's `connectTimeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);
/// Events that wait for their turn on one connection before it is read no further, and the bytes of their packets. A
/// client that sends faster than its handlers finish is slowed down by this; there is no gain in a longer line.
const INBOUND: Inbound = Inbound { events: 64, bytes: 256 * 1024 };

/// How much of a connection may wait to be handled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inbound {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// A Socket.IO server. Cloning gives another handle.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
    engine: Engine,
    bundle: Option<Arc<Bundle>>,
}

/// What connections need of the server. It knows nothing of the engine, so nothing refers back to itself.
pub(crate) struct Shared {
    namespaces: RwLock<HashMap<Box<str>, Entry>>,
    dynamic: RwLock<Vec<Dynamic>>,
    pub(crate) deadlines: Arc<Deadlines>,
    pub(crate) connect_timeout: Duration,
    pub(crate) inbound: Inbound,
    recovery: Option<Recovery>,
    replay_max: usize,
    adapter: Option<Arc<dyn Adapter>>,
    pub(crate) events_in: AtomicU64,
    pub(crate) malformed: AtomicU64,
    /// The runtime that the engine runs on, so that a socket can be disconnected from any thread.
    runtime: OnceLock<Handle>,
}

struct Entry {
    namespace: Arc<NamespaceInner>,
    /// Sockets in it; counted for dynamic namespaces only.
    sockets: Mutex<usize>,
}

struct Dynamic {
    accepts: Box<dyn Fn(&str) -> bool + Send + Sync>,
    registry: Arc<Registry>,
}

impl Server {
    /// A server with Node's defaults.
    pub fn new() -> Server {
        Server::builder().build()
    }

    /// Settings first.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The namespace of this name; it is made if it does not exist. The slash at the start may be left out.
    pub fn of(&self, name: &str) -> Namespace {
        let slashed;
        let name = if name.starts_with('/') {
            name
        } else {
            slashed = format!("/{name}");
            &slashed
        };
        if let Some(entry) = self.shared.namespaces.read().get(name) {
            return Namespace(Arc::clone(&entry.namespace));
        }
        let mut namespaces = self.shared.namespaces.write();
        let entry = namespaces.entry(name.into()).or_insert_with(|| self.shared.entry(name, Arc::default(), false));
        Namespace(Arc::clone(&entry.namespace))
    }

    /// Namespaces for every name that `accepts` says yes to and that is not a namespace by itself; Node's `of` with a
    /// function. Each is made when the first client connects to it and goes with its last socket.
    pub fn of_matching(&self, accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> DynamicNamespace {
        let registry = Arc::<Registry>::default();
        self.shared.dynamic.write().push(Dynamic { accepts: Box::new(accepts), registry: Arc::clone(&registry) });
        DynamicNamespace { registry, shared: Arc::clone(&self.shared) }
    }

    /// The names of the namespaces that exist, in no order.
    pub fn namespaces(&self) -> Vec<String> {
        self.shared.namespaces.read().keys().map(|name| name.to_string()).collect()
    }

    /// The HTTP service to mount, usually at `/socket.io/`: a tower service for `axum`, `hyper` or [`engineio::serve`].
    pub fn service(&self) -> Service {
        Service::new(self.engine.clone(), self.bundle.clone())
    }

    /// The counters, as of now.
    pub fn stats(&self) -> Stats {
        let namespaces = self.shared.namespaces.read();
        let all = || namespaces.values().map(|entry| &entry.namespace.rooms);
        Stats {
            engine: self.engine.stats(),
            namespaces: namespaces.len(),
            sockets: all().map(Rooms::population).sum(),
            rooms: all().map(Rooms::room_count).sum(),
            events_in: self.shared.events_in.load(Ordering::Relaxed),
            malformed: self.shared.malformed.load(Ordering::Relaxed),
        }
    }

    /// Does what another server asks for, with the sockets of this one: for the receiving side of an [`Adapter`]. All but
    /// the wait for clients' answers is done when this returns; the future brings the reply that is to be sent back, if
    /// the command wants one.
    pub fn apply(&self, command: Command) -> impl Future<Output = Option<Reply>> + Send + use<> {
        let namespace = {
            let namespaces = self.shared.namespaces.read();
            namespaces.get(command.namespace()).map(|entry| Arc::clone(&entry.namespace))
        };
        let applied = namespace.map(|namespace| command.apply(&namespace));
        async move { applied?.await }
    }

    /// The engine below, for its counters.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Closes every connection, without a DISCONNECT packet, so that clients come back to whoever serves next. What is
    /// queued goes out first, for at most `grace`. Disconnect handlers get "server shutting down".
    pub async fn close(&self, grace: Duration) {
        self.engine.close(grace).await;
    }
}

impl Default for Server {
    fn default() -> Server {
        Server::new()
    }
}

impl Entry {
    /// One more socket goes in.
    fn enter(&self) -> Arc<NamespaceInner> {
        if self.namespace.dynamic {
            *self.sockets.lock() += 1;
        }
        Arc::clone(&self.namespace)
    }
}

impl Shared {
    /// The namespaces that exist and share what is registered here.
    pub(crate) fn children(&self, registry: &Arc<Registry>) -> Vec<Namespace> {
        let namespaces = self.namespaces.read();
        let children = namespaces.values().filter(|entry| Arc::ptr_eq(&entry.namespace.registry, registry));
        children.map(|entry| Namespace(Arc::clone(&entry.namespace))).collect()
    }

    fn entry(&self, name: &str, registry: Arc<Registry>, dynamic: bool) -> Entry {
        let recovery = self.recovery.clone().map(|settings| Store::new(settings, self.replay_max));
        Entry {
            namespace: Arc::new(NamespaceInner::new(name, registry, dynamic, recovery, self.adapter.clone())),
            sockets: Mutex::new(0),
        }
    }

    /// The namespace that a client asks for, with a place taken in it. `None` if there is none of this name.
    pub(crate) fn enter(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        if let Some(entry) = self.namespaces.read().get(name) {
            return Some(entry.enter());
        }
        let registry = {
            let dynamic = self.dynamic.read();
            let parent = dynamic.iter().find(|parent| (parent.accepts)(name))?;
            Arc::clone(&parent.registry)
        };
        let mut namespaces = self.namespaces.write();
        Some(namespaces.entry(name.into()).or_insert_with(|| self.entry(name, registry, true)).enter())
    }

    /// Gives back a place in a namespace; an empty dynamic one goes.
    pub(crate) fn left(&self, namespace: &NamespaceInner) {
        if !namespace.dynamic {
            return;
        }
        let mut namespaces = self.namespaces.write();
        let Some(entry) = namespaces.get(&namespace.name) else { return };
        let empty = {
            let mut sockets = entry.sockets.lock();
            *sockets -= 1;
            *sockets == 0
        };
        if empty {
            namespaces.remove(&namespace.name);
        }
    }

    pub(crate) fn add_deadline(&self, at: Instant, connection: Arc<Connection>) -> Deadline {
        self.deadlines.add(self.runtime(), at, connection)
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime().spawn(work);
    }

    /// Set by the first connection, and only connections ask for it.
    fn runtime(&self) -> &Handle {
        self.runtime.get_or_init(Handle::current)
    }
}

/// The engine's way in.
struct Door(Arc<Shared>);

impl engineio::Handler for Door {
    fn open(&self, socket: &engineio::Socket) -> Box<dyn engineio::Session> {
        Box::new(Session::open(socket.clone(), Arc::clone(&self.0)))
    }
}

type AllowRequest = Box<dyn Fn(&Parts) -> BoxFuture<'static, Result<Extensions, Refusal>> + Send + Sync>;
type Check = Box<dyn Fn(&Parts) -> Result<(), Refusal> + Send + Sync>;

/// Settings of a [`Server`].
#[must_use]
pub struct Builder {
    engine: Config,
    allow_request: Option<AllowRequest>,
    check: Option<Check>,
    connect_timeout: Duration,
    inbound: Inbound,
    recovery: Option<Recovery>,
    adapter: Option<Arc<dyn Adapter>>,
    client: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            engine: Config::default(),
            allow_request: None,
            check: None,
            connect_timeout: CONNECT_TIMEOUT,
            inbound: INBOUND,
            recovery: None,
            adapter: None,
            client: None,
        }
    }
}

impl Builder {
    /// Settings of the transports: heartbeat, limits, CORS.
    pub fn engine(mut self, config: Config) -> Builder {
        self.engine = config;
        self
    }

    /// Decides on every handshake by its HTTP request, before a session exists. The returned extensions are found again in
    /// [`crate::Socket::handshake`]; a refusal is answered with its status.
    pub fn allow_request<F, Fut>(mut self, decide: F) -> Builder
    where
        F: Fn(&Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Extensions, Refusal>> + Send + 'static,
    {
        self.allow_request = Some(Box::new(move |parts| Box::pin(decide(parts))));
        self
    }

    /// Decides on every request of a client, polls and upgrades too, by what it looks like: the place for a check of the
    /// Origin header.
    pub fn check(mut self, decide: impl Fn(&Parts) -> Result<(), Refusal> + Send + Sync + 'static) -> Builder {
        self.check = Some(Box::new(decide));
        self
    }

    /// How long a client may be in no namespace: from the handshake to its first CONNECT that was let in, or after it has
    /// left the last one. 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Builder {
        self.connect_timeout = timeout;
        self
    }

    /// How many events of one connection may wait for their turn, and how many bytes they may have together, before the
    /// connection is read no further. 64 and 256 KiB. A handler that waits for the client's answer waits in vain while the
    /// connection is not read.
    pub fn inbound_limit(mut self, events: usize, bytes: usize) -> Builder {
        self.inbound = Inbound { events: events.max(1), bytes: bytes.max(1) };
        self
    }

    /// Lets clients that were cut off come back as the same socket, [`crate::Socket::recovered`]. Off by default: it adds
    /// an argument to every event that goes out.
    pub fn recovery(mut self, recovery: Recovery) -> Builder {
        self.recovery = Some(recovery);
        self
    }

    /// Makes this server one of several: what is done to a selection of sockets is done on all of them, unless it is
    /// [`crate::Broadcast::local`]. Without it a server is alone and keeps everything in memory.
    pub fn adapter(mut self, adapter: impl Adapter) -> Builder {
        self.adapter = Some(Arc::new(adapter));
        self
    }

    /// Serves the official client to browsers, from a folder: `dist/` of npm's package socket.io-client. Its scripts and
    /// source maps are found next to the server's own path, `/socket.io/socket.io.min.js`. They are read once, into
    /// memory.
    pub fn serve_client(mut self, folder: impl Into<PathBuf>) -> Builder {
        self.client = Some(folder.into());
        self
    }

    /// The server, with the namespace `/`.
    ///
    /// # Panics
    /// If the folder of [`Builder::serve_client`] cannot be read; [`Builder::try_build`] returns the error.
    pub fn build(self) -> Server {
        self.try_build().expect("the folder of the client can be read")
    }

    /// The server, with the namespace `/`.
    ///
    /// # Errors
    /// The folder of [`Builder::serve_client`] cannot be read, or holds no script.
    pub fn try_build(self) -> io::Result<Server> {
        let cors = &self.engine.cors;
        let bundle = self.client.as_deref().map(|folder| Bundle::read(folder, cors.clone())).transpose()?;
        let shared = Arc::new(Shared {
            namespaces: RwLock::default(),
            dynamic: RwLock::default(),
            deadlines: Arc::default(),
            connect_timeout: self.connect_timeout,
            inbound: self.inbound,
            recovery: self.recovery,
            // Half of a client's queue, so that what is emitted next finds room.
            replay_max: self.engine.outbound_limit / 2,
            adapter: self.adapter,
            events_in: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            runtime: OnceLock::new(),
        });
        let mut engine = Engine::builder(self.engine);
        if let Some(decide) = self.allow_request {
            engine = engine.allow_request(decide);
        }
        if let Some(decide) = self.check {
            engine = engine.check(decide);
        }
        let engine = engine.build(Door(Arc::clone(&shared)));
        let server = Server { shared, engine, bundle: bundle.map(Arc::new) };
        server.of("/");
        Ok(server)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("namespaces", &self.namespaces()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("connect_timeout", &self.connect_timeout).finish_non_exhaustive()
    }
}
