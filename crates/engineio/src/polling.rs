//! HTTP long-polling: the GET that brings packets to the client and the POST that takes them from it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Release};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Response};

use crate::line::Exchange;
use crate::packet::{Packet, split};
use crate::socket::{Inner, Leave, Out, Upgrade, Wire};
use crate::{Body, CloseReason, Message, Refusal, refusal};

/// After so many packets of one body the other tasks get a turn.
const TURN: usize = 512;

/// How often, and how far apart, one looks for the GET beside a goodbye: 40 ms in all.
const GOODBYE_LOOKS: u32 = 8;
const GOODBYE_PAUSE: Duration = Duration::from_millis(5);

/// The same for the last step of an upgrade beside a GET: 20 ms in all.
const STEP_LOOKS: u32 = 5;
const STEP_PAUSE: Duration = Duration::from_millis(4);

/// Answers a GET: with what is queued, or else when something is.
pub(crate) async fn poll(socket: Arc<Inner>, exchange: Option<Exchange>) -> Result<Response<Body>, Refusal> {
    // A deadline holds to the millisecond for those who ask.
    if socket.has_missed_pong() {
        socket.close(CloseReason::PingTimeout, Leave::Gone);
        return Err(refusal::session_unknown());
    }
    last_step(&socket).await;
    {
        let mut out = socket.out.lock();
        if out.closing.is_none() {
            if !matches!(out.wire, Wire::Polling) {
                return Err(refusal::bad_request());
            }
            if out.getting {
                drop(out);
                socket.close(CloseReason::TransportError, Leave::Drop);
                return Err(refusal::bad_request());
            }
        } else if out.getting || !matches!(out.wire, Wire::Polling) {
            return Err(refusal::session_unknown());
        }
        out.getting = true;
        out.exchange = exchange;
        socket.progressed();
    }
    let open = OpenGet { socket, answered: false };
    let payload = poll_fn(|cx| poll_payload(&open.socket, cx)).await;
    Ok(open.answer(payload))
}

/// The response that carries the open packet and what was sent with it.
pub(crate) fn first_response(socket: Arc<Inner>, exchange: Option<Exchange>) -> Response<Body> {
    let (payload, packets) = {
        let mut out = socket.out.lock();
        out.exchange = exchange;
        out.queue.take_payload()
    };
    socket.engine.counters.sent(packets, 0);
    respond(Body::payload(payload, socket))
}

/// The body of a response to a GET.
struct Payload {
    bytes: Bytes,
    /// The client needs no further answer: it has been told of the end.
    ends: bool,
}

impl Payload {
    fn more(bytes: Bytes) -> Poll<Self> {
        Poll::Ready(Self { bytes, ends: false })
    }
}

fn poll_payload(socket: &Inner, cx: &mut Context<'_>) -> Poll<Payload> {
    let mut out = socket.out.lock();
    if out.closing.is_some() {
        return Poll::Ready(last_payload(socket, &mut out));
    }
    // Another transport has taken over, or is about to.
    if !matches!(out.wire, Wire::Polling) {
        return Payload::more(Bytes::from_static(b"6"));
    }
    if !out.queue.is_empty() {
        let (payload, packets) = out.queue.take_payload();
        socket.engine.counters.sent(packets, 0);
        return Payload::more(payload);
    }
    if out.upgrade == Upgrade::Probed {
        return Payload::more(Bytes::from_static(b"6"));
    }
    out.get = Some(cx.waker().clone());
    Poll::Pending
}

/// What a client gets to hear of the end: a noop when it asked for it, else what was to go out still, and a close packet
/// in answer to its next GET.
///
/// Not both at once, and neither does Node: the official client acts on a close packet before it has looked at the
/// messages that came in the same payload.
fn last_payload(socket: &Inner, out: &mut Out) -> Payload {
    if out.closing.is_some_and(|closing| closing.leave == Leave::Asked) {
        return Payload { bytes: Bytes::from_static(b"6"), ends: true };
    }
    let (bytes, packets) = out.queue.take_payload();
    socket.engine.counters.sent(packets, 0);
    if bytes.is_empty() {
        return Payload { bytes: Bytes::from_static(b"1"), ends: true };
    }
    Payload { bytes, ends: false }
}

/// A GET that waits. When it is cut off before its answer the session is closed, as packets may be lost with it.
struct OpenGet {
    socket: Arc<Inner>,
    answered: bool,
}

impl OpenGet {
    fn answer(mut self, payload: Payload) -> Response<Body> {
        self.answered = true;
        let socket = Arc::clone(&self.socket);
        drop(self);
        if socket.is_open() {
            return respond(Body::payload(payload.bytes, socket));
        }
        if payload.ends {
            socket.forget();
        }
        respond(Body::full(payload.bytes))
    }
}

impl Drop for OpenGet {
    fn drop(&mut self) {
        {
            let mut out = self.socket.out.lock();
            out.getting = false;
            out.get = None;
        }
        if !self.answered {
            self.socket.close(CloseReason::TransportError, Leave::Gone);
        }
    }
}

fn respond(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Takes the packets of a POST, one at a time; it is answered when the last of them has been accepted.
pub(crate) async fn post<B>(socket: Arc<Inner>, parts: &Parts, body: B) -> Result<Response<Body>, Refusal>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    if !socket.is_open() {
        return Err(refusal::session_unknown());
    }
    if !matches!(socket.out.lock().wire, Wire::Polling) {
        return Err(refusal::bad_request());
    }
    if socket.posting.swap(true, AcqRel) {
        socket.close(CloseReason::TransportError, Leave::Drop);
        return Err(refusal::bad_request());
    }
    let mut open = OpenPost { socket, answered: false };
    let outcome = receive(&open.socket, parts, body).await;
    open.answered = true;
    outcome
}

