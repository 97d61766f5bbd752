//! A server to test against.

use std::net::SocketAddr;
use std::time::Duration;

use socketio::{Builder, Config, Server};
use testkit::client::{self, Client, within};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A running server; it goes when the test's runtime goes.
pub struct World {
    pub io: Server,
    pub address: SocketAddr,
}

impl World {
    pub async fn new() -> World {
        World::with(Server::builder()).await
    }

    /// A server with its own engine settings.
    pub async fn engine(change: impl FnOnce(&mut Config)) -> World {
        World::with(Server::builder().engine(Config::with(change))).await
    }

    pub async fn with(builder: Builder) -> World {
        let io = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = io.service();
        tokio::spawn(async move { engineio::serve(listener, service, std::future::pending::<()>()).await });
        World { io, address }
    }

    pub fn url(&self) -> String {
        format!("ws://{}/socket.io/", self.address)
    }

    /// Prepares a client of the namespace `/`.
    pub fn client(&self) -> client::Builder {
        Client::to(&self.url())
    }

    /// A client in the namespace `/`.
    pub async fn connect(&self) -> Client {
        self.client().connect().await.expect("the server lets everybody in")
    }
}

/// Waits until a condition holds that another task brings about.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    within(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// A place for handlers to write to and the test to read from.
pub fn log<T>() -> (mpsc::UnboundedSender<T>, Log<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Log(receiver))
}

pub struct Log<T>(mpsc::UnboundedReceiver<T>);

impl<T> Log<T> {
    pub async fn next(&mut self) -> T {
        within("an entry in the log", self.0.recv()).await.expect("somebody writes to the log")
    }

    pub async fn take(&mut self, count: usize) -> Vec<T> {
        let mut entries = Vec::new();
        while entries.len() < count {
            entries.push(self.next().await);
        }
        entries
    }

    pub fn is_empty(&mut self) -> bool {
        self.0.is_empty()
    }
}
