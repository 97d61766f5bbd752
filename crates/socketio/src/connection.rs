//! One client connection: takes the engine's messages apart and sorts them to the sockets of its namespaces.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Flow, Message};
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::args::Args;
use crate::deadlines::Deadline;
use crate::event::Event;
use crate::packet::{self, Body, Packet, ParseError};
use crate::reason::DisconnectReason;
use crate::server::Shared;
use crate::socket::{Socket, Waiting};

/// How long the attachments of a packet may take to arrive.
const ATTACHMENTS_TIMEOUT: Duration = Duration::from_secs(10);
/// Namespaces that one connection may be in at once.
const NAMESPACES_MAX: usize = 64;

/// What the sockets of one connection share.
pub(crate) struct Connection {
    pub(crate) engine: engineio::Socket,
    pub(crate) shared: Arc<Shared>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// One for each namespace, those still connecting included.
    sockets: SmallVec<[Socket; 1]>,
    /// A packet that waits for its attachments.
    partial: Option<Box<Partial>>,
    /// Runs while no namespace is joined.
    connect_deadline: Option<Deadline>,
    /// Events that wait for their turn, and the bytes of their packets.
    waiting: usize,
    waiting_bytes: usize,
    /// The engine was told to stop reading.
    paused: bool,
    /// A namespace was joined at some time.
    joined: bool,
    closed: bool,
    /// Why we closed it, when it was us.
    reason: Option<DisconnectReason>,
}

struct Partial {
    packet: Packet,
    size: usize,
    expected: usize,
    received: Vec<Bytes>,
    deadline: Deadline,
}

/// The engine's end of a connection: owned by the engine's socket, dropped when that closes.
pub(crate) struct Session(Arc<Connection>);

impl Session {
    pub(crate) fn open(engine: engineio::Socket, shared: Arc<Shared>) -> Session {
        let at = Instant::now() + shared.connect_timeout;
        let connection = Arc::new(Connection { engine, shared, state: Mutex::default() });
        // Under the lock, so that a deadline of nearly nothing does not pass before it is known by name.
        let mut state = connection.state.lock();
        state.connect_deadline = Some(connection.shared.add_deadline(at, Arc::clone(&connection)));
        drop(state);
        Session(connection)
    }
}

impl engineio::Session for Session {
    fn message(&self, message: Message) -> Flow {
        let handled = match message {
            Message::Text(text) => self.0.text(&text),
            Message::Binary(data) => self.0.binary(data),
        };
        handled.unwrap_or_else(|error| {
            tracing::debug!(%error, "closing a connection that sent a malformed packet");
            self.0.shared.malformed.fetch_add(1, Ordering::Relaxed);
            self.0.close(DisconnectReason::ParseError);
            Flow::Continue
        })
    }

    fn upgraded(&self) {
        let sockets = self.0.state.lock().sockets.clone();
        sockets.iter().for_each(Socket::upgraded);
    }

    fn close(&self, reason: CloseReason) {
        self.0.closed(reason);
    }
}

impl Connection {
    fn text(self: &Arc<Self>, text: &str) -> Result<Flow, ParseError> {
        if self.state.lock().partial.is_some() {
            return Err(ParseError::Turn);
        }
        let (packet, expected) = packet::decode(text)?;
        if expected == 0 {
            return self.route(packet, text.len());
        }
        let mut state = self.state.lock();
        if !state.closed {
            let deadline = self.shared.add_deadline(Instant::now() + ATTACHMENTS_TIMEOUT, Arc::clone(self));
            let partial = Partial { packet, size: text.len(), expected, received: Vec::new(), deadline };
            state.partial = Some(Box::new(partial));
        }
        Ok(Flow::Continue)
    }

    fn binary(self: &Arc<Self>, data: Bytes) -> Result<Flow, ParseError> {
        let complete = {
            let mut state = self.state.lock();
            let partial = state.partial.as_mut().ok_or(ParseError::Turn)?;
            partial.size += data.len();
            partial.received.push(data);
            if partial.received.len() < partial.expected {
                return Ok(Flow::Continue);
            }
            state.partial.take()
        };
        let Partial { mut packet, size, received, deadline, .. } = *complete.ok_or(ParseError::Turn)?;
        self.shared.deadlines.cancel(deadline);
        packet.attach(received)?;
        self.route(packet, size)
    }

    fn route(self: &Arc<Self>, packet: Packet, size: usize) -> Result<Flow, ParseError> {
        let Packet { namespace, body } = packet;
        match body {
            Body::Connect(auth) => self.connect(&namespace, auth),
            Body::ConnectError(_) => Err(ParseError::Type),
            Body::Disconnect => self.with_socket(&namespace, |socket| {
                socket.end(DisconnectReason::ClientNamespaceDisconnect, Waiting::Finish);
                Flow::Continue
            }),
            Body::Ack { id, args } => self.with_socket(&namespace, |socket| {
                socket.answered(id, args);
                Flow::Continue
            }),
            Body::Event { name, args, id } => {
                self.with_socket(&namespace, |socket| self.event(socket, name, args, id, size))
            }
        }
    }

    fn event(&self, socket: &Socket, name: Box<str>, args: Args, id: Option<u64>, size: usize) -> Flow {
        self.shared.events_in.fetch_add(1, Ordering::Relaxed);
        let event = Event::new(socket.clone(), name, args, id, size);
        socket.receive(event, size);
        let mut state = self.state.lock();
        let limits = &self.shared.inbound;
        state.paused = state.waiting >= limits.events || state.waiting_bytes >= limits.bytes;
        if state.paused { Flow::Pause } else { Flow::Continue }
    }