async fn receive<B>(socket: &Arc<Inner>, parts: &Parts, body: B) -> Result<Response<Body>, Refusal>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    // Binary bodies belong to protocol 3.
    if parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream") {
        socket.close(CloseReason::TransportError, Leave::Drop);
        return Err(refusal::bad_request());
    }
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|len| len > socket.engine.config.max_payload) {
        return Err(refusal::too_large());
    }
    let payload = read(socket, body, announced.unwrap_or_default()).await?;
    let Ok(payload) = simdutf8::basic::from_utf8(&payload) else {
        socket.close(CloseReason::ParseError, Leave::Drop);
        return Err(refusal::bad_request());
    };
    for (place, packet) in split(payload).enumerate() {
        match take(socket, packet) {
            Taken::More => {}
            Taken::Paused => poll_fn(|cx| poll_resumed(socket, cx)).await,
            Taken::Goodbye => {
                last_get(socket).await;
                socket.close(CloseReason::TransportClose, Leave::Asked);
                break;
            }
            Taken::Closed => break,
            Taken::Malformed => return Err(refusal::bad_request()),
        }
        if place % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
    }
    let mut response = Response::new(Body::full("ok"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    Ok(response)
}

/// Reads a body within the limit, for as long as the session is open.
async fn read<B>(socket: &Arc<Inner>, body: B, announced: usize) -> Result<Vec<u8>, Refusal>
where
    B: http_body::Body + Send,
{
    let limit = socket.engine.config.max_payload;
    // What is announced is not here yet: room is made as it comes.
    let mut payload = Vec::with_capacity(announced.min(16 * 1024));
    let mut body = pin!(body);
    loop {
        let frame = poll_fn(|cx| {
            if poll_closed(socket, cx).is_ready() {
                return Poll::Ready(Err(()));
            }
            Poll::Ready(Ok(ready!(body.as_mut().poll_frame(cx))))
        });
        let Ok(frame) = frame.await else { return Err(refusal::session_unknown()) };
        let Some(frame) = frame else { return Ok(payload) };
        let Ok(frame) = frame else {
            socket.close(CloseReason::TransportError, Leave::Drop);
            return Err(refusal::bad_request());
        };
        let Ok(mut data) = frame.into_data() else { continue };
        if data.remaining() > limit - payload.len() {
            return Err(refusal::too_large());
        }
        socket.engine.counters.received_bytes(data.remaining());
        while data.has_remaining() {
            let part = data.chunk();
            payload.extend_from_slice(part);
            let len = part.len();
            data.advance(len);
        }
    }
}

enum Taken {
    More,
    Paused,
    /// The client closes the session.
    Goodbye,
    Closed,
    Malformed,
}

fn take(socket: &Arc<Inner>, packet: &str) -> Taken {
    if !socket.is_open() {
        return Taken::Closed;
    }
    socket.engine.counters.received_packets(1);
    let paused = match Packet::polling(packet) {
        Ok(Packet::Text(text)) => socket.deliver(Message::Text(text)),
        Ok(Packet::Binary(bytes)) => socket.deliver(Message::Binary(&bytes)),
        Ok(Packet::Pong) => {
            socket.pong();
            return Taken::More;
        }
        Ok(Packet::Upgrade | Packet::Ignored) => return Taken::More,
        Ok(Packet::Close) => return Taken::Goodbye,
        Ok(Packet::Ping(_)) | Err(_) => {
            socket.close(CloseReason::ParseError, Leave::Drop);
            return Taken::Malformed;
        }
    };
    if paused { Taken::Paused } else { Taken::More }
}

/// Waits a moment for the last step of an upgrade that is under way. Steps and GET come over two connections, so the GET may
/// be read first although it was sent last; then it is one too many. It also keeps a client that polls on meanwhile, and
/// gets one noop after the other, from doing so as fast as it can.
async fn last_step(socket: &Inner) {
    for _ in 0..STEP_LOOKS {
        {
            let out = socket.out.lock();
            if out.upgrade == Upgrade::No || out.closing.is_some() || !out.queue.is_empty() {
                return;
            }
        }
        tokio::time::sleep(STEP_PAUSE).await;
    }
}

/// Waits a moment for the GET that goes with a client's goodbye. The two are sent at once, but over two connections, so
/// the goodbye may be read first; the GET is to be answered with a noop all the same, and not to find the session unknown.
async fn last_get(socket: &Inner) {
    for _ in 0..GOODBYE_LOOKS {
        if socket.out.lock().getting || !socket.is_open() {
            return;
        }
        tokio::time::sleep(GOODBYE_PAUSE).await;
    }
}

fn poll_resumed(socket: &Inner, cx: &mut Context<'_>) -> Poll<()> {
    if poll_closed(socket, cx).is_ready() || !socket.is_paused() { Poll::Ready(()) } else { Poll::Pending }
}

/// Ready when the session has ended; else the task is woken when that happens, and when reading is to go on.
fn poll_closed(socket: &Inner, cx: &mut Context<'_>) -> Poll<()> {
    socket.out.lock().post = Some(cx.waker().clone());
    if socket.is_open() { Poll::Pending } else { Poll::Ready(()) }
}

/// A POST that is being read. When it is cut off the session is closed: what was in it is lost.
struct OpenPost {
    socket: Arc<Inner>,
    answered: bool,
}

impl Drop for OpenPost {
    fn drop(&mut self) {
        self.socket.out.lock().post = None;
        self.socket.posting.store(false, Release);
        // A WebSocket that has taken over waits for this.
        self.socket.task.wake();
        if !self.answered {
            self.socket.close(CloseReason::TransportError, Leave::Drop);
        }
    }
}
