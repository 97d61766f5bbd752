//! A server to test against.

use std::net::SocketAddr;
use std::time::Duration;

use engineio::HttpService;
use socketio::{Builder, Config, Server};
use testkit::client::{self, Client, within};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A running server; it goes when the test's runtime goes.
pub(crate) struct World {
    pub(crate) io: Server,
    pub(crate) address: SocketAddr,
}

impl World {
    pub(crate) async fn new() -> World {
        World::with(Server::builder()).await
    }

    /// A server with its own engine settings.
    pub(crate) async fn engine(change: impl FnOnce(&mut Config)) -> World {
        World::with(Server::builder().engine(Config::with(change))).await
    }

    pub(crate) async fn with(builder: Builder) -> World {
        let io = builder.build();
        let service = io.service();
        World::mounted(io, service).await
    }

    /// A server that is reached through this service.
    pub(crate) async fn mounted(io: Server, service: impl HttpService) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { engineio::serve(listener, service, std::future::pending::<()>()).await });
        World { io, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/socket.io/", self.address)
    }

    /// Prepares a client of the namespace `/`.
    pub(crate) fn client(&self) -> client::Builder {
        Client::to(&self.url())
    }

    /// A client in the namespace `/`.
    pub(crate) async fn connect(&self) -> Client {
        self.client().connect().await.expect("the server lets everybody in")
    }
}

/// Waits until a condition holds that another task brings about.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    within(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// A place for handlers to write to and the test to read from.
pub(crate) fn log<T>() -> (mpsc::UnboundedSender<T>, Log<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Log(receiver))
}

pub(crate) struct Log<T>(mpsc::UnboundedReceiver<T>);

impl<T> Log<T> {
    pub(crate) async fn next(&mut self) -> T {
        within("an entry in the log", self.0.recv()).await.expect("somebody writes to the log")
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<T> {
        let mut entries = Vec::new();
        while entries.len() < count {
            entries.push(self.next().await);
        }
        entries
    }

    pub(crate) fn is_empty(&mut self) -> bool {
        self.0.is_empty()
    }
}
