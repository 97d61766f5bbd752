//! Counters, for metrics.

/// What a server holds and has done so far, as of one moment. [`crate::Server::stats`]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Of the connections below: how many by transport, packets, bytes, what is queued and dropped, closes by reason.
    pub engine: engineio::Stats,
    /// Namespaces that exist.
    pub namespaces: usize,
    /// Sockets in all namespaces, those still in the middleware included.
    pub sockets: usize,
    /// Rooms that have a member, the sockets' own ones not counted.
    pub rooms: usize,
    /// Events that clients sent.
    pub events_in: u64,
    /// Connections that were closed for a malformed packet, or for one at the wrong time.
    pub malformed: u64,
}
