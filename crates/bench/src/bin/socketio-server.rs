//! The crate `socketio` under the load of the measurements. `PORT` comes from the environment. With `RECOVERY` set, the
//! recovery of connection state is on; `DEADLINE_MS` sets every deadline of a client that is silent or does not read,
//! which is otherwise the default of each.

use std::time::Duration;

use anyhow::{Context as _, Result};
use engineio::CloseReason;
use socketio::{Config, Recovery, Server};
use tokio::net::TcpListener;

/// Everybody is in it.
const ROOM: &str = "room";

#[tokio::main]
async fn main() -> Result<()> {
    let port = number("PORT")?.context("PORT is not set")?;
    let deadline = number("DEADLINE_MS")?.map(|millis| Duration::from_millis(millis.into()));
    let (mut builder, mut http) = (Server::builder(), engineio::Server::default());
    if std::env::var_os("RECOVERY").is_some() {
        builder = builder.recovery(Recovery::default());
    }
    if let Some(deadline) = deadline {
        builder = builder.connect_timeout(deadline).engine(Config::with(|config| {
            (config.ping_interval, config.ping_timeout) = (deadline, deadline);
            (config.stall_timeout, config.fragment_timeout) = (deadline, deadline);
        }));
        http = http.header_timeout(deadline).stall_timeout(deadline);
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
    // The server's own account: connections, sockets, and by which deadline or limit connections ended.
    let own = io.clone();
    everybody.on("stats", move |_, event| {
        let stats = own.stats();
        let by = |reason| stats.engine.closed_by(reason);
        if let Some(ack) = event.take_ack() {
            let _ = ack.send((
                stats.engine.polling + stats.engine.websocket,
                stats.sockets,
                stats.engine.queued,
                by(CloseReason::Stalled) + by(CloseReason::SlowReader),
                by(CloseReason::PingTimeout),
            ));
        }
        async {}
    });
    // Has the C library give back to the system what is free, so that what is left is what the server holds.
    everybody.on("trim", |_, event| async move {
        trim();
        if let Some(ack) = event.take_ack() {
            let _ = ack.send(());
        }
    });
    let listener = TcpListener::bind(("127.0.0.1", port)).await.context("cannot listen")?;
    http.run(listener, io.service(), std::future::pending::<()>()).await;
    Ok(())
}

/// Left to itself, glibc keeps what was freed below anything that is still in use.
fn trim() {
    #[cfg(target_env = "gnu")]
    {
        #[expect(unsafe_code, reason = "glibc has no other way to be asked")]
        // SAFETY: it takes no pointer, may be called at any time from any thread, and changes no allocation.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

fn number(name: &str) -> Result<Option<u16>> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    let number = value.to_str().and_then(|value| value.parse().ok());
    Ok(Some(number.with_context(|| format!("{name} is no number"))?))
}
