//! Settings of a server.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use engineio::{Config, Engine, Refusal};
use futures_util::future::BoxFuture;
use http::Extensions;
use http::request::Parts;
use parking_lot::{Mutex, RwLock};

use super::{Door, Inbound, Server, Shared};
use crate::adapter::Adapter;
use crate::recovery::Recovery;
use crate::service::Bundle;

/// How long a client may take to join a namespace. Node's `connectTimeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);
/// Events that wait for their turn on one connection before it is read no further, and the bytes of their packets. A
/// client that sends faster than its handlers finish is slowed down by this; there is no gain in a longer line.
const INBOUND: Inbound = Inbound { events: 64, bytes: 256 * 1024 };

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
    ///
    /// `max_payload` bounds a message, which is what Node's `maxHttpBufferSize` does. Here it also bounds the binary
    /// attachments of one packet together: Node adds them up without end, and a client could have it keep any amount.
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
            attachments_bytes: self.engine.max_payload,
            recovery: self.recovery,
            // Half of a client's queue, so that what is emitted next finds room.
            replay_max: self.engine.outbound_limit / 2,
            parked: Mutex::default(),
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

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("connect_timeout", &self.connect_timeout).finish_non_exhaustive()
    }
}
