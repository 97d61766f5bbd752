//! A server on a free port, and what its sessions are told.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use engineio::{Builder, CloseReason, Config, Engine, Flow, Frame, Handler, Message, Server, Session, Socket};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use testkit::wire::PATIENCE;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What a session was told.
#[derive(Debug)]
pub(crate) enum Told {
    Opened(Socket),
    Text(String),
    Binary,
    Upgraded,
    Closed(CloseReason),
    /// Its session was dropped.
    Dropped,
}

pub(crate) type Script = dyn Fn(&Socket, Message<'_>) -> Flow + Send + Sync;

struct Recorder {
    told: UnboundedSender<Told>,
    script: Arc<Script>,
}

struct Recording {
    socket: Socket,
    told: UnboundedSender<Told>,
    script: Arc<Script>,
}

impl Handler for Recorder {
    fn open(&self, socket: &Socket) -> Box<dyn Session> {
        let _ = self.told.send(Told::Opened(socket.clone()));
        Box::new(Recording { socket: socket.clone(), told: self.told.clone(), script: Arc::clone(&self.script) })
    }
}

impl Session for Recording {
    fn message(&mut self, message: Message<'_>) -> Flow {
        let flow = (self.script)(&self.socket, message);
        let _ = self.told.send(match message {
            Message::Text(text) => Told::Text(text.to_owned()),
            Message::Binary(_) => Told::Binary,
        });
        flow
    }

    fn upgraded(&mut self) {
        let _ = self.told.send(Told::Upgraded);
    }

    fn close(&mut self, reason: CloseReason) {
        let _ = self.told.send(Told::Closed(reason));
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.told.send(Told::Dropped);
    }
}

/// A running server.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) engine: Engine,
    pub(crate) told: UnboundedReceiver<Told>,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Sends every message back.
pub(crate) fn echo(socket: &Socket, message: Message<'_>) -> Flow {
    let _ = match message {
        Message::Text(text) => socket.send(Frame::text(text)),
        Message::Binary(bytes) => socket.send(Frame::binary(bytes)),
    };
    Flow::Continue
}

/// Listens without an answer.
pub(crate) fn silent(_: &Socket, _: Message<'_>) -> Flow {
    Flow::Continue
}

impl World {
    /// A server that sends every message back.
    pub(crate) async fn echo(config: Config) -> Self {
        Self::start(Engine::builder(config), echo).await
    }

    /// A server that does what the script says with each message.
    pub(crate) async fn start(
        builder: Builder,
        script: impl Fn(&Socket, Message<'_>) -> Flow + Send + Sync + 'static,
    ) -> Self {
        Self::on_server(Server::default(), builder, script).await
    }

    /// The same with an accept loop of its own limits.
    pub(crate) async fn on_server(
        http: Server,
        builder: Builder,
        script: impl Fn(&Socket, Message<'_>) -> Flow + Send + Sync + 'static,
    ) -> Self {
        let (recorder, told) = recorder(script);
        let engine = builder.build(recorder);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = engine.clone();
        let server = tokio::spawn(http.run(listener, service, pending::<()>()));
        Self { address, engine, told, server }
    }

    /// The same server on its own streams or on foreign ones.
    pub(crate) async fn on_streams(
        foreign: bool,
        builder: Builder,
        script: impl Fn(&Socket, Message<'_>) -> Flow + Send + Sync + 'static,
    ) -> Self {
        if foreign { Self::on_foreign_streams(builder, script).await } else { Self::start(builder, script).await }
    }

    /// The same server on streams that the engine does not know, as behind TLS.
    pub(crate) async fn on_foreign_streams(
        builder: Builder,
        script: impl Fn(&Socket, Message<'_>) -> Flow + Send + Sync + 'static,
    ) -> Self {
        let (recorder, told) = recorder(script);
        let engine = builder.build(recorder);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = engine.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(service.clone());
                let connection = http1::Builder::new().serve_connection(TokioIo::new(Foreign(stream)), service);
                tokio::spawn(connection.with_upgrades());
            }
        });
        Self { address, engine, told, server }
    }

    /// What a session is told next.
    pub(crate) async fn next(&mut self) -> Told {
        timeout(PATIENCE, self.told.recv()).await.expect("a session is told something").unwrap()
    }

    /// The socket that is opened next.
    pub(crate) async fn opened(&mut self) -> Socket {
        loop {
            if let Told::Opened(socket) = self.next().await {
                return socket;
            }
        }
    }

    /// Why the next session ends.
    pub(crate) async fn closed(&mut self) -> CloseReason {
        loop {
            if let Told::Closed(reason) = self.next().await {
                return reason;
            }
        }
    }

    /// The next text message that a session gets.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            if let Told::Text(text) = self.next().await {
                return text;
            }
        }
    }
}

fn recorder(
    script: impl Fn(&Socket, Message<'_>) -> Flow + Send + Sync + 'static,
) -> (Recorder, UnboundedReceiver<Told>) {
    let (sender, told) = unbounded_channel();
    (Recorder { told: sender, script: Arc::new(script) }, told)
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "never so: {what}");
}

/// Sends more than the kernel takes for a peer that does not read; returns how many messages of 60,000 bytes that were.
pub(crate) async fn clog(socket: &Socket) -> usize {
    let mut sent = 0;
    while socket.queued_bytes() < 500_000 {
        socket.send(Frame::binary(&[7; 60_000])).unwrap();
        sent += 1;
        // The flusher gets its turn: what remains queued is what the kernel did not take.
        tokio::time::sleep(ms(1)).await;
    }
    sent
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A stream that the engine cannot recognise.
struct Foreign(TcpStream);

impl AsyncRead for Foreign {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Foreign {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
