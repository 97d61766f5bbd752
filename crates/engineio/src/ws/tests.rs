//! The end of a connection whose peer does nothing for it, on a clock that stands still while anything can be done.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream as Blocking};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Extensions, Request};
use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::Instant;

use super::stream::{Owned, Stream, Tcp};
use super::{Connection, Decoder};
use crate::engine::Shared;
use crate::sessions::Sid;
use crate::socket::{Inner, LINGER, Wire};
use crate::{CloseReason, Config, Engine, Flow, Frame, Handler, Handshake, Message, Session, Socket};

/// Notes when its session was told of the end.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<Instant>>>);

impl Handler for Ends {
    fn open(&self, _: &Socket) -> Box<dyn Session> {
        Box::new(self.clone())
    }
}

impl Session for Ends {
    fn message(&mut self, _: Message<'_>) -> Flow {
        Flow::Continue
    }

    fn close(&mut self, _: CloseReason) {
        self.0.lock().push(Instant::now());
    }
}

/// Neither gives nor takes a byte.
struct Stuck;

impl AsyncRead for Stuck {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

/// A TCP connection whose peer reads nothing, with as little room on the way as the kernel allows.
async fn unread() -> (Tcp, Blocking) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (stream, _) = accepted.expect("the peer comes in");
    SockRef::from(&stream).set_send_buffer_size(4096).expect("a smaller buffer");
    let peer = peer.expect("the peer comes in").into_std().expect("it is open");
    (Tcp::new(stream), peer)
}

fn new_socket(engine: &Arc<Shared>, wire: Wire) -> Arc<Inner> {
    let (parts, ()) = Request::get("/").body(()).expect("a request").into_parts();
    let handshake = Handshake::new(&parts, Extensions::new());
    let socket = Inner::new(Arc::clone(engine), Sid::random().expect("random bytes"), handshake, wire);
    assert!(socket.start(Frame::packet("0{}")));
    socket
}

/// A connection with more to say than its peer takes.
async fn clogged<S: Stream>(engine: &Engine, stream: S) -> (Socket, JoinHandle<()>) {
    let (wire, carrier) = stream.attach();
    let socket = new_socket(&engine.shared, wire);
    let handle = Socket(Arc::clone(&socket));
    let connection = tokio::spawn(Connection::new(socket, carrier, Decoder::new(1000), Vec::new()));
    handle.send((0..15).map(|_| Frame::binary(&[7; 60_000]))).expect("it fits into the queue");
    // The flusher writes what the way to the peer holds.
    for _ in 0..20 {
        yield_now().await;
    }
    assert!(handle.queued_bytes() > 0, "the peer must not take all");
    (handle, connection)
}

/// How long a connection whose peer is stuck stays after it was closed; its session has to be told at once.
async fn stays<S: Stream>(stream: S, close: fn(&Socket)) -> Duration {
    let ends = Ends::default();
    let engine = Engine::new(Config::default(), ends.clone());
    let (handle, connection) = clogged(&engine, stream).await;
    let at = Instant::now();
    close(&handle);
    connection.await.expect("the task of the connection ends");
    assert_eq!(*ends.0.lock(), [at]);
    assert_eq!(handle.queued_bytes(), 0);
    assert_eq!(engine.stats().websocket, 0);
    at.elapsed()
}

const WAYS: [fn(&Socket); 3] = [
    |socket| socket.close(CloseReason::ForcedClose),
    |socket| socket.close_after_flush(CloseReason::ForcedClose),
    |socket| socket.close_with(CloseReason::ForcedClose, [Frame::text("bye")]),
];

