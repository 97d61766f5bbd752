//! One room for everybody: a name to get in, who is there, what is said.
//!
//! `CLIENT_DIR=node_modules/socket.io-client/dist cargo run -p socketio --example lobby`, then open
//! <http://localhost:8080>. `PORT` (8080) comes from the environment.

use std::collections::BTreeSet;
use std::env;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use socketio::{Event, Namespace, Server, Socket};
use tokio::net::TcpListener;

/// Characters of a name.
const NAME: std::ops::RangeInclusive<usize> = 3..=10;

/// The names that are taken.
#[derive(Clone, Default)]
struct Lobby(Arc<Mutex<BTreeSet<String>>>);

/// The name of a socket that has logged in.
struct Name(String);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut server = Server::builder();
    if let Some(folder) = env::var_os("CLIENT_DIR") {
        server = server.serve_client(folder);
    }
    let io = server.try_build()?;
    install(&io.of("/"));

    let app = Router::new()
        .route("/", get(|| async { Html(include_str!("index.html")) }))
        .route("/client.js", get(|| async { ([("content-type", "text/javascript")], include_str!("client.js")) }))
        .nest_service("/socket.io", io.service());
    let port = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    engineio::serve(listener, app, async { _ = tokio::signal::ctrl_c().await }).await;
    Ok(())
}

fn install(everybody: &Namespace) {
    let lobby = Lobby::default();
    let names = lobby.clone();
    everybody.on("login", move |socket, event| {
        let lobby = names.clone();
        async move { lobby.login(&socket, &event) }
    });
    let names = lobby.clone();
    everybody.on("onlineUsers", move |socket, _| {
        let lobby = names.clone();
        async move {
            if socket.data::<Name>().is_some() {
                let online: Vec<String> = lobby.names().iter().cloned().collect();
                // Whoever is gone needs no answer, here and below.
                let _ = socket.emit("onlineUsers", (online,));
            }
        }
    });
    everybody.on("chat", |socket, event| async move {
        let (Some(name), Ok((message,))) = (socket.data::<Name>(), event.args::<(String,)>()) else { return };
        if !message.trim().is_empty() {
            let _ = socket.namespace().emit("chat", (json!({"sender": name.0, "message": message}),));
        }
    });
    everybody.on_disconnect(move |socket, _| {
        let lobby = lobby.clone();
        async move {
            if let Some(name) = socket.data::<Name>() {
                lobby.names().remove(&name.0);
                let _ = socket.namespace().emit("userLeft", (&name.0,));
            }
        }
    });
}

impl Lobby {
    fn login(&self, socket: &Socket, event: &Event) {
        let (wanted,) = event.args::<(Value,)>().unwrap_or_default();
        let name = wanted.as_str().filter(|name| NAME.contains(&name.chars().count()));
        let Some(name) = name.map(str::to_owned) else {
            let _ = socket.emit("loginNameBad", (wanted,));
            return;
        };
        if socket.data::<Name>().is_some() || !self.names().insert(name.clone()) {
            let _ = socket.emit("loginNameExists", (name,));
            return;
        }
        socket.set_data(Name(name.clone()));
        let _ = socket.emit("welcome", (&name,));
        let _ = socket.namespace().emit("userJoined", (&name,));
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
