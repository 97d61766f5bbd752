//! The accept loop.

use engineio::{Config, Engine, Server};
use testkit::wire::{PATIENCE, Polling};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::world::ms;

struct Deaf;

impl engineio::Handler for Deaf {
    fn open(&self, _: &engineio::Socket) -> Box<dyn engineio::Session> {
        Box::new(Self)
    }
}

impl engineio::Session for Deaf {
    fn message(&self, _: engineio::Message) -> engineio::Flow {
        engineio::Flow::Continue
    }
    fn close(&self, _: engineio::CloseReason) {}
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
