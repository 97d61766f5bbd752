//! A whole connection, on a stream that is not there.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, Request};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Runtime;
use tokio::task::yield_now;
use tungstenite::protocol::frame::FrameHeader;

use super::{Cut, Input};
use crate::sessions::Sid;
use crate::socket::{Inner, Wire};
use crate::ws::{Connection, Decoder, Owned};
use crate::{CloseReason, Config, Engine, Flow, Frame, Handler, Handshake, Message, Session, Socket};

const MAX_PAYLOAD: usize = 1000;

/// What a session was told.
#[derive(Debug, PartialEq)]
enum Told {
    Text(String),
    Binary(Vec<u8>),
    Closed(CloseReason),
}

/// One session after the other writes here.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Told>>>);

struct Listener {
    log: Log,
    socket: Socket,
}

impl Handler for Log {
    fn open(&self, socket: &Socket) -> Box<dyn Session> {
        Box::new(Listener { log: self.clone(), socket: socket.clone() })
    }
}

impl Session for Listener {
    fn message(&mut self, message: Message<'_>) -> Flow {
        let wants_rest = matches!(message, Message::Text(text) if text.starts_with('p'));
        self.log.0.lock().push(match message {
            Message::Text(text) => Told::Text(text.to_owned()),
            Message::Binary(bytes) => Told::Binary(bytes.to_vec()),
        });
        if !wants_rest {
            return Flow::Continue;
        }
        let socket = self.socket.clone();
        tokio::spawn(async move { socket.resume() });
        Flow::Pause
    }

    fn close(&mut self, reason: CloseReason) {
        self.log.0.lock().push(Told::Closed(reason));
    }
}

/// Gives what the client sends in parts, and takes what it is sent in parts.
struct Parts {
    sends: Vec<u8>,
    at: usize,
    cut: Cut,
    takes: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Parts {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let rest = self.sends.len() - self.at;
        let len = self.cut.next().min(rest).min(buffer.remaining());
        buffer.put_slice(&self.sends[self.at..][..len]);
        self.at += len;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Parts {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let len = self.cut.next().min(bytes.len());
        self.takes.lock().extend_from_slice(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// An engine with a runtime of its own.
struct World {
    runtime: Runtime,
    engine: Engine,
    log: Log,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
        let log = Log::default();
        let engine = Engine::new(Config::with(|config| config.max_payload = MAX_PAYLOAD), log.clone());
        Self { runtime, engine, log }
    }

    /// A client that sends this and goes. Returns what its session was told.
    fn visit(&self, stream: &[u8], cut: Cut) -> Vec<Told> {
        let takes = Arc::<Mutex<Vec<u8>>>::default();
        self.runtime.block_on(async {
            let (parts, ()) = Request::get("/?EIO=4&transport=websocket").body(()).expect("a request").into_parts();
            let sid = Sid::random().expect("the system gives random bytes");
            let handshake = Handshake::new(&parts, Extensions::new());
            let socket = Inner::new(Arc::clone(&self.engine.shared), sid, handshake, Wire::Task);
            assert!(socket.start(Frame::packet("0{}")));
            let stream = Parts { sends: stream.to_vec(), at: 0, cut, takes: Arc::clone(&takes) };
            let decoder = Decoder::new(MAX_PAYLOAD);
            Connection::new(Arc::clone(&socket), Owned(stream), decoder, Vec::new()).await;
            while Arc::strong_count(&socket) > 1 {
                yield_now().await;
            }
            assert_eq!(socket.out.lock().queue.bytes(), 0);
        });
        assert_well_formed(&takes.lock());
        std::mem::take(&mut *self.log.0.lock())
    }
}

/// Whole frames of a server, and perhaps the beginning of one that the end of the connection cut off.
fn assert_well_formed(stream: &[u8]) {
    let mut cursor = Cursor::new(stream);
    while let Some((header, len)) = FrameHeader::parse(&mut cursor).expect("a server sends frames") {
        assert!(header.mask.is_none() && header.is_final);
        cursor.set_position(cursor.position() + len);
    }
}

/// A WebSocket client from its first frame to its last: a byte that chooses the cutting, the stream. A text message that
/// begins with `p` pauses the reading. Promises: the session is told the same however the stream is cut, each message
/// within the limit, and last of all, once, why the connection ended; afterwards nothing of it is left.
pub fn reader(data: &[u8]) {
    thread_local! {
        static WORLD: World = World::new();
    }
    let mut input = Input(data);
    let seed = input.byte().into();
    let stream = input.0;
    WORLD.with(|world| {
        let told = world.visit(stream, Cut::Not);
        let closes = told.iter().filter(|told| matches!(told, Told::Closed(_))).count();
        assert!(closes == 1 && matches!(told.last(), Some(Told::Closed(_))), "{told:?}");
        for message in &told {
            match message {
                Told::Text(text) => assert!(text.len() < MAX_PAYLOAD),
                Told::Binary(bytes) => assert!(bytes.len() <= MAX_PAYLOAD),
                Told::Closed(_) => {}
            }
        }
        for cut in [Cut::Bytes, Cut::By(seed)] {
            assert_eq!(world.visit(stream, cut), told, "cut {cut:?}");
        }
    });
}
