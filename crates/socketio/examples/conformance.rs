//! The server that the protocol's own test suites and the official client are run against.
//!
//! `cargo run --release -p socketio --example conformance`, with `PORT` (3000), `PING_INTERVAL` (300 ms), `PING_TIMEOUT`
//! (200), `CONNECT_TIMEOUT` (1000), `MAX_PAYLOAD` (1000000) and `RECOVERY_WINDOW` (10000 ms) from the environment.
//!
//! - `/engine.io/`: a bare Engine.IO server that echoes every message.
//! - `/socket.io/`: the namespaces `/`, `/custom`, `/dyn-…`, and `/guarded`, which wants a token.
//! - `GET /nsps`: the live namespaces; `GET /rss`: the process's status as Linux tells it.
//!
//! Connection state recovery is on; then CONNECT carries a `pid` and events end with an offset, as in Node. The protocol's
//! own test suites, which know of neither, want `RECOVERY_WINDOW=0`, which turns it off.

use std::env;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use engineio::{CloseReason, Config, Engine, Flow, Frame, Handler, Message, Session};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use socketio::{Args, ConnectError, Event, Namespace, Recovery, Server, Socket};
use tokio::net::TcpListener;

/// How long a broadcast with acks and a question to the client wait for answers.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(800);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let config = Config::with(|config| {
        config.ping_interval = Duration::from_millis(setting("PING_INTERVAL", 300));
        config.ping_timeout = Duration::from_millis(setting("PING_TIMEOUT", 200));
        config.max_payload = setting("MAX_PAYLOAD", 1_000_000) as usize;
    });
    let connect_timeout = Duration::from_millis(setting("CONNECT_TIMEOUT", 1000));
    let window = Duration::from_millis(setting("RECOVERY_WINDOW", 10_000));
    let mut server = Server::builder().engine(config.clone()).connect_timeout(connect_timeout);
    if !window.is_zero() {
        server = server.recovery(Recovery { window, ..Recovery::default() });
    }
    let io = server.build();
    for name in ["/", "/custom"] {
        let namespace = io.of(name);
        namespace.on_connect(welcome);
        namespace.fallback(respond);
    }
    let dynamic = io.of_matching(|name| name.starts_with("/dyn-"));
    dynamic.on_connect(welcome);
    dynamic.fallback(respond);
    guard(&io.of("/guarded"));

    let names = io.clone();
    let app = Router::new()
        .route("/nsps", get(move || async move { summary(&names) }))
        .route("/rss", get(status))
        .nest_service("/engine.io", Engine::new(config, Echo))
        .nest_service("/socket.io", io.service());
    let listener = TcpListener::bind(("127.0.0.1", setting("PORT", 3000) as u16)).await?;
    let stop = async {
        // Without a handler for the signal there is no graceful end, and that is all.
        let _ = tokio::signal::ctrl_c().await;
    };
    engineio::serve(listener, app, stop).await;
    Ok(())
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The namespaces that exist: how many, and some of their names.
fn summary(io: &Server) -> String {
    let mut names = io.namespaces();
    names.sort();
    let count = names.len();
    names.truncate(20);
    format!("{count} {}\n", names.join(" "))
}

async fn status() -> (StatusCode, String) {
    match tokio::fs::read_to_string("/proc/self/status").await {
        Ok(status) => (StatusCode::OK, status),
        Err(error) => (StatusCode::NOT_IMPLEMENTED, error.to_string()),
    }
}

/// Sends every message back.
struct Echo;

struct EchoSession(engineio::Socket);

impl Handler for Echo {
    fn open(&self, socket: &engineio::Socket) -> Box<dyn Session> {
        Box::new(EchoSession(socket.clone()))
    }
}

impl Session for EchoSession {
    fn message(&mut self, message: Message<'_>) -> Flow {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(data) => Frame::binary(data),
        };
        // Whoever is gone gets nothing back.
        let _ = self.0.send(frame);
        Flow::Continue
    }

    fn close(&mut self, _reason: CloseReason) {}
}