#[tokio::test(start_paused = true)]
async fn a_close_takes_a_second_at_most_on_a_stream_that_is_stuck() {
    for close in WAYS {
        assert!(stays(Owned(Stuck), close).await <= Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_takes_a_second_at_most_on_tcp_that_nobody_reads() {
    for close in WAYS {
        let (stream, _peer) = unread().await;
        assert!(stays(stream, close).await <= Duration::from_secs(1));
    }
}

/// The close frame that a server sends, with the code of a normal end.
const CLOSE: &[u8] = &[0x88, 2, 0x03, 0xe8];

#[tokio::test]
async fn what_waits_for_a_peer_that_reads_again_leaves_before_the_close() {
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        let (stream, mut peer) = unread().await;
        let engine = Engine::new(Config::default(), Ends::default());
        let (handle, connection) = clogged(&engine, stream).await;
        // What it takes before the close makes room in the kernel that nobody has been told of.
        let mut received = Vec::new();
        let dry = peer.read_to_end(&mut received).expect_err("it is not the end");
        assert_eq!(dry.kind(), io::ErrorKind::WouldBlock);
        peer.set_nonblocking(false).expect("it waits for the rest");
        let at = Instant::now();
        handle.close_after_flush(CloseReason::ForcedClose);
        let reader = tokio::task::spawn_blocking(move || {
            let mut buffer = [0; 65_536];
            while !received.ends_with(CLOSE) {
                let read = peer.read(&mut buffer).expect("nothing is lost with the connection");
                assert!(read > 0, "{} bytes, and no close frame", received.len());
                received.extend_from_slice(&buffer[..read]);
            }
            peer.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]).expect("the connection is there");
            received
        });
        connection.await.expect("the task of the connection ends");
        fastest = fastest.min(at.elapsed());
        let received = reader.await.expect("nobody panics");
        assert!(received.len() > 15 * 60_000, "{} bytes", received.len());
    }
    assert!(fastest < LINGER, "the connection stayed to its deadline although everything had left");
}

#[tokio::test(start_paused = true)]
async fn a_close_takes_a_second_at_most_on_polling_without_a_poll() {
    for close in WAYS {
        let ends = Ends::default();
        let engine = Engine::new(Config::default(), ends.clone());
        let socket = new_socket(&engine.shared, Wire::Polling);
        let handle = Socket(Arc::clone(&socket));
        handle.send(Frame::text("waits")).expect("it fits into the queue");
        let at = Instant::now();
        close(&handle);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*ends.0.lock(), [at]);
        assert!(engine.shared.sessions.get(&socket.sid).is_none());
        assert_eq!(handle.queued_bytes(), 0);
    }
}

#[tokio::test]
async fn a_large_frame_that_comes_byte_by_byte_is_not_copied_for_each() {
    let engine = Engine::new(Config::default(), Ends::default());
    let (mut peer, stream) = tokio::io::duplex(1 << 20);
    let socket = new_socket(&engine.shared, Wire::Task);
    let mut connection = Connection::new(socket, Owned(stream), Decoder::new(1_000_000), Vec::new());
    let mut start = vec![0x82, 0xff];
    start.extend(900_000_u64.to_be_bytes());
    start.resize(600_000, 0);
    peer.write_all(&start).await.expect("it fits");

    let mut context = Context::from_waker(Waker::noop());
    let (mut moves, mut at) = (0, None);
    while connection.held.len() < 601_000 {
        if connection.held.len() >= 600_000 {
            moves += usize::from(at.replace(connection.held.as_ptr()) != Some(connection.held.as_ptr()));
            peer.write_all(&[0]).await.expect("it fits");
        }
        assert!(Pin::new(&mut connection).poll(&mut context).is_pending());
        yield_now().await;
    }
    assert!(moves <= 2, "where it began, and once for more room; not {moves} times");
}

#[test]
fn a_websocket_that_opens_after_its_engine_has_gone_is_closed() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (opened, done) = mpsc::channel();
    runtime.spawn(async move {
        let engine = Engine::new(Config::default(), Ends::default());
        let shared = Arc::clone(&engine.shared);
        shared.runtime();
        drop(engine);
        let (stream, _peer) = unread().await;
        let (wire, _carrier) = stream.attach();
        opened.send(new_socket(&shared, wire).is_open()).expect("the test waits");
    });
    let open = done.recv_timeout(Duration::from_secs(5));
    runtime.shutdown_background();
    assert_eq!(open, Ok(false));
}
