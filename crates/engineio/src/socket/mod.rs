//! One connection: the handle that users hold, and the state behind it.

mod deadlines;
mod ending;
mod reading;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::net::TcpStream;

pub(crate) use self::deadlines::{Due, millis};
pub(crate) use self::ending::{Closing, LINGER, Leave};
use crate::engine::Shared;
use crate::line::Exchange;
use crate::outbound::Outbound;
use crate::sessions::Sid;
use crate::ws::Stream;
use crate::{CloseReason, Closed, Frame, Handshake, Session, Transport};

/// A handle on a connection. Clones are cheap and refer to the same connection; holding one keeps no connection open.
#[derive(Clone)]
pub struct Socket(pub(crate) Arc<Inner>);

impl Socket {
    /// Queues messages, next to each other and in order.
    ///
    /// # Errors
    /// The socket is closed; or it is closed now, with [`CloseReason::SlowReader`], because the messages exceed
    /// [`Config::outbound_limit`](crate::Config::outbound_limit). One call may exceed it when nothing else is queued.
    pub fn send(&self, frames: impl IntoIterator<Item = Frame>) -> Result<(), Closed> {
        self.0.queue(|queue, limit| queue.push(frames, limit))
    }

    /// Queues messages that may be lost: they are dropped, and false returned, when the socket is closed or its queue is
    /// half full.
    pub fn send_volatile(&self, frames: impl IntoIterator<Item = Frame>) -> bool {
        let limit = self.0.engine.config.outbound_limit;
        if self.0.out.lock().queue.bytes() > limit / 2 {
            self.0.engine.counters.dropped_volatile();
            return false;
        }
        self.send(frames).is_ok()
    }

    /// Goes on reading after [`Flow::Pause`](crate::Flow::Pause).
    pub fn resume(&self) {
        self.0.resume();
    }

    /// Closes the connection. What is queued is dropped; on WebSocket a close frame follows, on long-polling a close
    /// packet. The session is told at once, and within a second the transport is gone, whatever the peer does.
    pub fn close(&self, reason: CloseReason) {
        self.0.close(reason, Leave::Drop);
    }

    /// Like [`Socket::close`], with these messages in place of what is queued: the way out for a peer that must get nothing
    /// more. Only a message that has begun to leave is completed, with the binary ones right behind it in the same [`Socket::send`],
    /// and what the kernel has, it has; of a long-polling answer that has begun, the peer gets no more than it takes at once.
    /// Once the end is on its way by [`Socket::close_after_flush`], nothing is put before it any more.
    pub fn close_with(&self, reason: CloseReason, last: impl IntoIterator<Item = Frame>) {
        self.0.close_with(reason, Leave::Drop, last);
        self.0.cut_answer();
    }

    /// Like [`Socket::close`], but what is queued goes first, as far as the peer takes it within the same second. Nothing
    /// more is read or accepted for sending.
    pub fn close_after_flush(&self, reason: CloseReason) {
        self.0.close(reason, Leave::Flush(LINGER));
    }

    /// How the connection talks at the moment; an upgrade changes it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        if self.0.upgraded.load(Relaxed) { Transport::WebSocket } else { Transport::Polling }
    }

    /// The request that opened the connection.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Whether the connection is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// What is queued for the peer and counts towards the limit, in bytes.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.0.out.lock().queue.bytes()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("transport", &self.transport())
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

/// Where the frames go.
pub(crate) enum Wire {
    /// They wait for a GET.
    Polling,
    /// The flusher writes them.
    Tcp(TcpStream),
    /// The task of the connection writes them.
    Task,
    /// Nowhere any more.
    Gone,
}

/// How far an upgrade has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// There is none.
    No,
    /// A WebSocket was opened for this session.
    Started,
    /// `3probe` was sent: polls are answered at once, so that the client can stop them.
    Probed,
}

/// The outgoing side, under one lock.
pub(crate) struct Out {
    pub(crate) queue: Outbound,
    pub(crate) wire: Wire,
    pub(crate) closing: Option<Closing>,
    /// The socket stands in its shard's list.
    pub(crate) dirty: bool,
    /// The peer takes nothing at the moment; whoever waits for it requests the next flush.
    pub(crate) blocked: bool,
    pub(crate) upgrade: Upgrade,
    /// A GET is open, and what wakes it.
    pub(crate) getting: bool,
    pub(crate) get: Option<Waker>,
    /// The request that the latest polling answer goes to, where the accept loop told of it.
    pub(crate) exchange: Option<Exchange>,
    /// What wakes the POST that is being read.
    pub(crate) post: Option<Waker>,
}

impl Out {
    /// Marks the socket for its flusher; true when it has to be put on the list.
    pub(crate) fn becomes_dirty(&mut self) -> bool {
        !self.blocked && !std::mem::replace(&mut self.dirty, true)
    }

    fn transport(&self) -> Transport {
        match self.wire {
            Wire::Polling => Transport::Polling,
            _ => Transport::WebSocket,
        }
    }
}

