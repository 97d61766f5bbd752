//! Settings, with Node's defaults.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Extensions, StatusCode};

use crate::Transport;

/// Settings of an [`Engine`](crate::Engine). Names and defaults are those of Node's engine.io where it has them.
#[derive(Clone, Debug)]
pub struct Config {
    /// From one pong (or the handshake) to the next ping. 25 s.
    pub ping_interval: Duration,
    /// From a ping to the pong that must answer it. 20 s.
    pub ping_timeout: Duration,
    /// For an upgrade from long-polling, from the WebSocket handshake to its last step. 10 s.
    pub upgrade_timeout: Duration,
    /// The longest message, WebSocket frame or POST body from a peer, in bytes (`maxHttpBufferSize`). 1 MB.
    pub max_payload: usize,
    /// How much may wait to be written to one peer, in bytes, before its connection is closed; volatile frames are dropped
    /// from half of it. Each frame counts with its length and 96 bytes. 1 MiB.
    pub outbound_limit: usize,
    /// How much may wait to be written to all peers together, in bytes; above it the longest queues of peers that do not
    /// read are closed first. No limit.
    pub outbound_total: Option<usize>,
    /// How long a peer may read nothing while something waits for it. 10 s.
    pub stall_timeout: Duration,
    /// How long reading may be paused, [`Flow::Pause`](crate::Flow::Pause). 30 s.
    pub paused_limit: Duration,
    /// How long the fragments of a WebSocket message may take to arrive. 10 s.
    pub fragment_timeout: Duration,
    /// The transports that are served. Both.
    pub transports: Transports,
    /// Whether long-polling may be upgraded to WebSocket. Yes.
    pub allow_upgrades: bool,
    /// Which other origins may use the server from a browser. None.
    pub cors: Cors,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            outbound_limit: 1 << 20,
            outbound_total: None,
            stall_timeout: Duration::from_secs(10),
            paused_limit: Duration::from_secs(30),
            fragment_timeout: Duration::from_secs(10),
            transports: Transports::default(),
            allow_upgrades: true,
            cors: Cors::default(),
        }
    }
}

impl Config {
    /// The defaults with the changes that `change` makes; shorter than a binding when one value differs.
    #[must_use]
    pub fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut config = Self::default();
        change(&mut config);
        config
    }
}

/// The transports that a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transports {
    /// HTTP long-polling.
    pub polling: bool,
    /// WebSocket.
    pub websocket: bool,
}

impl Transports {
    /// Whether this one is offered.
    #[must_use]
    pub fn offers(self, transport: Transport) -> bool {
        match transport {
            Transport::Polling => self.polling,
            Transport::WebSocket => self.websocket,
        }
    }
}

impl Default for Transports {
    fn default() -> Self {
        Self { polling: true, websocket: true }
    }
}

/// Cross-origin resource sharing: which pages of other origins may talk to the server.
///
/// CORS guards the answers to HTTP requests only; a browser opens WebSockets to anywhere. Refuse foreign origins with
/// [`Builder::check`](crate::Builder::check).
#[derive(Clone, Debug, Default)]
pub struct Cors {
    /// The origins that are let in.
    pub origins: Origins,
    /// Whether their requests may carry cookies.
    pub credentials: bool,
}

/// A set of origins.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Origins {
    /// None: no CORS header is ever sent.
    #[default]
    None,
    /// All of them.
    Any,
    /// These, each as a browser sends it: `https://example.org`, without a path.
    List(Vec<String>),
    /// Those that the function says yes to.
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Any => f.write_str("Any"),
            Self::List(list) => f.debug_tuple("List").field(list).finish(),
            Self::Matching(_) => f.write_str("Matching(..)"),
        }
    }
}

/// The answer to a request that is not let in, `{"code":…,"message":…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The number in the body; Node's is 4.
    pub code: u8,
    /// The text in the body.
    pub message: String,
}

impl Refusal {
    /// 403 with code 4, as Node answers when `allowRequest` says no.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, code: 4, message: message.into() }
    }

    /// Another status, with code 4.
    pub fn with_status(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, code: 4, message: message.into() }
    }
}

impl Default for Refusal {
    fn default() -> Self {
        Self::forbidden("Forbidden")
    }
}

/// Decides on a handshake; what it returns ends up in the socket's handshake.
pub(crate) type AllowRequest =
    Arc<dyn Fn(&Parts) -> Pin<Box<dyn Future<Output = Result<Extensions, Refusal>> + Send>> + Send + Sync>;
/// Decides on any request.
pub(crate) type Check = Arc<dyn Fn(&Parts) -> Result<(), Refusal> + Send + Sync>;
