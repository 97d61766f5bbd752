//! One client connection: takes the engine's messages apart and sorts them to the sockets of its namespaces.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Flow, Frame, Message};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::args::Args;
use crate::deadlines::Deadline;
use crate::farewells::Farewells;
use crate::packet::{self, Assembled, Assembler, Body, Packet, ParseError};
use crate::reason::DisconnectReason;
use crate::server::Shared;
use crate::socket::{Socket, Waiting};

/// How long the attachments of a packet may take to arrive.
const ATTACHMENTS_TIMEOUT: Duration = Duration::from_secs(10);
/// What a waiting argument weighs beside its text: its allocation and its place in the list.
const ARG_OVERHEAD: usize = 48;
/// Sockets of one connection that may be on their way in or out at once: in the middleware, or in their connect or disconnect
/// handlers. Beyond them the connection is read no further, or a client that joins and leaves without end could have any
/// number of handlers at work. One that is in every namespace that it may be in is far from it.
const PASSING_MAX: usize = 2 * NAMESPACES_MAX;
/// Namespaces that one connection may be in at once.
const NAMESPACES_MAX: usize = 64;

/// What the sockets of one connection share.
pub(crate) struct Connection {
    pub(crate) engine: engineio::Socket,
    pub(crate) shared: Arc<Shared>,
    state: Mutex<State>,
    /// Something waits or passes: without it there is no need to look whether that is too much.
    busy: AtomicBool,
}

#[derive(Default)]
struct State {
    /// One for each namespace, those still connecting included.
    sockets: SmallVec<[Socket; 1]>,
    /// Runs while attachments of a packet are due.
    attachments_deadline: Option<Deadline>,
    /// Runs while no namespace is joined.
    connect_deadline: Option<Deadline>,
    /// Events that wait for their turn, and the bytes of their packets.
    waiting: usize,
    waiting_bytes: usize,
    /// Sockets on their way in or out.
    passing: usize,
    /// The engine was told to stop reading.
    paused: bool,
    /// A namespace was joined at some time.
    joined: bool,
    closed: bool,
    /// Why we closed it, when it was us.
    reason: Option<DisconnectReason>,
    farewells: Farewells,
}

/// The engine's end of a connection: owned by the engine's socket, dropped when that closes.
pub(crate) struct Session {
    connection: Arc<Connection>,
    assembler: Assembler,
}

impl Session {
    pub(crate) fn open(engine: engineio::Socket, shared: Arc<Shared>) -> Session {
        let at = Instant::now() + shared.connect_timeout;
        let connection = Arc::new(Connection { engine, shared, state: Mutex::default(), busy: AtomicBool::new(false) });
        // Under the lock, so that a deadline of nearly nothing does not pass before it is known by name.
        let mut state = connection.state.lock();
        state.connect_deadline = Some(connection.shared.add_deadline(at, Arc::clone(&connection)));
        drop(state);
        let assembler = Assembler::new(connection.shared.attachments_bytes);
        Session { connection, assembler }
    }
}

impl Session {
    fn take(&mut self, message: Message<'_>) -> Result<Flow, ParseError> {
        let assembled = match message {
            Message::Text(text) => self.assembler.text(text)?,
            Message::Binary(data) => {
                let assembled = self.assembler.binary(Bytes::copy_from_slice(data))?;
                if matches!(assembled, Assembled::Whole(..)) {
                    self.connection.attachments_came();
                }
                assembled
            }
        };
        match assembled {
            Assembled::Whole(packet, size) => return self.connection.route(packet, size),
            Assembled::Begun => self.connection.await_attachments(),
            Assembled::More => {}
        }
        Ok(Flow::Continue)
    }
}

impl engineio::Session for Session {
    fn message(&mut self, message: Message<'_>) -> Flow {
        self.take(message).unwrap_or_else(|error| {
            tracing::debug!(%error, "closing a connection that sent a malformed packet");
            self.connection.shared.malformed.fetch_add(1, Ordering::Relaxed);
            self.connection.close(DisconnectReason::ParseError);
            Flow::Continue
        })
    }

    fn upgraded(&mut self) {
        let sockets = self.connection.state.lock().sockets.clone();
        sockets.iter().for_each(Socket::upgraded);
    }

    fn close(&mut self, reason: CloseReason) {
        self.connection.closed(reason);
    }
}

impl Connection {
    /// Begins the time that the attachments of a packet may take.
    fn await_attachments(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if !state.closed {
            let at = Instant::now() + ATTACHMENTS_TIMEOUT;
            state.attachments_deadline = Some(self.shared.add_deadline(at, Arc::clone(self)));
        }
    }

    /// They are all here.
    fn attachments_came(&self) {
        let deadline = self.state.lock().attachments_deadline.take();
        if let Some(deadline) = deadline {
            self.shared.deadlines.cancel(deadline);
        }
    }

