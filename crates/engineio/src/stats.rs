//! Counters, for metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use crate::{CloseReason, Transport};

/// What an [`Engine`](crate::Engine) has done so far, as of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Open connections on long-polling.
    pub polling: u64,
    /// Open connections on WebSocket.
    pub websocket: u64,
    /// Connections opened since the start.
    pub opened: u64,
    /// Connections that were upgraded from long-polling to WebSocket.
    pub upgraded: u64,
    /// Engine.IO packets received.
    pub packets_in: u64,
    /// Engine.IO packets written.
    pub packets_out: u64,
    /// Bytes received: WebSocket streams and POST bodies.
    pub bytes_in: u64,
    /// Bytes written: WebSocket streams and GET bodies.
    pub bytes_out: u64,
    /// Volatile messages dropped because the peer reads slowly.
    pub volatile_dropped: u64,
    /// Bytes that wait for peers which do not read, as the last sweep saw them.
    pub queued: u64,
    /// Ended connections by reason, in the order of [`CloseReason::ALL`].
    pub closed: [u64; CloseReason::ALL.len()],
}

impl Stats {
    /// How many connections ended for this reason.
    #[must_use]
    pub fn closed_by(&self, reason: CloseReason) -> u64 {
        self.closed[reason as usize]
    }
}

#[derive(Default)]
pub(crate) struct Counters {
    polling: AtomicI64,
    websocket: AtomicI64,
    opened: AtomicU64,
    upgraded: AtomicU64,
    packets_in: AtomicU64,
    packets_out: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    volatile_dropped: AtomicU64,
    queued: AtomicU64,
    closed: [AtomicU64; CloseReason::ALL.len()],
}

impl Counters {
    pub(crate) fn opened(&self, transport: Transport) {
        self.opened.fetch_add(1, Relaxed);
        self.gauge(transport).fetch_add(1, Relaxed);
    }

    pub(crate) fn upgraded(&self) {
        self.upgraded.fetch_add(1, Relaxed);
        self.polling.fetch_sub(1, Relaxed);
        self.websocket.fetch_add(1, Relaxed);
    }

    pub(crate) fn closed(&self, transport: Transport, reason: CloseReason) {
        self.gauge(transport).fetch_sub(1, Relaxed);
        self.closed[reason as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn received_packets(&self, packets: u64) {
        self.packets_in.fetch_add(packets, Relaxed);
    }

    pub(crate) fn received_bytes(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn sent(&self, packets: u64, bytes: usize) {
        self.packets_out.fetch_add(packets, Relaxed);
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn dropped_volatile(&self) {
        self.volatile_dropped.fetch_add(1, Relaxed);
    }

    pub(crate) fn queued(&self, bytes: usize) {
        self.queued.store(bytes as u64, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            polling: self.polling.load(Relaxed).max(0) as u64,
            websocket: self.websocket.load(Relaxed).max(0) as u64,
            opened: self.opened.load(Relaxed),
            upgraded: self.upgraded.load(Relaxed),
            packets_in: self.packets_in.load(Relaxed),
            packets_out: self.packets_out.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            volatile_dropped: self.volatile_dropped.load(Relaxed),
            queued: self.queued.load(Relaxed),
            closed: std::array::from_fn(|place| self.closed[place].load(Relaxed)),
        }
    }

    fn gauge(&self, transport: Transport) -> &AtomicI64 {
        match transport {
            Transport::Polling => &self.polling,
            Transport::WebSocket => &self.websocket,
        }
    }
}