    /// Finds the socket that a packet is for. A packet for a namespace that this connection has left crosses the
    /// server's DISCONNECT on its way and is dropped; before any namespace is joined it breaks the protocol.
    fn with_socket(&self, namespace: &str, act: impl FnOnce(&Socket) -> Flow) -> Result<Flow, ParseError> {
        let (found, joined) = {
            let state = self.state.lock();
            let found = state.sockets.iter().find(|socket| socket.namespace_name() == namespace).cloned();
            (found, state.joined)
        };
        match found {
            Some(socket) => Ok(act(&socket)),
            None if joined => {
                tracing::debug!(namespace, "dropping a packet for a namespace that was left");
                Ok(Flow::Continue)
            }
            None => Err(ParseError::Turn),
        }
    }

    fn connect(
        self: &Arc<Self>,
        name: &str,
        auth: Option<Box<serde_json::value::RawValue>>,
    ) -> Result<Flow, ParseError> {
        let full = {
            let state = self.state.lock();
            if state.sockets.iter().any(|socket| socket.namespace_name() == name) {
                return Err(ParseError::Turn);
            }
            state.sockets.len() >= NAMESPACES_MAX
        };
        let namespace = if full { None } else { self.shared.enter(name) };
        let Some(namespace) = namespace else {
            let message = if full { "Too many namespaces" } else { "Invalid namespace" };
            // A connection that is gone needs no answer.
            let _ = self.engine.send(packet::encode_connect_error(name, message, None));
            return Ok(Flow::Continue);
        };
        let socket = Socket::new(namespace, Arc::clone(self), auth);
        {
            let mut state = self.state.lock();
            if state.closed {
                drop(state);
                socket.end(DisconnectReason::TransportClose, Waiting::Drop);
                return Ok(Flow::Continue);
            }
            state.sockets.push(socket.clone());
        }
        socket.connect();
        Ok(Flow::Continue)
    }

    /// A socket's CONNECT has been answered.
    pub(crate) fn joined(&self) {
        let deadline = {
            let mut state = self.state.lock();
            state.joined = true;
            state.connect_deadline.take()
        };
        if let Some(deadline) = deadline {
            self.shared.deadlines.cancel(deadline);
        }
    }

    /// A socket has left its namespace or was refused by it. With no other left, the time to join one runs again: nobody
    /// stays for nothing.
    pub(crate) fn forget(self: &Arc<Self>, key: u64) {
        let mut state = self.state.lock();
        let position = state.sockets.iter().position(|socket| socket.key() == key);
        let gone = position.map(|position| state.sockets.swap_remove(position));
        if state.sockets.is_empty() && !state.closed && state.connect_deadline.is_none() {
            let at = Instant::now() + self.shared.connect_timeout;
            state.connect_deadline = Some(self.shared.add_deadline(at, Arc::clone(self)));
        }
        drop(state);
        drop(gone);
    }

    /// An event of `size` bytes has to wait for its turn.
    pub(crate) fn hold(&self, size: usize) {
        let mut state = self.state.lock();
        state.waiting += 1;
        state.waiting_bytes += size;
    }

    /// `count` events of `size` bytes in all wait no longer.
    pub(crate) fn release(&self, count: usize, size: usize) {
        let resume = {
            let mut state = self.state.lock();
            state.waiting -= count;
            state.waiting_bytes -= size;
            let limits = &self.shared.inbound;
            let drained = state.waiting <= limits.events / 2 && state.waiting_bytes <= limits.bytes / 2;
            drained && std::mem::take(&mut state.paused)
        };
        if resume {
            self.engine.resume();
        }
    }

    /// Leaves every namespace, then closes the connection: `disconnect(true)`.
    pub(crate) fn disconnect(&self) {
        let sockets = self.state.lock().sockets.clone();
        for socket in &sockets {
            socket.leave_namespace();
        }
        self.state.lock().reason.get_or_insert(DisconnectReason::ServerNamespaceDisconnect);
        self.engine.close_after_flush(CloseReason::ForcedClose);
    }

    /// Closes the connection without a DISCONNECT packet, so that the client comes back.
    pub(crate) fn close(&self, reason: DisconnectReason) {
        self.state.lock().reason.get_or_insert(reason);
        let malformed = reason == DisconnectReason::ParseError;
        self.engine.close(if malformed { CloseReason::ParseError } else { CloseReason::ForcedClose });
    }

    pub(crate) fn overdue(&self, deadline: Deadline) {
        let reason = {
            let state = self.state.lock();
            if state.connect_deadline == Some(deadline) {
                DisconnectReason::ForcedClose
            } else if state.partial.as_ref().is_some_and(|partial| partial.deadline == deadline) {
                DisconnectReason::ParseError
            } else {
                return;
            }
        };
        self.close(reason);
    }

    fn closed(&self, reason: CloseReason) {
        let (sockets, partial, connect_deadline, own) = {
            let mut state = self.state.lock();
            state.closed = true;
            let sockets = std::mem::take(&mut state.sockets);
            (sockets, state.partial.take(), state.connect_deadline.take(), state.reason)
        };
        for deadline in partial.map(|partial| partial.deadline).into_iter().chain(connect_deadline) {
            self.shared.deadlines.cancel(deadline);
        }
        let waiting = match reason {
            CloseReason::TransportClose
            | CloseReason::TransportError
            | CloseReason::PingTimeout
            | CloseReason::ParseError => Waiting::Finish,
            _ => Waiting::Drop,
        };
        let reason = own.unwrap_or_else(|| reason.into());
        for socket in &sockets {
            socket.end(reason, waiting);
        }
    }
}
