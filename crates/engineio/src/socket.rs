//! One connection: the handle that users hold, and the state behind it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::engine::Shared;
use crate::outbound::Outbound;
use crate::sessions::Sid;
use crate::{CloseReason, Closed, Flow, Frame, Handshake, Message, Session, Transport};

/// The longest that a transport lives on after its connection was closed, so that what is allowed to leave can leave.
pub(crate) const LINGER: Duration = Duration::from_millis(800);

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
        let mut out = self.0.out.lock();
        if out.closing.is_some() {
            return Err(Closed);
        }
        let fits = out.queue.push(frames, self.0.engine.config.outbound_limit);
        let flush = out.becomes_dirty();
        drop(out);
        if !fits {
            self.0.close(CloseReason::SlowReader, Leave::Drop);
            return Err(Closed);
        }
        if flush {
            self.0.request_flush();
        }
        Ok(())
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

    /// Goes on reading after [`Flow::Pause`].
    pub fn resume(&self) {
        self.0.resume();
    }

    /// Closes the connection. What is queued is dropped; on WebSocket a close frame follows, on long-polling a close
    /// packet. The session is told at once, and within a second the transport is gone, whatever the peer does.
    pub fn close(&self, reason: CloseReason) {
        self.0.close(reason, Leave::Drop);
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

/// How a closed connection leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// There is nobody to tell anything.
    Gone,
    /// What is queued is dropped; the peer is told.
    Drop,
    /// What is queued goes first, for this long at most; then the peer is told.
    Flush(Duration),
    /// The peer has closed a long-polling session: its open GET gets a noop.
    Asked,
}