fn guard(namespace: &Namespace) {
    namespace.middleware(|_, auth| async move {
        if auth["token"] == "secret" {
            return Ok(());
        }
        Err(ConnectError::new("not authorized").with_data(json!({"code": 1})))
    });
}

/// Tells a client what it sent along with CONNECT. Whoever is gone gets nothing.
async fn welcome(socket: Socket) {
    let nothing = RawValue::from_string("{}".to_owned()).expect("an empty object is JSON");
    let _ = socket.emit("auth", (socket.auth_raw().unwrap_or(&nothing),));
}

/// Acts on any event. Whoever is gone gets nothing; arguments that make no sense are in the library's log.
async fn respond(socket: Socket, event: Event) {
    let _ = handle(socket, event).await;
}

/// One event; `None` if the client was gone or its arguments did not fit.
async fn handle(socket: Socket, event: Event) -> Option<()> {
    match event.name() {
        "message" => socket.emit("message-back", event.raw_args()).ok(),
        "message-with-ack" => event.take_ack()?.send(event.raw_args()).ok(),
        "emit-with-ack" => {
            let answer = socket.emit_with_ack("emit-with-ack", event.raw_args(), ANSWER_TIMEOUT).await.ok()?;
            socket.emit("emit-with-ack", answer).ok()
        }
        "join" => {
            let (room,) = event.args::<(String,)>().ok()?;
            socket.join(room);
            event.take_ack()?.send((socket.rooms(),)).ok()
        }
        "leave" => {
            let (room,) = event.args::<(String,)>().ok()?;
            socket.leave(room);
            event.take_ack()?.send((socket.rooms(),)).ok()
        }
        "room" => {
            let (room, value) = event.args::<(String, Value)>().ok()?;
            socket.namespace().to(room).emit("room-msg", (value,)).ok()
        }
        "broadcast" => {
            let (value,) = event.args::<(Value,)>().ok()?;
            socket.broadcast().emit("broadcast-msg", (value,)).ok()
        }
        "broadcast-ack" => ask_everyone(&socket, &event).await,
        "burst" => {
            let (count,) = event.args::<(u64,)>().ok()?;
            for number in 0..count {
                socket.emit("burst-msg", (number,)).ok()?;
            }
            event.take_ack()?.send((count,)).ok()
        }
        "order" => socket.emit("order-back", event.raw_args()).ok(),
        "order-await" => {
            tokio::task::yield_now().await;
            socket.emit("order-back", event.raw_args()).ok()
        }
        "volatile" => {
            let (count,) = event.args::<(u64,)>().ok()?;
            for number in 0..count {
                socket.emit_volatile("vol", (number,)).ok()?;
            }
            Some(())
        }
        "kick" => {
            socket.disconnect(false);
            Some(())
        }
        "whoami" => {
            let query: serde_json::Map<String, Value> = socket
                .handshake()
                .query_params()
                .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                .collect();
            let transport = socket.transport().as_str();
            let identity = json!({"id": socket.id(), "query": query, "transport": transport});
            event.take_ack()?.send((identity,)).ok()
        }
        name => {
            let args: Vec<Value> = event.args().ok()?;
            socket.emit("fallback", (name, args)).ok()
        }
    }
}

/// Asks everybody, and tells the one who wanted to know: the answers, then how many did not answer.
async fn ask_everyone(socket: &Socket, event: &Event) -> Option<()> {
    let (value,) = event.args::<(Value,)>().ok()?;
    let ack = event.take_ack()?;
    let asked = socket.namespace().everyone().emit_with_ack("need-ack", (value,), ANSWER_TIMEOUT).ok()?;
    // In a task of its own: the answers may take as long as the timeout, and this socket's events need not wait for it.
    tokio::spawn(async move {
        let answers = asked.await;
        let received: Vec<Option<Value>> = answers.received.iter().map(|(_, args)| first(args)).collect();
        // The one who asked may have left meanwhile.
        let _ = ack.send((received, answers.missing.len()));
    });
    Some(())
}

fn first(args: &Args) -> Option<Value> {
    serde_json::from_str(args.raw(0)?.get()).ok()
}
