//! A chat in rooms: who is there, who types, private messages, delivery receipts, an administrator's namespace.
//!
//! `CLIENT_DIR=node_modules/socket.io-client/dist cargo run -p socketio --example rooms_chat`, then open
//! <http://localhost:3000>. `PORT` (3000), `CLIENT_URL` (the one other origin whose pages may use the server; none) and
//! `ADMIN_TOKEN` (without it nobody is an administrator) come from the environment.

mod history;
mod limit;

use std::collections::HashMap;
use std::env;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use engineio::{Cors, Origins};
use history::{History, Message, iso};
use limit::Limit;
use serde::Deserialize;
use serde_json::json;
use socketio::{Config, ConnectError, Event, Namespace, Server, Socket, SocketId};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

const NAME_MAX: usize = 20;
const ROOM_MAX: usize = 50;
const MESSAGE_MAX: usize = 2000;
/// How long a shutdown waits for what is queued.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Chat {
    history: History,
    /// Registered names and whose they are.
    names: Mutex<HashMap<String, SocketId>>,
}

/// What is known of a socket.
#[derive(Clone, Default)]
struct Member {
    /// Its name in the room.
    username: Option<String>,
    room: Option<String>,
    /// The name under which it is registered, for private messages.
    registered: Option<String>,
    limit: Arc<Limit>,
}

/// What a client is told when it may not: the text of its `error` event.
type Refused = String;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let config = Config::with(|config| {
        config.ping_timeout = Duration::from_secs(60);
        let origins = env::var("CLIENT_URL").map_or(Origins::None, |origin| Origins::List(vec![origin]));
        config.cors = Cors { origins, credentials: true };
    });
    let mut server = Server::builder().engine(config);
    if let Some(folder) = env::var_os("CLIENT_DIR") {
        server = server.serve_client(folder);
    }
    let io = server.try_build()?;
    let users = io.of("/");
    chat(&users);
    administration(&io.of("/admin"), &users);

    let app = Router::new()
        .route("/", get(|| async { Html(include_str!("index.html")) }))
        .route("/client.js", get(|| async { ([("content-type", "text/javascript")], include_str!("client.js")) }))
        .nest_service("/socket.io", io.service());
    let port = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        io.close(GRACE).await;
    };
    engineio::serve(listener, app, stop).await;
    Ok(())
}

/// The namespace of those who chat.
fn chat(users: &Namespace) {
    let chat = Arc::new(Chat::default());
    users.on_connect(|socket| async move { socket.set_data(Member::default()) });
    on(users, &chat, "join_room", join_room);
    on(users, &chat, "history", earlier);
    on(users, &chat, "send_message", send_message);
    on(users, &chat, "typing", typing);
    on(users, &chat, "register", register);
    on(users, &chat, "private_message", private_message);
    users.on_disconnect(move |socket, _| {
        gone(&chat, &socket);
        ready(())
    });
}

/// The namespace of administrators: whoever shows the token may send somebody away.
fn administration(admins: &Namespace, users: &Namespace) {
    admins.middleware(|_, auth| async move {
        let token = env::var("ADMIN_TOKEN").ok();
        if token.is_some_and(|token| auth["token"] == token) { Ok(()) } else { Err(ConnectError::new("Unauthorized")) }
    });
    let users = users.clone();
    admins.on("kick_user", move |_, event| {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kick {
            socket_id: String,
        }
        if let Ok((Kick { socket_id },)) = event.args()
            && let Some(socket) = SocketId::parse(&socket_id).and_then(|id| users.socket(&id))
        {
            socket.disconnect(false);
        }
        ready(())
    });
}

fn on(users: &Namespace, chat: &Arc<Chat>, name: &str, act: fn(&Chat, &Socket, &Event) -> Result<(), Refused>) {
    let chat = Arc::clone(chat);
    users.on(name, move |socket, event| -> Ready<()> {
        if let Err(refused) = act(&chat, &socket, &event) {
            tell(&socket, "error", json!({"msg": refused}));
            answer(&event, json!({"status": "error", "error": refused}));
        }
        ready(())
    });
}

#[derive(Deserialize)]
struct Join {
    username: String,
    room: String,
}

fn join_room(chat: &Chat, socket: &Socket, event: &Event) -> Result<(), Refused> {
    let Join { username, room } = argument(event)?;
    let username = text("username", &username, NAME_MAX)?;
    let room = text("room", &room, ROOM_MAX)?;
    let before = member(socket);
    leave_room(socket, &before);

    socket.set_data(Member { username: Some(username.clone()), room: Some(room.clone()), ..before });
    socket.join(&room);
    let (history, more) = chat.history.page(&room, None);
    tell(socket, "room_joined", json!({"room": room, "username": username, "history": history, "more": more}));
    let joined = json!({"username": username, "time": iso(SystemTime::now())});
    // Names and times are plain JSON: nothing can fail but the connection, whose end is told elsewhere.
    let _ = socket.to(&room).emit("user_joined", (joined,));
    tell_users(&socket.namespace(), &room);
    Ok(())
}

/// An earlier page of the room's messages.
fn earlier(chat: &Chat, socket: &Socket, event: &Event) -> Result<(), Refused> {
    #[derive(Deserialize)]
    struct Before {
        before: String,
    }
    let Before { before } = argument(event)?;
    let room = member(socket).room.ok_or("join a room first")?;
    let (messages, more) = chat.history.page(&room, Some(&before));
    answer(event, json!({"messages": messages, "more": more}));
    Ok(())
}

