//! The crate `socketioxide` under the load of the measurements. `PORT` comes from the environment.

use anyhow::{Context as _, Result};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::TcpListener;

/// Everybody is in it.
const ROOM: &str = "room";
/// Packets that may wait for a socket; with the default of 128 some of the load would be dropped.
const QUEUE: usize = 1024;

async fn say(socket: SocketRef, Data(text): Data<String>) {
    // A text always serialises.
    let _ = socket.within(ROOM).emit("said", &text).await;
}

async fn echo(Data(text): Data<String>, ack: AckSender) {
    // Whoever is gone needs no answer.
    let _ = ack.send(&text);
}

#[tokio::main]
async fn main() -> Result<()> {
    let port = std::env::var("PORT").context("PORT is not set")?.parse::<u16>().context("PORT is no port")?;
    let (service, io) = SocketIo::builder().max_buffer_size(QUEUE).build_svc();
    io.ns("/", async |socket: SocketRef| {
        socket.join(ROOM);
        socket.on("say", say);
        socket.on("echo", echo);
    });
    let listener = TcpListener::bind(("127.0.0.1", port)).await.context("cannot listen")?;
    // A task of its own, so that connections are accepted where they are served, as in the other servers.
    let accepting = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.context("cannot accept")?;
            stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
            let service = service.clone();
            tokio::spawn(async move {
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
                // A connection that ends in an error has ended.
                let _ = connection.await;
            });
        }
    });
    accepting.await.context("accepting ended")?
}
