//! Why a socket ended.

use std::fmt;

use engineio::CloseReason;

/// Why a socket was disconnected, with the names that Node's documentation gives them
/// ("Server API", "Socket", event `disconnect`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace by `socket.disconnect()`.
    ClientNamespaceDisconnect,
    /// The server left it by [`crate::Socket::disconnect`].
    ServerNamespaceDisconnect,
    /// The server is closing.
    ServerShuttingDown,
    /// The client did not answer a heartbeat in time.
    PingTimeout,
    /// The connection was closed by the client, lost, or cut because the client did not read.
    TransportClose,
    /// The connection broke with an error, or the client broke the rules of the transport.
    TransportError,
    /// The client sent something that is no packet.
    ParseError,
    /// The server closed the connection without leaving its namespaces, for example because a handler panicked.
    ForcedServerClose,
    /// The connection was closed by force, for example because no namespace was joined in time.
    ForcedClose,
}

impl DisconnectReason {
    /// The name as in Node.
    pub fn as_str(self) -> &'static str {
        match self {
            DisconnectReason::ClientNamespaceDisconnect => "client namespace disconnect",
            DisconnectReason::ServerNamespaceDisconnect => "server namespace disconnect",
            DisconnectReason::ServerShuttingDown => "server shutting down",
            DisconnectReason::PingTimeout => "ping timeout",
            DisconnectReason::TransportClose => "transport close",
            DisconnectReason::TransportError => "transport error",
            DisconnectReason::ParseError => "parse error",
            DisconnectReason::ForcedServerClose => "forced server close",
            DisconnectReason::ForcedClose => "forced close",
        }
    }
}

impl From<CloseReason> for DisconnectReason {
    /// A limit that Node does not know of looks to the application as it does to the client: the connection was closed.
    fn from(reason: CloseReason) -> DisconnectReason {
        match reason {
            CloseReason::TransportError => DisconnectReason::TransportError,
            CloseReason::PingTimeout | CloseReason::PausedTooLong => DisconnectReason::PingTimeout,
            CloseReason::ParseError => DisconnectReason::ParseError,
            CloseReason::ServerShutdown => DisconnectReason::ServerShuttingDown,
            CloseReason::ForcedClose => DisconnectReason::ForcedClose,
            CloseReason::Panicked => DisconnectReason::ForcedServerClose,
            _ => DisconnectReason::TransportClose,
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