fn send_message(chat: &Chat, socket: &Socket, event: &Event) -> Result<(), Refused> {
    #[derive(Deserialize)]
    struct Send {
        message: String,
        room: String,
    }
    let Member { username, room, limit, .. } = member(socket);
    limit.take().ok_or("too many messages, wait a second")?;
    let Send { message, room: wanted } = argument(event)?;
    let message = text("message", &message, MESSAGE_MAX)?;
    let (Some(username), Some(room)) = (username, room.filter(|room| *room == wanted)) else {
        return Err(format!("you are not in {wanted}"));
    };
    let message = Message::new(username, message);
    let id = message.id.clone();
    let _ = socket.namespace().to(&room).emit("receive_message", (&message,));
    chat.history.add(&room, message);
    answer(event, json!({"status": "delivered", "messageId": id}));
    Ok(())
}

fn typing(_: &Chat, socket: &Socket, event: &Event) -> Result<(), Refused> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typing {
        is_typing: bool,
    }
    let Typing { is_typing } = argument(event)?;
    if let Member { username: Some(username), room: Some(room), .. } = member(socket) {
        let typing = json!({"username": username, "isTyping": is_typing});
        let _ = socket.to(&room).volatile().emit("user_typing", (typing,));
    }
    Ok(())
}

fn register(chat: &Chat, socket: &Socket, event: &Event) -> Result<(), Refused> {
    let username = text("username", &argument::<String>(event)?, NAME_MAX)?;
    let before = member(socket);
    {
        let mut names = chat.names();
        if names.get(&username).is_some_and(|id| id != socket.id()) {
            return Err(format!("{username} is taken"));
        }
        if let Some(old) = &before.registered {
            names.remove(old);
        }
        names.insert(username.clone(), *socket.id());
    }
    socket.set_data(Member { registered: Some(username), ..before });
    chat.tell_presence(&socket.namespace());
    Ok(())
}

fn private_message(chat: &Chat, socket: &Socket, event: &Event) -> Result<(), Refused> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Private {
        to_socket_id: Option<String>,
        to_username: Option<String>,
        message: String,
    }
    let sender = member(socket);
    sender.limit.take().ok_or("too many messages, wait a second")?;
    let Private { to_socket_id, to_username, message } = argument(event)?;
    let message = text("message", &message, MESSAGE_MAX)?;
    let from = sender.registered.or(sender.username).ok_or("say who you are first")?;
    let users = socket.namespace();
    let id = match (&to_socket_id, &to_username) {
        (Some(id), _) => SocketId::parse(id),
        (None, Some(name)) => chat.names().get(name).copied(),
        (None, None) => return Err("a private message is for somebody".to_owned()),
    };
    let Some(recipient) = id.and_then(|id| users.socket(&id)) else {
        return Err(format!("{} is offline", to_username.or(to_socket_id).unwrap_or_default()));
    };
    let mut private = json!({
        "from": from,
        "fromId": socket.id(),
        "message": message,
        "time": iso(SystemTime::now()),
    });
    tell(&recipient, "private_message", private.clone());
    private["isSelf"] = true.into();
    tell(socket, "private_message", private);
    Ok(())
}

fn gone(chat: &Chat, socket: &Socket) {
    let member = member(socket);
    leave_room(socket, &member);
    if let Some(name) = member.registered {
        chat.names().remove(&name);
        chat.tell_presence(&socket.namespace());
    }
}

fn leave_room(socket: &Socket, member: &Member) {
    let Member { username: Some(username), room: Some(room), .. } = member else { return };
    socket.leave(room);
    let left = json!({"username": username, "time": iso(SystemTime::now())});
    let _ = socket.namespace().to(room).emit("user_left", (left,));
    tell_users(&socket.namespace(), room);
}

/// Tells a room who is in it.
fn tell_users(users: &Namespace, room: &str) {
    let mut names: Vec<String> = users.to(room).sockets().iter().filter_map(|socket| member(socket).username).collect();
    names.sort();
    let _ = users.to(room).emit("room_users", (names,));
}

impl Chat {
    /// Tells everybody who is registered.
    fn tell_presence(&self, users: &Namespace) {
        let names = self.names();
        let online: Vec<_> = names.iter().map(|(username, id)| json!({"username": username, "id": id})).collect();
        // Under the lock, so that the last to be told is the last to be true.
        let _ = users.emit("presence_update", (online,));
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<String, SocketId>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn member(socket: &Socket) -> Member {
    socket.data::<Member>().map(|member| (*member).clone()).unwrap_or_default()
}

/// The one argument of an event.
fn argument<T: serde::de::DeserializeOwned>(event: &Event) -> Result<T, Refused> {
    event.args::<(T,)>().map(|(argument,)| argument).map_err(|error| error.to_string())
}

/// Text from a client: trimmed, not empty, and not too long.
fn text(what: &str, text: &str, max: usize) -> Result<String, Refused> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(format!("{what} is empty")),
        length if length > max => Err(format!("{what} is longer than {max} characters")),
        _ => Ok(text.to_owned()),
    }
}

/// To somebody who may be gone already.
fn tell(socket: &Socket, event: &str, what: serde_json::Value) {
    let _ = socket.emit(event, (what,));
}

fn answer(event: &Event, what: serde_json::Value) {
    if let Some(ack) = event.take_ack() {
        let _ = ack.send((what,));
    }
}
