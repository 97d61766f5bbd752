//! A Socket.IO client at the level of the wire: it does what a test tells it, also what no proper client would do.
//!
//! It speaks WebSocket only, keeps one namespace, answers heartbeats whenever it waits for something, and reads nothing
//! while it does not wait. Every wait ends after [`PATIENCE`] with a panic that says what was waited for.

mod connect;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::timeout;

pub use connect::{Builder, Refused};

pub use crate::wire::PATIENCE;
use crate::wire::{Received, WebSocket};

/// The opcode of a WebSocket close frame, and the status of an ordinary end (RFC 6455, sections 5.5.1 and 7.4.1).
const CLOSE: u8 = 8;
const NORMAL: u16 = 1000;

/// A client that is connected to one namespace.
pub struct Client {
    stream: WebSocket,
    namespace: String,
    id: String,
    open: Value,
    pid: Option<String>,
    /// What was read while something else was waited for.
    packets: VecDeque<Packet>,
    next_ack: u64,
    ended: Option<End>,
}

/// What the server sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Packet {
    /// An event.
    Event(Event),
    /// An answer to one of ours.
    Ack {
        /// The id that our event carried.
        id: u64,
        /// The arguments.
        args: Vec<Value>,
        /// The binary attachments.
        attachments: Vec<Vec<u8>>,
    },
    /// Anything else, as text without the Engine.IO type.
    Other(String),
}

/// An event from the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its arguments; binary stands as placeholders.
    pub args: Vec<Value>,
    /// The id to answer under, if the server wants an answer.
    pub ack: Option<u64>,
    /// The binary attachments.
    pub attachments: Vec<Vec<u8>>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The server sent DISCONNECT for the namespace.
    Disconnected,
    /// The connection was closed without it.
    Closed,
}

impl Client {
    /// Prepares a connection to a server at `ws://host:port/socket.io/`.
    #[must_use]
    pub fn to(url: &str) -> Builder {
        Builder::new(url)
    }

    /// The public id that the server gave this socket.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret by which the client may come back after it was cut off, if the server gave it one.
    #[must_use]
    pub fn pid(&self) -> Option<&str> {
        self.pid.as_deref()
    }

    /// What the open packet said: `sid`, `pingInterval`, and so on.
    #[must_use]
    pub fn open_packet(&self) -> &Value {
        &self.open
    }

    /// Sends CONNECT and waits for the answer.
    ///
    /// # Errors
    /// [`Refused::Namespace`] with the payload of CONNECT_ERROR.
    pub async fn join(&mut self, auth: Option<Value>) -> Result<(), Refused> {
        let auth = auth.map(|auth| auth.to_string()).unwrap_or_default();
        let prefix = self.prefix();
        self.send_raw(&format!("0{prefix}{auth}")).await;
        let answer = within("the answer to CONNECT", self.read_other()).await.ok_or(Refused::Closed)?;
        let payload = |text: &str| serde_json::from_str::<Value>(text).expect("a JSON payload");
        if let Some(text) = answer.strip_prefix(&format!("0{prefix}")) {
            let answer = payload(text);
            self.id = answer["sid"].as_str().expect("CONNECT carries the id").to_owned();
            self.pid = answer["pid"].as_str().map(ToOwned::to_owned);
            return Ok(());
        }
        let refusal =
            answer.strip_prefix(&format!("4{prefix}")).expect("CONNECT is answered by CONNECT or CONNECT_ERROR");
        Err(Refused::Namespace(payload(refusal)))
    }

    /// Emits an event. `args` serialises to an array: a tuple or a `Vec`; `()` is none.
    pub async fn emit(&mut self, event: &str, args: impl Serialize) {
        let text = self.event_text(event, args, None);
        self.send_raw(&text).await;
    }

    /// Emits an event and waits for the answer; other packets are kept for later.
    pub async fn emit_with_ack(&mut self, event: &str, args: impl Serialize) -> Vec<Value> {
        let id = self.emit_for_ack(event, args).await;
        self.answer(id).await
    }

