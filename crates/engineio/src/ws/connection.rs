//! The task of a WebSocket connection: it reads, waits for writability where the flusher could not write, and ends.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::task::{Context, Poll};

use tokio::time::{Sleep, sleep_until};

use super::decoder::{Decoder, Event};
use super::stream::Carrier;
use crate::engine::TransportGuard;
use crate::flush::{fail, with_read_buffer};
use crate::packet::Packet;
use crate::socket::{Inner, Leave};
use crate::{CloseReason, Message};

/// After so many reads in a row the other tasks get a turn.
const READS: usize = 4;

/// A WebSocket that belongs to a session. The future ends when the stream is done with; it holds no buffer while the peer
/// is idle.
pub(crate) struct Connection<S> {
    socket: Arc<Inner>,
    stream: S,
    decoder: Decoder,
    /// What was read and is not a whole frame, or not wanted yet.
    pub(super) held: Vec<u8>,
    /// There may be whole frames in `held`.
    unseen: bool,
    /// The peer has sent its close frame.
    said_goodbye: bool,
    end: Option<Pin<Box<Sleep>>>,
    _counted: TransportGuard,
}

/// What a frame means for the reading.
enum Step {
    Go,
    Pause,
    Close(CloseReason),
}

impl<S: Carrier> Connection<S> {
    /// A connection that goes on with what was already read.
    pub(crate) fn new(socket: Arc<Inner>, stream: S, decoder: Decoder, held: Vec<u8>) -> Self {
        let counted = socket.engine.transport();
        let unseen = !held.is_empty();
        Self { socket, stream, decoder, held, unseen, said_goodbye: false, end: None, _counted: counted }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(Err(error)) = self.stream.poll_queue(cx, &self.socket) {
            fail(&self.socket, &error);
            return Poll::Ready(());
        }
        for _ in 0..READS {
            if self.socket.is_paused() || self.socket.posting.load(Acquire) {
                return Poll::Pending;
            }
            let step = if mem::take(&mut self.unseen) { self.read_held() } else { self.read_stream(cx) };
            match step {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Step::Go | Step::Pause) if self.socket.is_open() => {}
                Poll::Ready(Step::Go | Step::Pause) => return Poll::Ready(()),
                Poll::Ready(Step::Close(reason)) => {
                    self.socket.close(reason, Leave::Drop);
                    return Poll::Ready(());
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn read_held(&mut self) -> Poll<Step> {
        let mut held = mem::take(&mut self.held);
        let (used, step) = self.consume(&mut held);
        self.hold_on(held, used);
        Poll::Ready(step)
    }

    /// Keeps what follows the `used` bytes where it is. A large frame comes in many small parts, so each of them must cost
    /// its own length and not that of all before it.
    fn hold_on(&mut self, mut held: Vec<u8>, used: usize) {
        if used == held.len() {
            return;
        }
        if used > 0 {
            held.drain(..used);
            held.shrink_to(2 * held.len());
        }
        self.held = held;
    }

    fn read_stream(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        with_read_buffer(|buffer| {
            let read = match self.stream.poll_read(cx, &self.socket, buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(read)) if read > 0 => read,
                Poll::Ready(_) => {
                    self.socket.close(CloseReason::TransportClose, Leave::Gone);
                    return Poll::Ready(Step::Go);
                }
            };
            self.socket.engine.counters.received_bytes(read);
            if self.held.is_empty() {
                let (used, step) = self.consume(&mut buffer[..read]);
                self.held.extend_from_slice(&buffer[used..read]);
                return Poll::Ready(step);
            }
            self.held.extend_from_slice(&buffer[..read]);
            self.read_held()
        })
    }

    /// Takes the whole frames from the start of `bytes` and tells their length.
    fn consume(&mut self, bytes: &mut [u8]) -> (usize, Step) {
        let (mut used, mut packets) = (0, 0);
        let step = loop {
            match self.decoder.next(&mut bytes[used..]) {
                Ok(None) => break Step::Go,
                Err(violation) => {
                    tracing::debug!(%violation, "a WebSocket is closed");
                    break Step::Close(violation.reason());
                }
                Ok(Some((len, event))) => {
                    used += len;
                    packets += 1;
                    self.said_goodbye |= matches!(event, Event::Close);
                    match take(&self.socket, event) {
                        Step::Go => {}
                        step => break step,
                    }
                }
            }
            self.time_fragments();
        };
        self.time_fragments();
        self.socket.engine.counters.received_packets(packets);
        self.unseen = matches!(step, Step::Pause);
        (used, step)
    }

    /// Starts and stops the deadline of a message in fragments.
    fn time_fragments(&self) {
        let at = &self.socket.fragment_at;
        match (self.decoder.is_within_message(), at.load(Relaxed) != 0) {
            (true, false) => at.store(self.socket.engine.clock.now(), Relaxed),
            (false, true) => at.store(0, Relaxed),
            _ => {}
        }
    }

    /// Lets the last frames leave and the peer answer, until the deadline.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(closing) = self.socket.out.lock().closing else { return Poll::Ready(()) };
        if closing.leave == Leave::Gone {
            return Poll::Ready(());
        }
        let end = self.end.get_or_insert_with(|| Box::pin(sleep_until(closing.deadline)));
        if end.deadline() != closing.deadline {
            end.as_mut().reset(closing.deadline);
        }
        if end.as_mut().poll(cx).is_ready() {
            self.stream.reset(&self.socket);
            return Poll::Ready(());
        }
        let written = self.stream.poll_queue(cx, &self.socket);
        if matches!(written, Poll::Ready(Err(_))) || self.poll_goodbye(cx).is_ready() {
            return Poll::Ready(());
        }
        // The peer's close frame may have been the last thing to wait for.
        if self.said_goodbye && self.socket.out.lock().queue.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Reads on, without regard to what it is, until the peer's close frame. Ready when the stream has ended.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..READS {
            let read = with_read_buffer(|buffer| {
                let read = self.stream.poll_read(cx, &self.socket, buffer);
                if let Poll::Ready(Ok(read)) = read {
                    self.held.extend_from_slice(&buffer[..read]);
                }
                read
            });
            match read {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(read)) if read > 0 => self.look_for_goodbye(),
                Poll::Ready(_) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn look_for_goodbye(&mut self) {
        let mut used = 0;
        loop {
            match self.decoder.next(&mut self.held[used..]) {
                Ok(Some((len, event))) => {
                    used += len;
                    self.said_goodbye |= matches!(event, Event::Close);
                }
                Ok(None) => break,
                // Nothing more can be told from this stream.
                Err(_) => used = self.held.len(),
            }
            if used == self.held.len() {
                break;
            }
        }
        self.held.drain(..used);
    }
}

/// Does what a frame asks for.
fn take(socket: &Arc<Inner>, event: Event<'_>) -> Step {
    let pause = match event {
        Event::Nothing => false,
        Event::Close => return Step::Close(CloseReason::TransportClose),
        Event::Ping(payload) => {
            socket.answer_ping(payload);
            false
        }
        Event::Binary(payload) => socket.deliver(Message::Binary(&payload)),
        Event::Text(payload) => {
            let Ok(text) = simdutf8::basic::from_utf8(&payload) else { return Step::Close(CloseReason::ParseError) };
            match Packet::text(text) {
                Ok(Packet::Text(message)) => socket.deliver(Message::Text(message)),
                Ok(Packet::Pong) => {
                    socket.pong();
                    false
                }
                Ok(Packet::Close) => return Step::Close(CloseReason::TransportClose),
                Ok(Packet::Upgrade | Packet::Ignored) => false,
                Ok(Packet::Ping(_) | Packet::Binary(_)) | Err(_) => return Step::Close(CloseReason::ParseError),
            }
        }
    };
    if pause { Step::Pause } else { Step::Go }
}

impl<S: Carrier> Future for Connection<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.socket.task.register(cx.waker());
        if this.socket.is_open() && this.poll_open(cx).is_pending() {
            return Poll::Pending;
        }
        this.poll_end(cx)
    }
}

/// However the task ends, nothing of the connection stays.
impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        self.socket.close(CloseReason::TransportError, Leave::Gone);
        self.socket.forget();
    }
}
