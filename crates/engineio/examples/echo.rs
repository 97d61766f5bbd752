//! A server that sends every message back.
//!
//! `PORT`, `PING_INTERVAL` and `PING_TIMEOUT` (milliseconds) come from the environment; the defaults are those that the
//! test suite of the Engine.IO protocol expects.

use std::env;
use std::time::Duration;

use engineio::{CloseReason, Config, Engine, Flow, Frame, Handler, Message, Session, Socket};
use tokio::net::TcpListener;

struct Echo;

struct EchoSession(Socket);

impl Handler for Echo {
    fn open(&self, socket: &Socket) -> Box<dyn Session> {
        Box::new(EchoSession(socket.clone()))
    }
}

impl Session for EchoSession {
    fn message(&mut self, message: Message<'_>) -> Flow {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
        };
        // An error means that the socket is closed; `close` is told.
        let _ = self.0.send(frame);
        Flow::Continue
    }

    fn close(&mut self, _: CloseReason) {}
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let config = Config {
        ping_interval: Duration::from_millis(setting("PING_INTERVAL", 300)),
        ping_timeout: Duration::from_millis(setting("PING_TIMEOUT", 200)),
        ..Config::default()
    };
    let listener = TcpListener::bind(("127.0.0.1", setting("PORT", 3000) as u16)).await?;
    let engine = Engine::new(config, Echo);
    let interrupted = tokio::signal::ctrl_c();
    engineio::serve(listener, engine.clone(), interrupted).await;
    engine.close(Duration::from_secs(2)).await;
    Ok(())
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
