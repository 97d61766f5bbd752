//! What the user of the engine implements, and what it is told.

use std::fmt;

use crate::Socket;

/// Opens a [`Session`] for every new connection. One handler serves an [`Engine`](crate::Engine).
pub trait Handler: Send + Sync + 'static {
    /// Called once per connection, after the handshake was accepted and the open packet queued, before anything is read.
    /// Frames sent in here follow the open packet. Must not block.
    fn open(&self, socket: &Socket) -> Box<dyn Session>;
}

/// One connection, seen from above. The engine owns it and drops it when the connection ends, so a session may hold its
/// [`Socket`] without keeping anything alive.
///
/// A panic in a method closes that one connection, with [`CloseReason::Panicked`].
pub trait Session: Send + 'static {
    /// A message arrived. Called in the order of arrival, one at a time, on the task that reads; must not block.
    fn message(&mut self, message: Message<'_>) -> Flow;

    /// The connection has moved from long-polling to WebSocket. Called between two messages; must not block.
    fn upgraded(&mut self) {}

    /// The connection has ended. Called exactly once and last, never from within a call of a [`Socket`]'s method, so locks
    /// held around those are safe to take here.
    fn close(&mut self, reason: CloseReason);
}

/// Whether reading goes on after a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Read nothing more until [`Socket::resume`]; on long-polling the POST stays unanswered meanwhile. A `resume` that
    /// comes while the message is still being handled is not lost. After
    /// [`Config::paused_limit`](crate::Config::paused_limit) the connection is closed.
    Pause,
}

/// A message from the peer, lent from the buffer that it was read into: whoever keeps it copies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text.
    Text(&'a str),
    /// Binary.
    Binary(&'a [u8]),
}

/// How a connection talks. The protocol knows a third way, WebTransport, which is not served; where it has its place is
/// told [in the crate's documentation](crate#a-third-transport).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket (RFC 6455).
    WebSocket,
}

impl Transport {
    /// Every one, in the order in which a client moves from one to the next.
    pub const ALL: [Self; 2] = [Self::Polling, Self::WebSocket];

    /// The name in the query of a request: `polling`, `websocket`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed it: a close packet, a WebSocket close frame or the end of the TCP stream.
    TransportClose,
    /// The transport failed: a broken TCP stream, a poll cut off, two polls at once, a message over the limit.
    TransportError,
    /// No pong came in time.
    PingTimeout,
    /// The peer sent something that is no packet.
    ParseError,
    /// [`Socket::close`] was called.
    ForcedClose,
    /// The server is shutting down, [`Engine::close`](crate::Engine::close).
    ServerShutdown,
    /// The peer read so slowly that its queue reached [`Config::outbound_limit`](crate::Config::outbound_limit).
    SlowReader,
    /// The peer read nothing for [`Config::stall_timeout`](crate::Config::stall_timeout) although something was queued.
    Stalled,
    /// Reading was paused for longer than [`Config::paused_limit`](crate::Config::paused_limit).
    PausedTooLong,
    /// The session panicked.
    Panicked,
}

impl CloseReason {
    /// Every reason, in the order of [`Stats::closed`](crate::Stats::closed).
    pub const ALL: [Self; 10] = [
        Self::TransportClose,
        Self::TransportError,
        Self::PingTimeout,
        Self::ParseError,
        Self::ForcedClose,
        Self::ServerShutdown,
        Self::SlowReader,
        Self::Stalled,
        Self::PausedTooLong,
        Self::Panicked,
    ];

    /// The name that Node's socket.io has for it ("Disconnection reasons" in its documentation). A limit of this server
    /// that Node does not know is to the application what a lost transport is, `transport close`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose | Self::SlowReader | Self::Stalled => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout | Self::PausedTooLong => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose | Self::Panicked => "forced close",
            Self::ServerShutdown => "server shutting down",
        }
    }

    /// A name of its own for each reason, for counters.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::TransportClose => "transport_close",
            Self::TransportError => "transport_error",
            Self::PingTimeout => "ping_timeout",
            Self::ParseError => "parse_error",
            Self::ForcedClose => "forced_close",
            Self::ServerShutdown => "server_shutdown",
            Self::SlowReader => "slow_reader",
            Self::Stalled => "stalled",
            Self::PausedTooLong => "paused_too_long",
            Self::Panicked => "panicked",
        }
    }

    /// The status code of the WebSocket close frame (RFC 6455, section 7.4.1).
    pub(crate) fn close_code(self) -> u16 {
        match self {
            Self::ParseError => 1002,
            // On WebSocket the only error that leaves a connection to tell of it is a message over the limit.
            Self::TransportError => 1009,
            Self::ServerShutdown => 1001,
            Self::Panicked => 1011,
            Self::SlowReader | Self::Stalled | Self::PausedTooLong => 1008,
            _ => 1000,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The socket is closed, or became closed by the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the socket is closed")]
pub struct Closed;
