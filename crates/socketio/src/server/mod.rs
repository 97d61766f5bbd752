//! The server: namespaces, settings, and the service that an HTTP server mounts.

mod builder;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use engineio::Engine;
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::time::Instant;

pub use builder::Builder;

use crate::adapter::{Adapter, Command, Reply};
use crate::connection::{Connection, Session};
use crate::deadlines::{Deadline, Deadlines};
use crate::handler::Registry;
use crate::namespace::{DynamicNamespace, Inner as NamespaceInner, Namespace};
use crate::recovery::{Recovery, Store};
use crate::rooms::Rooms;
use crate::service::{Bundle, Service};
use crate::stats::Stats;

/// Dynamic namespaces of which something is kept after their last socket; beyond them nobody comes back, as in Node.
const PARKED_MAX: usize = 1024;

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
    /// How many bytes the attachments of one packet may have together.
    pub(crate) attachments_bytes: usize,
    recovery: Option<Recovery>,
    replay_max: usize,
    /// What is kept of dynamic namespaces that are gone, as long as somebody may come back to them.
    parked: Mutex<HashMap<Box<str>, Arc<Store>>>,
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
        let parked = self.parked.lock().remove(name);
        let fresh = || Some(Arc::new(Store::new(self.recovery.clone()?, self.replay_max)));
        let recovery = parked.or_else(fresh);
        let namespace = NamespaceInner::new(name, registry, dynamic, recovery, self.adapter.clone());
        Entry { namespace: Arc::new(namespace), sockets: Mutex::new(0) }
    }

    /// Forgets what was kept of namespaces to which nobody comes back any more.
    pub(crate) fn forget_parked(&self) {
        self.parked.lock().retain(|_, store| store.is_awaited());
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
            // Its clients may have been cut off, and come back to it.
            let awaited = namespace.recovery.as_ref().filter(|store| store.is_awaited());
            let mut parked = self.parked.lock();
            if let Some(store) = awaited.filter(|_| parked.len() < PARKED_MAX) {
                parked.insert(namespace.name.clone(), Arc::clone(store));
            }
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

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("namespaces", &self.namespaces()).finish_non_exhaustive()
    }
}