/// The state of a connection. Times are milliseconds of the engine's clock, 0 is "not".
pub(crate) struct Inner {
    pub(crate) engine: Arc<Shared>,
    pub(crate) sid: Sid,
    pub(crate) handshake: Handshake,
    pub(crate) out: Mutex<Out>,
    session: Mutex<Option<Box<dyn Session>>>,
    open: AtomicBool,
    upgraded: AtomicBool,
    flow: AtomicU8,
    /// A POST is being read; a WebSocket that has taken over waits for its end.
    pub(crate) posting: AtomicBool,
    /// Wakes the task that owns the WebSocket.
    pub(crate) task: AtomicWaker,
    /// The next ping, or with [`AWAITS_PONG`] the deadline of the pong.
    beat: AtomicU64,
    paused_at: AtomicU64,
    /// Since when the peer has taken nothing although something waits.
    stalled_at: AtomicU64,
    /// Since when the first fragment of a message is here.
    pub(crate) fragment_at: AtomicU64,
}

impl Inner {
    pub(crate) fn new(engine: Arc<Shared>, sid: Sid, handshake: Handshake, wire: Wire) -> Arc<Self> {
        let ping_at = engine.clock.now() + millis(engine.config.ping_interval);
        let upgraded = !matches!(wire, Wire::Polling);
        Arc::new(Self {
            engine,
            sid,
            handshake,
            out: Mutex::new(Out {
                queue: Outbound::default(),
                wire,
                closing: None,
                dirty: false,
                blocked: false,
                upgrade: Upgrade::No,
                getting: false,
                get: None,
                exchange: None,
                post: None,
            }),
            session: Mutex::new(None),
            open: AtomicBool::new(true),
            upgraded: AtomicBool::new(upgraded),
            flow: AtomicU8::new(reading::RUNNING),
            posting: AtomicBool::new(false),
            task: AtomicWaker::new(),
            beat: AtomicU64::new(ping_at),
            paused_at: AtomicU64::new(0),
            stalled_at: AtomicU64::new(0),
            fragment_at: AtomicU64::new(0),
        })
    }

    /// Queues the open packet and lets the handler open its session. False when the handler panicked.
    pub(crate) fn start(self: &Arc<Self>, open_packet: Frame) -> bool {
        let (transport, flush) = {
            let mut out = self.out.lock();
            out.queue.push_control(open_packet);
            let flush = !matches!(out.wire, Wire::Polling) && out.becomes_dirty();
            (out.transport(), flush)
        };
        if flush {
            self.request_flush();
        }
        self.engine.counters.opened(transport);
        self.engine.sessions.insert(Arc::clone(self));
        let handle = Socket(Arc::clone(self));
        let Ok(session) = catch_unwind(AssertUnwindSafe(|| self.engine.handler.open(&handle))) else {
            tracing::error!("the handler panicked while opening a session");
            self.close(CloseReason::Panicked, Leave::Drop);
            return false;
        };
        *self.session.lock() = Some(session);
        if let Some(closing) = self.out.lock().closing {
            // It was closed before there was a session to tell.
            self.spawn_finish(closing.reason);
        }
        if self.engine.is_closing() {
            // It came in while the door was being closed.
            self.close(CloseReason::ServerShutdown, Leave::Flush(LINGER));
        }
        true
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Acquire)
    }

    pub(crate) fn request_flush(self: &Arc<Self>) {
        self.engine.shard(&self.sid).push(Arc::clone(self));
    }

    /// Answers a ping. Counts like any message.
    pub(crate) fn answer_ping(self: &Arc<Self>, payload: &[u8]) {
        // A closed connection owes no answer.
        let _ = self.queue(|queue, limit| queue.push_pong(Frame::pong(payload), limit));
    }

    /// Has frames queued by `push`, which says whether they are within the limit that it is given.
    fn queue(self: &Arc<Self>, push: impl FnOnce(&mut Outbound, usize) -> bool) -> Result<(), Closed> {
        let mut out = self.out.lock();
        if out.closing.is_some() {
            return Err(Closed);
        }
        let fits = push(&mut out.queue, self.engine.config.outbound_limit);
        let flush = out.becomes_dirty();
        drop(out);
        if !fits {
            self.close(CloseReason::SlowReader, Leave::Drop);
            return Err(Closed);
        }
        if flush {
            self.request_flush();
        }
        Ok(())
    }

    /// A long-polling response was handed over.
    pub(crate) fn landed(self: &Arc<Self>) {
        let mut out = self.out.lock();
        out.queue.landed();
        let flush = !out.queue.is_empty() && out.becomes_dirty();
        drop(out);
        if flush {
            self.request_flush();
        }
    }

    /// The WebSocket takes over, unless the session was closed meanwhile.
    pub(crate) fn switch<S: Stream>(self: &Arc<Self>, stream: S) -> Result<S::Carrier, S> {
        let mut out = self.out.lock();
        if out.closing.is_some() {
            return Err(stream);
        }
        let (wire, carrier) = stream.attach();
        out.wire = wire;
        out.upgrade = Upgrade::No;
        out.blocked = false;
        if !out.queue.in_flight() {
            out.exchange = None;
        }
        self.upgraded.store(true, Relaxed);
        self.engine.counters.upgraded();
        let get = out.get.take();
        let flush = out.becomes_dirty();
        // Under the lock, as everything that says whether the peer takes something.
        self.progressed();
        drop(out);
        if let Some(waker) = get {
            waker.wake();
        }
        if flush {
            self.request_flush();
        }
        self.tell_upgraded();
        Ok(carrier)
    }
}
