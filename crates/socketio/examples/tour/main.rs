//! A tour of who can be reached, and how: each event of the old introduction to Socket.IO, one after the other.
//!
//! `cargo run -p socketio --example tour`. `PORT` (4000), `TOKEN` ("secret", for the namespace `/private`), `TICK` (1000,
//! milliseconds between two updates) and `CLIENT_DIR` (to serve the browser's client) come from the environment.
//! README.md beside this file goes through it, and says where the introduction is of its time.

use std::collections::BTreeMap;
use std::env;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socketio::{ArgsError, ConnectError, Event, Namespace, Server, Socket, SocketId};
use tokio::net::TcpListener;

/// Characters of a nickname that are kept.
const NICKNAME_MAX: usize = 30;

/// Begins the names of rooms for two.
const PRIVATE: &str = "private:";

/// Nicknames by socket; of the namespace `/`.
type Nicknames = Arc<Mutex<BTreeMap<SocketId, String>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut server = Server::builder();
    if let Some(folder) = env::var_os("CLIENT_DIR") {
        server = server.serve_client(folder);
    }
    let io = server.try_build()?;
    for game in ["/", "/texas", "/omaha"] {
        greet(&io.of(game));
        talk(&io, &io.of(game));
    }
    nicknames(&io.of("/"));
    private(&io.of("/private"));
    let ticker = tokio::spawn(tick(io.of("/"), Duration::from_millis(setting("TICK", 1000))));

    let listener = TcpListener::bind(("127.0.0.1", setting("PORT", 4000) as u16)).await?;
    engineio::serve(listener, io.service(), async { _ = tokio::signal::ctrl_c().await }).await;
    ticker.abort();
    Ok(())
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A listener. An error is either that the arguments do not fit, which the library has told its log, or that the client is
/// gone: there is nobody to tell.
fn on(
    namespace: &Namespace,
    event: &str,
    act: impl Fn(&Socket, &Event) -> Result<(), Box<dyn std::error::Error>> + Send + Sync + 'static,
) {
    namespace.on(event, move |socket, event| -> Ready<()> {
        let _ = act(&socket, &event);
        ready(())
    });
}

/// A message to the client.
fn greet(game: &Namespace) {
    game.on_connect(|socket| async move {
        let _ = socket.emit("greetings", ("Hello from the server!", socket.id()));
    });
}

/// Messages to others.
fn talk(io: &Server, game: &Namespace) {
    // To everyone in the namespace, the sender too.
    on(game, "tellEveryone", |socket, event| {
        let (message,): (String,) = event.args()?;
        Ok(socket.namespace().emit("heyEveryone", (message, socket.id()))?)
    });
    // To everyone in another one. Only where there is one: a client must not be able to make namespaces.
    let everywhere = io.clone();
    on(game, "tellNamespace", move |socket, event| {
        let (message, name): (String, String) = event.args()?;
        if everywhere.namespaces().contains(&name) {
            everywhere.of(&name).emit("heyEveryone", (message, socket.id()))?;
        }
        Ok(())
    });
    // To a room, or two. One need not be in it.
    on(game, "tellRoom", |socket, event| {
        let (message, room): (String, String) = event.args()?;
        Ok(socket.to(room).emit("heyThere", (message, socket.id()))?)
    });
    on(game, "tellRooms", |socket, event| {
        let (message, first, second): (String, String, String) = event.args()?;
        Ok(socket.to(first).to(second).emit("heyThere", (message, socket.id()))?)
    });
    // To everyone but the sender: in the namespace, or in a room.
    on(game, "broadcastMsg", |socket, event| {
        let (message, room): (String, Option<String>) = event.args()?;
        let others = match room {
            Some(room) => socket.to(room),
            None => socket.broadcast(),
        };
        Ok(others.emit("broadcastFrom", (message, socket.id()))?)
    });
    // To one other: every socket is in a room of its own id.
    on(game, "sendToUser", |socket, event| {
        let (message, user): (String, String) = event.args()?;
        Ok(socket.to(user).emit("messageFromUser", (message, socket.id()))?)
    });
    // To one, or else to a room.
    on(game, "sendMsg", |socket, event| {
        let (message, user, room): (String, Option<String>, Option<String>) = event.args()?;
        match (user, room) {
            (Some(user), _) => socket.to(user).emit("receiveMsg", (message, socket.id()))?,
            (None, Some(room)) => socket.to(&room).emit("receiveMsgFromRoom", (message, socket.id(), &room))?,
            (None, None) => {}
        }
        Ok(())
    });
    rooms(game);
}