    /// Emits an event that wants an answer, and returns the id of it for [`Client::answer`].
    pub async fn emit_for_ack(&mut self, event: &str, args: impl Serialize) -> u64 {
        let id = self.next_ack;
        self.next_ack += 1;
        let text = self.event_text(event, args, Some(id));
        self.send_raw(&text).await;
        id
    }

    /// Waits for the answer to an event; other packets are kept for later.
    pub async fn answer(&mut self, id: u64) -> Vec<Value> {
        let what = format!("the answer {id}");
        self.take(&what, |packet| match packet {
            Packet::Ack { id: found, args, .. } if *found == id => Some(args.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for the answer to an event, or for the end of the connection; other packets are kept for later.
    pub async fn answer_or_end(&mut self, id: u64) -> Option<Vec<Value>> {
        within(&format!("the answer {id}, or the end"), async {
            loop {
                match self.read_packet().await? {
                    Packet::Ack { id: found, args, .. } if found == id => return Some(args),
                    packet => self.packets.push_back(packet),
                }
            }
        })
        .await
    }

    /// Answers an event of the server.
    pub async fn ack(&mut self, id: u64, args: impl Serialize) {
        let text = format!("3{}{id}{}", self.prefix(), array(args, None));
        self.send_raw(&text).await;
    }

    /// The next event that was not taken yet.
    pub async fn next_event(&mut self) -> Event {
        self.event_where("an event", |_| true).await
    }

    /// The arguments of the next event of this name; other packets are kept for later.
    pub async fn event(&mut self, name: &str) -> Vec<Value> {
        self.event_where(name, |event| event.name == name).await.args
    }

    /// The next event that the filter accepts; other packets are kept for later.
    pub async fn event_where(&mut self, what: &str, accept: impl Fn(&Event) -> bool) -> Event {
        self.take(what, |packet| match packet {
            Packet::Event(event) if accept(event) => Some(event.clone()),
            _ => None,
        })
        .await
    }

    /// The events that have arrived and were not taken, in order. Useful after an answer that must have come after them.
    pub fn pending(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for packet in std::mem::take(&mut self.packets) {
            match packet {
                Packet::Event(event) => events.push(event),
                other => self.packets.push_back(other),
            }
        }
        events
    }

    /// Waits until the server ends the connection, and says how.
    pub async fn end(&mut self) -> End {
        within("the end of the connection", async {
            loop {
                if let Some(end) = self.ended {
                    return end;
                }
                match self.read_packet().await {
                    Some(packet) => self.packets.push_back(packet),
                    None => return self.ended.unwrap_or(End::Closed),
                }
            }
        })
        .await
    }

    /// Leaves the namespace by DISCONNECT; the connection stays.
    pub async fn disconnect(&mut self) {
        let text = format!("1{}", self.prefix());
        self.send_raw(&text).await;
    }

    /// Closes the WebSocket properly.
    pub async fn close(mut self) {
        self.stream.frame(true, CLOSE, &NORMAL.to_be_bytes()).await;
    }

    /// Sends a Socket.IO packet as it is; the Engine.IO type is put before it.
    pub async fn send_raw(&mut self, packet: &str) {
        self.stream.send(&format!("4{packet}")).await;
    }

    /// Sends an Engine.IO packet as it is.
    pub async fn send_engine(&mut self, packet: &str) {
        self.stream.send(packet).await;
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, data: &[u8]) {
        self.stream.send_binary(data).await;
    }

    /// The next Socket.IO packet of another kind than event and ack, without the Engine.IO type.
    pub async fn next_other(&mut self) -> String {
        within("a packet", self.read_other()).await.expect("the connection is open")
    }

    /// Waits for the first packet, of those kept and those to come, from which `pick` makes something.
    async fn take<T>(&mut self, what: &str, pick: impl Fn(&Packet) -> Option<T>) -> T {
        let kept = self.packets.iter().enumerate().find_map(|(index, packet)| Some((index, pick(packet)?)));
        if let Some((index, found)) = kept {
            self.packets.remove(index);
            return found;
        }
        within(what, async {
            loop {
                let Some(packet) = self.read_packet().await else {
                    panic!("the connection ended while waiting for {what}; before it: {:?}", self.packets)
                };
                match pick(&packet) {
                    Some(found) => return found,
                    None => self.packets.push_back(packet),
                }
            }
        })
        .await
    }

    async fn read_other(&mut self) -> Option<String> {
        loop {
            match self.read_packet().await? {
                Packet::Other(text) => return Some(text),
                packet => self.packets.push_back(packet),
            }
        }
    }

    /// The next packet with its attachments; heartbeats are answered on the way. `None` at the end.
    async fn read_packet(&mut self) -> Option<Packet> {
        loop {
            let text = self.read_text().await?;
            match text.split_at_checked(1)? {
                ("2", _) => self.send_engine("3").await,
                ("4", packet) => {
                    let packet = self.parse(packet).await?;
                    if packet == Packet::Other(format!("1{}", self.prefix())) {
                        self.ended = Some(End::Disconnected);
                    }
                    return Some(packet);
                }
                _ => {}
            }
        }
    }

    async fn parse(&mut self, text: &str) -> Option<Packet> {
        let other = || Packet::Other(text.to_owned());
        let (kind, rest) = text.split_at_checked(1)?;
        if !matches!(kind, "2" | "3" | "5" | "6") {
            return Some(other());
        }
        let (count, rest) = match rest.split_once('-') {
            Some((count, rest)) if matches!(kind, "5" | "6") => (count.parse().ok()?, rest),
            _ => (0, rest),
        };
        let foreign = self.namespace == "/" && rest.starts_with('/');
        let Some(rest) = rest.strip_prefix(&self.prefix()).filter(|_| !foreign) else { return Some(other()) };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, payload) = rest.split_at(digits);
        let mut args: Vec<Value> = serde_json::from_str(payload).expect("the server sends JSON");
        let mut attachments = Vec::new();
        while attachments.len() < count {
            attachments.push(self.read_binary().await?);
        }
        if matches!(kind, "3" | "6") {
            return Some(Packet::Ack { id: id.parse().ok()?, args, attachments });
        }
        let name = args.remove(0).as_str().expect("an event has a name").to_owned();
        Some(Packet::Event(Event { name, args, ack: id.parse().ok(), attachments }))
    }

    async fn read_text(&mut self) -> Option<String> {
        match self.read_message().await? {
            Received::Text(text) => Some(text),
            other => panic!("expected text, not {other:?}"),
        }
    }

    async fn read_binary(&mut self) -> Option<Vec<u8>> {
        match self.read_message().await? {
            Received::Binary(data) => Some(data),
            other => panic!("expected an attachment, not {other:?}"),
        }
    }

    /// The next message; `None` at the end of the connection.
    async fn read_message(&mut self) -> Option<Received> {
        loop {
            match self.stream.next().await {
                Received::Ping(_) | Received::Pong(_) => {}
                Received::Close(_) | Received::End => {
                    self.ended.get_or_insert(End::Closed);
                    return None;
                }
                message => return Some(message),
            }
        }
    }

    fn prefix(&self) -> String {
        if self.namespace == "/" { String::new() } else { format!("{},", self.namespace) }
    }

    fn event_text(&self, event: &str, args: impl Serialize, id: Option<u64>) -> String {
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        format!("2{}{id}{}", self.prefix(), array(args, Some(event)))
    }
}

fn array(args: impl Serialize, name: Option<&str>) -> String {
    let args = match json!(args) {
        Value::Array(args) => args,
        Value::Null => Vec::new(),
        other => panic!("arguments are a tuple or a Vec, not {other}"),
    };
    Value::from_iter(name.map(Value::from).into_iter().chain(args)).to_string()
}

/// Waits, but not for ever.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
