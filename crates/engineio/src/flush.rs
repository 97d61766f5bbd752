//! Writing: a shard's task collects the sockets that have something to say and writes once to each per round.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::CloseReason;
use crate::outbound::{Chunk, Outbound};
use crate::socket::{Inner, Leave, Wire};
use crate::ws::send;

/// So many sockets are brought into the processor's cache together.
const GROUP: usize = 16;
/// After so many groups others get a turn.
const TURN: usize = 8;
/// After so many writes to one socket the others get a turn.
const WRITES: usize = 4;

/// Sockets that share a flusher.
#[derive(Default)]
pub(crate) struct Shard {
    dirty: Mutex<Vec<Arc<Inner>>>,
    wake: Notify,
    stopped: AtomicBool,
}

impl Shard {
    /// The socket is flushed in the next round.
    pub(crate) fn push(&self, socket: Arc<Inner>) {
        if self.stopped.load(Relaxed) {
            // The flusher has ended with the engine; what is left are goodbyes.
            return with_scratch(|scratch| flush(&socket, scratch));
        }
        let first = {
            let mut dirty = self.dirty.lock();
            dirty.push(socket);
            dirty.len() == 1
        };
        if first {
            self.wake.notify_one();
        }
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Relaxed);
        self.wake.notify_one();
    }

    /// The flusher.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut round = Vec::new();
        let mut scratch = Vec::new();
        loop {
            self.wake.notified().await;
            // Whoever is ready to read runs first, so that one write carries what all of them cause.
            yield_now().await;
            loop {
                mem::swap(&mut *self.dirty.lock(), &mut round);
                if round.is_empty() {
                    break;
                }
                for (place, group) in round.chunks(GROUP).enumerate() {
                    look_at(group);
                    for socket in group {
                        flush(socket, &mut scratch);
                    }
                    if place % TURN == TURN - 1 {
                        yield_now().await;
                    }
                }
                round.clear();
                // What was sent during the round is the next one.
                yield_now().await;
            }
            if self.stopped.load(Relaxed) {
                return;
            }
        }
    }
}

/// Touches the locks of a group at once: one by one, each would be a wait for memory between two system calls, and waits
/// that do not depend on each other overlap.
fn look_at(sockets: &[Arc<Inner>]) {
    let locked = sockets.iter().filter(|socket| socket.out.is_locked()).count();
    std::hint::black_box(locked);
}

/// Brings a socket's queue on its way.
fn flush(socket: &Arc<Inner>, scratch: &mut Vec<u8>) {
    let mut guard = socket.out.lock();
    let out = &mut *guard;
    out.dirty = false;
    if out.queue.is_empty() {
        return;
    }
    match &out.wire {
        Wire::Gone => {}
        Wire::Task => {
            drop(guard);
            socket.task.wake();
        }
        Wire::Polling => {
            let get = out.get.take();
            if !out.getting && out.queue.has_messages() {
                // Under the lock: a GET that comes now says that the peer reads, and must be the last to speak.
                socket.stalled();
            }
            drop(guard);
            if let Some(waker) = get {
                waker.wake();
            }
        }
        // The answers to polls that are still being sent go first.
        Wire::Tcp(_) if out.queue.in_flight() => {}
        Wire::Tcp(stream) => {
            // Whoever closes asks for a flush also where the peer took nothing before.
            out.blocked = false;
            match drain(socket, &mut out.queue, scratch, |bytes| send(stream, bytes)) {
                Ok(Rest::Nothing) => {}
                Ok(Rest::Later) => {
                    let flush = out.becomes_dirty();
                    drop(guard);
                    if flush {
                        socket.request_flush();
                    }
                }
                Ok(Rest::Blocked) => {
                    // The task of the connection waits until the peer takes more.
                    out.blocked = true;
                    socket.stalled();
                    drop(guard);
                    socket.task.wake();
                }
                Err(error) => {
                    drop(guard);
                    fail(socket, &error);
                }
            }
        }
    }
}

/// What a flush has left in a queue.
pub(crate) enum Rest {
    Nothing,
    /// Others get their turn first.
    Later,
    /// The peer takes no more.
    Blocked,
}

/// Writes what waits. The caller holds the lock on the queue, so that nobody drops what is being written. The kernel only
/// copies: letting go of the lock meanwhile would cost every delivery something, holding it only the few senders that come
/// just then.
pub(crate) fn drain(
    socket: &Inner,
    queue: &mut Outbound,
    scratch: &mut Vec<u8>,
    mut send: impl FnMut(&[u8]) -> io::Result<usize>,
) -> io::Result<Rest> {
    for _ in 0..WRITES {
        let chunk = queue.gather(scratch);
        let bytes = match &chunk {
            Chunk::Empty => return Ok(Rest::Nothing),
            Chunk::Copied => &scratch[..],
            Chunk::Direct(frame, from) => &frame.wire()[*from..],
        };
        match send(bytes) {
            Ok(written) => {
                socket.engine.counters.sent(queue.advance(written), written);
                socket.progressed();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Rest::Blocked),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(if queue.is_empty() { Rest::Nothing } else { Rest::Later })
}

pub(crate) fn fail(socket: &Arc<Inner>, error: &io::Error) {
    tracing::debug!(%error, "a WebSocket could not be written");
    socket.close(CloseReason::TransportClose, Leave::Gone);
}

thread_local! {
    static READ: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static WRITE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// So much is read at a time.
const READ_LEN: usize = 64 * 1024;

/// Lends the thread's buffer for reading, so that connections need none of their own.
pub(crate) fn with_read_buffer<T>(use_it: impl FnOnce(&mut [u8]) -> T) -> T {
    // Taken, not borrowed: what runs inside may come here again.
    let mut buffer = READ.take();
    buffer.resize(READ_LEN, 0);
    let result = use_it(&mut buffer);
    READ.set(buffer);
    result
}

/// Lends the thread's buffer for writing.
pub(crate) fn with_scratch<T>(use_it: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut buffer = WRITE.take();
    let result = use_it(&mut buffer);
    WRITE.set(buffer);
    result
}