/// Who is where.
fn rooms(game: &Namespace) {
    on(game, "enterRoom", |socket, event| {
        let (room,): (String,) = event.args()?;
        // Ids are rooms too: whoever joined another's would read what is sent to that one alone.
        if SocketId::parse(&room).is_none() && !room.starts_with(PRIVATE) {
            socket.join(room);
        }
        answer(event, socket.rooms())
    });
    on(game, "leaveRoom", |socket, event| {
        let (room,): (String,) = event.args()?;
        socket.leave(room);
        answer(event, socket.rooms())
    });
    on(game, "socketIds", |socket, event| {
        let sockets = socket.namespace().everyone().sockets();
        answer(event, sockets.iter().map(|socket| *socket.id()).collect::<Vec<SocketId>>())
    });
    on(game, "roomIds", |socket, event| {
        let (room,): (String,) = event.args()?;
        let sockets = socket.namespace().to(room).sockets();
        answer(event, sockets.iter().map(|socket| *socket.id()).collect::<Vec<SocketId>>())
    });
    // A room of two. Looking and joining are one step: of two who come at once, one is the third.
    let door = Arc::new(Mutex::new(()));
    on(game, "enterPrivateRoom", move |socket, event| {
        let (name,): (String,) = event.args()?;
        let room = format!("{PRIVATE}{name}");
        let admitted = {
            let _one_at_a_time = door.lock().unwrap_or_else(PoisonError::into_inner);
            let admitted = socket.is_in(&room) || socket.namespace().to(&*room).count() < 2;
            if admitted {
                socket.join(&room);
            }
            admitted
        };
        answer(event, admitted)
    });
}

fn answer(event: &Event, what: impl serde::Serialize) -> Result<(), Box<dyn std::error::Error>> {
    match event.take_ack() {
        Some(ack) => Ok(ack.send((what,))?),
        None => Ok(()),
    }
}

/// Names that people choose, kept as long as they are connected.
fn nicknames(lobby: &Namespace) {
    let names = Nicknames::default();
    let known = Arc::clone(&names);
    lobby.on_connect(move |socket| {
        let all = lock(&known).clone();
        async move {
            let _ = socket.emit("nicknames", (all,));
        }
    });
    for event in ["setNickname", "changeName"] {
        let names = Arc::clone(&names);
        on(lobby, event, move |socket, event| {
            let name = nickname(event)?;
            lock(&names).insert(*socket.id(), name.clone());
            Ok(socket.namespace().emit("nickname", (socket.id(), name))?)
        });
    }
    lobby.on_disconnect(move |socket, _| {
        lock(&names).remove(socket.id());
        let _ = socket.namespace().emit("userLeft", (socket.id(),));
        ready(())
    });
}

fn nickname(event: &Event) -> Result<String, ArgsError> {
    let (name,): (String,) = event.args()?;
    Ok(name.chars().take(NICKNAME_MAX).collect())
}

fn lock(names: &Nicknames) -> MutexGuard<'_, BTreeMap<SocketId, String>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A namespace for those who know the token.
fn private(club: &Namespace) {
    let token = env::var("TOKEN").unwrap_or_else(|_| "secret".to_owned());
    club.middleware(move |_, auth| {
        let known = auth["token"] == *token;
        async move { if known { Ok(()) } else { Err(ConnectError::new("not authorized")) } }
    });
    greet(club);
}

/// Updates that no client asks for.
async fn tick(lobby: Namespace, every: Duration) {
    let mut interval = tokio::time::interval(every);
    for number in 0_u64.. {
        interval.tick().await;
        // A number always serialises; the next one comes soon, so whoever is slow may miss this one.
        let _ = lobby.everyone().volatile().emit("update", (number,));
    }
}