/// Where the frames go.
pub(crate) enum Wire {
    /// They wait for a GET.
    Polling,
    /// The flusher writes them.
    Tcp(Arc<TcpStream>),
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

/// The end of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Closing {
    pub(crate) reason: CloseReason,
    pub(crate) leave: Leave,
    /// When the transport must be gone.
    pub(crate) deadline: Instant,
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

/// The task goes on reading.
const RUNNING: u8 = 0;
/// The task waits for `resume`.
const PAUSED: u8 = 1;
/// `resume` is moving the pong deadline; still paused to everybody else.
const RESUMING: u8 = 2;
/// `resume` was called since the last message.
const RESUMED: u8 = 3;

/// Marks [`Inner::beat`] as the deadline of a pong, instead of the time of the next ping.
const AWAITS_PONG: u64 = 1 << 63;

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
                post: None,
            }),
            session: Mutex::new(None),
            open: AtomicBool::new(true),
            upgraded: AtomicBool::new(upgraded),
            flow: AtomicU8::new(RUNNING),
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
        let transport = {
            let mut out = self.out.lock();
            out.queue.push_control(open_packet);
            if out.becomes_dirty() && !matches!(out.wire, Wire::Polling) {
                self.request_flush();
            } else {
                out.dirty = false;
            }
            out.transport()
        };
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
        true
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Acquire)
    }

    pub(crate) fn request_flush(self: &Arc<Self>) {
        self.engine.shard(&self.sid).push(Arc::clone(self));
    }

    // --- what arrives -----------------------------------------------------------------------------------------------

    /// Hands a message to the session. True when reading has to stop.
    pub(crate) fn deliver(self: &Arc<Self>, message: Message) -> bool {
        if self.flow.load(Relaxed) != RUNNING {
            self.flow.store(RUNNING, Relaxed);
        }
        let outcome = {
            let session = self.session.lock();
            let Some(session) = session.as_ref().filter(|_| self.is_open()) else { return false };
            catch_unwind(AssertUnwindSafe(|| session.message(message)))
        };
        match outcome {
            Ok(Flow::Continue) => false,
            Ok(Flow::Pause) => self.pause(),
            Err(_) => {
                tracing::error!("a session panicked; its connection is closed");
                self.close(CloseReason::Panicked, Leave::Drop);
                false
            }
        }
    }

    fn pause(&self) -> bool {
        self.paused_at.store(self.engine.clock.now(), Relaxed);
        // It fails when `resume` came while the message was handled.
        self.flow.compare_exchange(RUNNING, PAUSED, AcqRel, Acquire).is_ok()
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.flow.load(Acquire), PAUSED | RESUMING)
    }

    fn resume(&self) {
        if self.flow.compare_exchange(PAUSED, RESUMING, AcqRel, Acquire).is_ok() {
            let paused = self.engine.clock.now().saturating_sub(self.paused_at.load(Relaxed));
            self.beat.fetch_add(paused, Relaxed);
        }
        self.flow.store(RESUMED, Release);
        self.wake_readers();
    }

    /// A pong arrived: the next ping is an interval away.
    pub(crate) fn pong(&self) {
        if self.beat.load(Relaxed) & AWAITS_PONG != 0 {
            self.beat.store(self.engine.clock.now() + millis(self.engine.config.ping_interval), Relaxed);
        }
    }

    pub(crate) fn wake_readers(&self) {
        self.task.wake();
        let post = self.out.lock().post.take();
        if let Some(waker) = post {
            waker.wake();
        }
    }

    // --- what leaves ------------------------------------------------------------------------------------------------

    /// The peer takes nothing although something waits.
    pub(crate) fn stalled(&self) {
        let _ = self.stalled_at.compare_exchange(0, self.engine.clock.now(), Relaxed, Relaxed);
    }

    /// The peer has taken something.
    pub(crate) fn progressed(&self) {
        if self.stalled_at.load(Relaxed) != 0 {
            self.stalled_at.store(0, Relaxed);
        }
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

    // --- the end ----------------------------------------------------------------------------------------------------

    /// Ends the connection, once; a later call can only make it faster.
    pub(crate) fn close(self: &Arc<Self>, reason: CloseReason, leave: Leave) {
        let mut out = self.out.lock();
        if let Some(closing) = out.closing {
            let faster = leave == Leave::Gone || (leave == Leave::Drop && matches!(closing.leave, Leave::Flush(_)));
            if faster {
                self.hasten(out, Closing { leave, deadline: closing.deadline.min(Instant::now() + LINGER), ..closing });
            }
            return;
        }
        let grace = if let Leave::Flush(grace) = leave { grace } else { LINGER };
        let transport = out.transport();
        out.closing = Some(Closing { reason, leave, deadline: Instant::now() + grace });
        self.open.store(false, Release);
        let stays = self.prepare_leaving(&mut out, reason, leave);
        out.dirty = true;
        drop(out);

        if stays {
            self.spawn_removal(grace);
        } else {
            self.engine.sessions.remove(&self.sid);
        }
        self.engine.counters.closed(transport, reason);
        self.spawn_finish(reason);
        self.wake_all();
        self.request_flush();
    }

    /// Arranges what the peer still gets. True when a long-polling session stays known, so that its next GET is told.
    fn prepare_leaving(&self, out: &mut MutexGuard<'_, Out>, reason: CloseReason, leave: Leave) -> bool {
        match leave {
            Leave::Gone => {
                out.queue.clear();
                out.wire = Wire::Gone;
            }
            Leave::Drop | Leave::Asked => out.queue.drop_waiting(),
            Leave::Flush(_) => {}
        }
        match out.wire {
            Wire::Polling => !out.getting && matches!(leave, Leave::Flush(_) | Leave::Drop) && deliberate(reason),
            Wire::Tcp(_) | Wire::Task => {
                out.queue.push_control(Frame::close(reason.close_code()));
                false
            }
            Wire::Gone => false,
        }
    }

    fn hasten(self: &Arc<Self>, mut out: MutexGuard<'_, Out>, closing: Closing) {
        out.closing = Some(closing);
        self.prepare_leaving(&mut out, closing.reason, closing.leave);
        drop(out);
        self.wake_all();
    }

    fn wake_all(&self) {
        self.wake_readers();
        let get = self.out.lock().get.take();
        if let Some(waker) = get {
            waker.wake();
        }
    }

    /// Tells the session, on a task of its own: whoever closes may hold locks that the session wants.
    fn spawn_finish(self: &Arc<Self>, reason: CloseReason) {
        let socket = Arc::clone(self);
        self.engine.runtime().spawn(async move { socket.finish(reason) });
    }

    fn finish(&self, reason: CloseReason) {
        let Some(session) = self.session.lock().take() else { return };
        if catch_unwind(AssertUnwindSafe(|| session.close(reason))).is_err() {
            tracing::error!("a session panicked while it was closed");
        }
        if catch_unwind(AssertUnwindSafe(|| drop(session))).is_err() {
            tracing::error!("a session panicked while it was dropped");
        }
    }

    fn spawn_removal(self: &Arc<Self>, after: Duration) {
        let socket = Arc::clone(self);
        self.engine.runtime().spawn(async move {
            tokio::time::sleep(after).await;
            socket.forget();
        });
    }

    /// The session is unknown from now on and holds no memory for its peer.
    pub(crate) fn forget(&self) {
        self.engine.sessions.remove(&self.sid);
        let mut out = self.out.lock();
        out.queue.clear();
        out.wire = Wire::Gone;
    }

    // --- the sweep --------------------------------------------------------------------------------------------------

    /// What is due at `now`, and when to look again.
    pub(crate) fn due(&self, now: u64) -> (Option<Due>, u64) {
        let config = &self.engine.config;
        let since = |at: &AtomicU64, limit: Duration| match at.load(Relaxed) {
            0 => u64::MAX,
            at => at + millis(limit),
        };
        let stalled = since(&self.stalled_at, config.stall_timeout);
        let fragment = since(&self.fragment_at, config.fragment_timeout);
        let (beat, on_beat) = if self.is_paused() {
            (self.paused_at.load(Relaxed) + millis(config.paused_limit), Due::Close(CloseReason::PausedTooLong))
        } else {
            let beat = self.beat.load(Relaxed);
            let awaits = beat & AWAITS_PONG != 0;
            (beat & !AWAITS_PONG, if awaits { Due::Close(CloseReason::PingTimeout) } else { Due::Ping })
        };
        let due = if beat <= now {
            Some(on_beat)
        } else if stalled <= now {
            Some(Due::Close(CloseReason::Stalled))
        } else if fragment <= now && !self.is_paused() {
            Some(Due::Close(CloseReason::ParseError))
        } else {
            None
        };
        (due, beat.min(stalled).min(fragment))
    }

    /// Sends a ping and returns the deadline of its pong.
    pub(crate) fn ping(self: &Arc<Self>, now: u64) -> u64 {
        let due = self.beat.load(Relaxed);
        // A sweep that is a little late takes nothing away from the schedule, one that is very late nothing from the peer.
        let from = if now.saturating_sub(due) < 10 { due } else { now };
        let deadline = from + millis(self.engine.config.ping_timeout);
        let armed =
            due & AWAITS_PONG == 0 && self.beat.compare_exchange(due, deadline | AWAITS_PONG, Relaxed, Relaxed).is_ok();
        if !armed {
            return now;
        }
        let mut out = self.out.lock();
        if out.closing.is_some() {
            return deadline;
        }
        out.queue.push_control(self.engine.ping.clone());
        let flush = out.becomes_dirty();
        drop(out);
        if flush {
            self.request_flush();
        }
        deadline
    }

    /// The process was stopped for so long; nobody is judged by that time.
    pub(crate) fn forgive(&self, stopped: u64) {
        for at in [&self.beat, &self.paused_at, &self.stalled_at, &self.fragment_at] {
            if at.load(Relaxed) != 0 {
                at.fetch_add(stopped, Relaxed);
            }
        }
    }

    /// What counts of the queue of a peer that takes nothing, else nothing.
    pub(crate) fn stuck_bytes(&self) -> Option<usize> {
        (self.stalled_at.load(Relaxed) != 0).then(|| self.out.lock().queue.bytes())
    }

    /// The WebSocket has taken over. False when the session was closed meanwhile.
    pub(crate) fn switch(self: &Arc<Self>, wire: Wire) -> bool {
        let mut out = self.out.lock();
        if out.closing.is_some() {
            return false;
        }
        out.wire = wire;
        out.upgrade = Upgrade::No;
        out.blocked = false;
        self.upgraded.store(true, Relaxed);
        self.engine.counters.upgraded();
        let get = out.get.take();
        let flush = out.becomes_dirty();
        drop(out);
        self.progressed();
        if let Some(waker) = get {
            waker.wake();
        }
        if flush {
            self.request_flush();
        }
        true
    }
}

/// What the sweep has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Ping,
    Close(CloseReason),
}

/// Closed on purpose, not because of what the peer did or failed to do: then it is told with its next poll.
fn deliberate(reason: CloseReason) -> bool {
    matches!(reason, CloseReason::ForcedClose | CloseReason::ServerShutdown)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 2).min(u64::MAX >> 2)
}
