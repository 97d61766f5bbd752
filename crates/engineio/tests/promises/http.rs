//! The accept loop.

use std::net::SocketAddr;

use engineio::{CloseReason, Config, Engine, Frame, Server};
use testkit::wire::{PATIENCE, Polling, head};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::world::{World, ms, silent, until};

struct Deaf;

impl engineio::Handler for Deaf {
    fn open(&self, _: &engineio::Socket) -> Box<dyn engineio::Session> {
        Box::new(Self)
    }
}

impl engineio::Session for Deaf {
    fn message(&mut self, _: engineio::Message<'_>) -> engineio::Flow {
        engineio::Flow::Continue
    }
    fn close(&mut self, _: CloseReason) {}
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::default().header_timeout(ms(100));
    tokio::spawn(server.run(listener, Engine::new(Config::default(), Deaf), std::future::pending::<()>()));

    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the connection is closed").unwrap();
}

/// Asks for a poll whose answer is longer than any kernel buffer, and does not read it.
async fn poll_without_reading(session: &Polling, address: SocketAddr, socket: &engineio::Socket) -> TcpStream {
    socket.send(Frame::text(&"x".repeat(LONG))).unwrap();
    let client = TcpSocket::new_v4().unwrap();
    client.set_recv_buffer_size(4096).unwrap();
    let mut stream = client.connect(address).await.unwrap();
    stream.write_all(&head(address, "GET", &session.target(), &[], None)).await.unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    stream
}

const LONG: usize = 20_000_000;

#[tokio::test]
async fn a_response_that_is_not_read_is_given_up() {
    let builder = Engine::builder(Config::default());
    let mut world = World::on_server(Server::default().stall_timeout(ms(200)), builder, silent).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let _stream = poll_without_reading(&session, world.address, &socket).await;
    assert_eq!(world.closed().await, CloseReason::TransportError);
    until("the memory is given back", || socket.queued_bytes() == 0).await;
}

#[tokio::test]
async fn a_close_cuts_a_response_that_is_on_its_way() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let mut stream = poll_without_reading(&session, world.address, &socket).await;
    socket.close(CloseReason::ForcedClose);
    assert_eq!(world.closed().await, CloseReason::ForcedClose);
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the response ends");
    assert!(rest.len() < LONG, "{}", rest.len());
}

#[tokio::test]
async fn a_shutdown_lets_a_poll_end_and_takes_no_more_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let engine = Engine::new(Config::default(), Deaf);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(Server::default().run(listener, engine.clone(), stopped));
    let session = Polling::open(address).await;
    let poll = tokio::spawn(async move { session.get().await });
    // The poll stands once the engine has answered something on another connection that came after it.
    Polling::open(address).await;

    stop.send(()).unwrap();
    timeout(PATIENCE, engine.close(ms(1000))).await.expect("the engine ends");
    if let Ok(answer) = poll.await.unwrap() {
        assert!(matches!((answer.status, answer.text()), (200, "1") | (400, _)), "{answer:?}");
    }
    timeout(PATIENCE, server).await.expect("the server ends").unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let engine = Engine::new(Config::default(), Deaf);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(Server::default().grace(ms(100)).run(listener, engine, stopped));
    let session = Polling::open(address).await;
    let _poll = tokio::spawn(async move { session.get().await });
    stop.send(()).unwrap();
    timeout(PATIENCE, server).await.expect("the server ends").unwrap();
}
