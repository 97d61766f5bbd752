//! The crate `socketio` under the load of the measurements. `PORT` comes from the environment; with `RECOVERY` set, the
//! recovery of connection state is on.

use anyhow::{Context as _, Result};
use socketio::{Recovery, Server};
use tokio::net::TcpListener;

/// Everybody is in it.
const ROOM: &str = "room";

#[tokio::main]
async fn main() -> Result<()> {
    let port = std::env::var("PORT").context("PORT is not set")?.parse::<u16>().context("PORT is no port")?;
    let mut builder = Server::builder();
    if std::env::var_os("RECOVERY").is_some() {
        builder = builder.recovery(Recovery::default());
    }
    let io = builder.build();
    let everybody = io.of("/");
    everybody.on_connect(|socket| async move { socket.join(ROOM) });
    let room = everybody.clone();
    everybody.on("say", move |_, event| {
        if let Ok((text,)) = event.args::<(String,)>() {
            // A text always serialises.
            let _ = room.to(ROOM).emit("said", (text,));
        }
        async {}
    });
    everybody.on("echo", |_, event| async move {
        let (Ok((text,)), Some(ack)) = (event.args::<(String,)>(), event.take_ack()) else { return };
        // Whoever is gone needs no answer.
        let _ = ack.send((text,));
    });
    let listener = TcpListener::bind(("127.0.0.1", port)).await.context("cannot listen")?;
    engineio::serve(listener, io.service(), std::future::pending::<()>()).await;
    Ok(())
}