    fn route(self: &Arc<Self>, packet: Packet, size: usize) -> Result<Flow, ParseError> {
        let Packet { namespace, body } = packet;
        match body {
            Body::Connect(auth) => self.connect(&namespace, auth),
            Body::ConnectError(_) => Err(ParseError::Type),
            Body::Disconnect => self.with_socket(&namespace, |socket| {
                socket.end(DisconnectReason::ClientNamespaceDisconnect, Waiting::Finish);
                self.flow()
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
        let size = size + args.len() * ARG_OVERHEAD;
        socket.receive(name, args, id, size);
        self.flow()
    }

    /// Whether reading goes on with what is at work and waiting now.
    fn flow(&self) -> Flow {
        if !self.busy.load(Ordering::Relaxed) {
            return Flow::Continue;
        }
        let mut state = self.state.lock();
        let limits = &self.shared.inbound;
        state.paused =
            state.waiting >= limits.events || state.waiting_bytes >= limits.bytes || state.passing >= PASSING_MAX;
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
            state.farewells.forget(name);
            state.sockets.push(socket.clone());
        }
        socket.connect();
        Ok(self.flow())
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
        self.busy.store(true, Ordering::Relaxed);
    }

    /// `count` events of `size` bytes in all wait no longer.
    pub(crate) fn release(&self, count: usize, size: usize) {
        self.relieve(|state| {
            state.waiting -= count;
            state.waiting_bytes -= size;
        });
    }

    /// A socket is on its way in or out until the guard is dropped.
    pub(crate) fn passage(self: &Arc<Self>) -> Passage {
        let mut state = self.state.lock();
        state.passing += 1;
        self.busy.store(true, Ordering::Relaxed);
        drop(state);
        Passage(Arc::clone(self))
    }

    /// Goes on reading if `change` leaves little enough to do.
    fn relieve(&self, change: impl FnOnce(&mut State)) {
        let resume = {
            let mut state = self.state.lock();
            change(&mut state);
            self.busy.store(state.waiting > 0 || state.passing > 0, Ordering::Relaxed);
            let limits = &self.shared.inbound;
            let drained = state.waiting <= limits.events / 2
                && state.waiting_bytes <= limits.bytes / 2
                && state.passing <= PASSING_MAX / 2;
            drained && std::mem::take(&mut state.paused)
        };
        if resume {
            self.engine.resume();
        }
    }

    /// Leaves every namespace, then closes the connection: `disconnect(true)`.
    pub(crate) fn disconnect(&self) {
        self.put_out();
        self.say_farewell();
        self.engine.close_after_flush(CloseReason::ForcedClose);
    }

    /// The same in place of what is queued: `kick()`.
    pub(crate) fn kick(&self) {
        self.put_out();
        // Under the lock, so that nobody says one of them meanwhile.
        let mut farewells = self.farewells();
        self.engine.close_with(CloseReason::ForcedClose, farewells.take());
    }

    fn put_out(&self) {
        let sockets = {
            let mut state = self.state.lock();
            state.reason.get_or_insert(DisconnectReason::ServerNamespaceDisconnect);
            state.sockets.clone()
        };
        sockets.iter().for_each(Socket::put_out);
    }

    /// Notes what the client is to be told. Called before anybody can see that it was put out, so that whoever closes the
    /// connection then tells it.
    pub(crate) fn owe_farewell(&self, namespace: &str, frame: Frame) {
        self.farewells().owe(namespace, frame);
    }

    /// Queues what the client has not been told yet.
    pub(crate) fn say_farewell(&self) {
        // Under the lock, so that whoever closes the connection comes before or after. One that is closed needs no farewell.
        let mut farewells = self.farewells();
        let _ = self.engine.send(farewells.say());
    }

    fn farewells(&self) -> MappedMutexGuard<'_, Farewells> {
        MutexGuard::map(self.state.lock(), |state| {
            if self.engine.queued_bytes() == 0 {
                state.farewells.left();
            }
            &mut state.farewells
        })
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
            } else if state.attachments_deadline == Some(deadline) {
                DisconnectReason::ParseError
            } else {
                return;
            }
        };
        self.close(reason);
    }

    fn closed(&self, reason: CloseReason) {
        let (sockets, deadlines, own) = {
            let mut state = self.state.lock();
            state.closed = true;
            let sockets = std::mem::take(&mut state.sockets);
            let deadlines = [state.attachments_deadline.take(), state.connect_deadline.take()];
            (sockets, deadlines, state.reason)
        };
        for deadline in deadlines.into_iter().flatten() {
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

/// See [`Connection::passage`].
pub(crate) struct Passage(Arc<Connection>);

impl Drop for Passage {
    fn drop(&mut self) {
        self.0.relieve(|state| state.passing -= 1);
    }
}
