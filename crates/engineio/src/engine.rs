//! The engine: what all its connections share, and how it starts and ends.

use std::fmt;
use std::future::Future;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use http::Extensions;
use http::request::Parts;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::{AllowRequest, Check};
use crate::flush::Shard;
use crate::sessions::{Sessions, Sid};
use crate::socket::{Inner, LINGER, Leave};
use crate::stats::Counters;
use crate::{CloseReason, Config, Frame, Handler, Refusal, Stats, sweep};

/// An Engine.IO 4 server.
///
/// It is a [`tower_service::Service`] of HTTP requests and answers whatever path it is mounted at. It needs a Tokio runtime
/// when the first request arrives. Clones refer to the same server; when the last one is gone its tasks end.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    _owner: Arc<Owner>,
}

impl Engine {
    /// A server without hooks.
    pub fn new(config: Config, handler: impl Handler) -> Self {
        Self::builder(config).build(handler)
    }

    /// A server with hooks.
    #[must_use]
    pub fn builder(config: Config) -> Builder {
        Builder { config, allow_request: None, check: None }
    }

    /// The counters, as of now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    /// Closes every connection with [`CloseReason::ServerShutdown`] and lets none in any more. What is queued goes out
    /// first, for `grace` at most. Returns when the last transport is gone.
    pub async fn close(&self, grace: Duration) {
        self.shared.closing.store(true, Relaxed);
        for socket in self.shared.sessions.collect(|socket| Some(Arc::clone(socket))) {
            socket.close(CloseReason::ServerShutdown, Leave::Flush(grace));
        }
        let gone = async {
            loop {
                let notified = self.shared.all_gone.notified();
                if self.shared.transports.load(Acquire) == 0 && self.shared.sessions.collect(|_| Some(())).is_empty() {
                    return;
                }
                // The timer covers long-polling sessions, which have no transport to wait for between two polls.
                let _ = tokio::time::timeout(Duration::from_millis(20), notified).await;
            }
        };
        if tokio::time::timeout(grace + LINGER, gone).await.is_err() {
            tracing::warn!("some connections outlived the grace of a shutdown");
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// Makes an [`Engine`] with hooks.
pub struct Builder {
    config: Config,
    allow_request: Option<AllowRequest>,
    check: Option<Check>,
}

impl Builder {
    /// Decides on every handshake (Node's `allowRequest`), after the request itself was found to be in order. The
    /// extensions that it returns stay with the connection, in [`Handshake::extensions`](crate::Handshake::extensions).
    #[must_use]
    pub fn allow_request<F, Fut>(mut self, allow: F) -> Self
    where
        F: Fn(&Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Extensions, Refusal>> + Send + 'static,
    {
        self.allow_request = Some(Arc::new(move |parts| Box::pin(allow(parts))));
        self
    }

    /// Decides on every request, polls and upgrades too, before anything else: the place for a rule about origins.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&Parts) -> Result<(), Refusal> + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// The server.
    pub fn build(self, handler: impl Handler) -> Engine {
        let shards = available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            config: self.config,
            allow_request: self.allow_request,
            check: self.check,
            handler: Box::new(handler),
            sessions: Sessions::default(),
            shards: (0..shards).map(|_| Arc::default()).collect(),
            counters: Counters::default(),
            clock: Clock(Instant::now()),
            ping: Frame::packet("2"),
            runtime: OnceLock::new(),
            closing: AtomicBool::new(false),
            transports: AtomicUsize::new(0),
            all_gone: Notify::new(),
        });
        Engine { _owner: Arc::new(Owner(Arc::clone(&shared))), shared }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Ends the engine's tasks with the last [`Engine`]; sockets do not own one.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.closing.store(true, Relaxed);
        if self.0.runtime.get().is_some() {
            for socket in self.0.sessions.collect(|socket| Some(Arc::clone(socket))) {
                socket.close(CloseReason::ServerShutdown, Leave::Flush(LINGER));
            }
        }
        for shard in &self.0.shards {
            shard.stop();
        }
    }
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) allow_request: Option<AllowRequest>,
    pub(crate) check: Option<Check>,
    pub(crate) handler: Box<dyn Handler>,
    pub(crate) sessions: Sessions,
    pub(crate) shards: Vec<Arc<Shard>>,
    pub(crate) counters: Counters,
    pub(crate) clock: Clock,
    pub(crate) ping: Frame,
    runtime: OnceLock<Handle>,
    closing: AtomicBool,
    transports: AtomicUsize,
    all_gone: Notify,
}

impl Shared {
    /// The runtime, with the engine's own tasks running on it.
    pub(crate) fn runtime(self: &Arc<Self>) -> &Handle {
        self.runtime.get_or_init(|| {
            let runtime = Handle::current();
            for shard in &self.shards {
                runtime.spawn(Arc::clone(shard).run());
            }
            runtime.spawn(sweep::run(Arc::downgrade(self)));
            runtime
        })
    }

    pub(crate) fn shard(&self, sid: &Sid) -> &Arc<Shard> {
        &self.shards[sid.spread() % self.shards.len()]
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Counts a WebSocket for as long as the guard lives.
    pub(crate) fn transport(self: &Arc<Self>) -> TransportGuard {
        self.transports.fetch_add(1, AcqRel);
        TransportGuard(Arc::clone(self))
    }

    /// The open packet, Engine.IO protocol 4, "Handshake".
    pub(crate) fn open_packet(&self, socket: &Inner, upgradable: bool) -> Frame {
        let config = &self.config;
        let upgrades =
            if upgradable && config.allow_upgrades && config.transports.websocket { "\"websocket\"" } else { "" };
        Frame::packet(&format!(
            "0{{\"sid\":\"{}\",\"upgrades\":[{upgrades}],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
            socket.sid.as_str(),
            config.ping_interval.as_millis(),
            config.ping_timeout.as_millis(),
            config.max_payload,
        ))
    }
}

/// See [`Shared::transport`].
pub(crate) struct TransportGuard(Arc<Shared>);

impl Drop for TransportGuard {
    fn drop(&mut self) {
        if self.0.transports.fetch_sub(1, AcqRel) == 1 {
            self.0.all_gone.notify_waiters();
        }
    }
}

/// Milliseconds since the engine was made, and one more, so that 0 can mean "never".
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn now(&self) -> u64 {
        self.0.elapsed().as_millis() as u64 + 1
    }
}
