//! A client in a namespace, as the application sees it.

use std::any::Any;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use engineio::{Handshake, Transport};
use hashbrown::HashMap;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::acks::PendingAck;
use crate::args::{Args, EmitArgs};
use crate::broadcast::Broadcast;
use crate::connection::Connection;
use crate::error::{AckError, EmitError};
use crate::event::Event;
use crate::handler::{self, Listeners};
use crate::id::SocketId;
use crate::namespace::Inner as Namespace;
use crate::packet::{self, Encoded};
use crate::reason::DisconnectReason;
use crate::rooms::{Room, Target};
use crate::runner::Job;

/// A client's connection to one namespace. Cloning gives another handle to the same socket.
///
/// The library itself lets go of a socket when it disconnects; a handle that is kept longer keeps a few hundred bytes, and
/// everything sent through it is [`EmitError::Closed`].
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    id: SocketId,
    /// Names the socket in this process; cheaper to compare and hash than the id.
    key: u64,
    namespace: Arc<Namespace>,
    connection: Arc<Connection>,
    auth: Option<Box<RawValue>>,
    connected: AtomicBool,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) phase: Phase,
    /// What waits for its turn; see the module `runner`.
    pub(crate) queue: VecDeque<Job>,
    /// Somebody is at work on the queue.
    pub(crate) running: bool,
    pub(crate) listeners: Option<Box<Listeners>>,
    rooms: Vec<Arc<Room>>,
    acks: HashMap<u64, oneshot::Sender<Args>>,
    data: Option<Arc<dyn Any + Send + Sync>>,
}

/// The life of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The middleware is at work; CONNECT is not answered.
    Connecting,
    /// CONNECT is answered.
    Connected,
    /// Disconnected or refused; handlers may still be at work on what had arrived.
    Ending,
    /// The last handler has returned. Nothing more is registered, so that no cycle of handles remains.
    Ended,
}

/// What becomes of the events that wait when a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The peer went: what it had sent is still handled.
    Finish,
    /// The server ended it: nothing more of it is handled.
    Drop,
}

impl Socket {
    pub(crate) fn new(namespace: Arc<Namespace>, connection: Arc<Connection>, auth: Option<Box<RawValue>>) -> Socket {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        let state = State {
            phase: Phase::Connecting,
            queue: VecDeque::new(),
            running: false,
            listeners: None,
            rooms: Vec::new(),
            acks: HashMap::new(),
            data: None,
        };
        let socket = Socket(Arc::new(Inner {
            id: SocketId::random(),
            key: KEYS.fetch_add(1, Ordering::Relaxed),
            namespace,
            connection,
            auth,
            connected: AtomicBool::new(false),
            state: Mutex::new(state),
        }));
        socket.0.namespace.rooms.enter(&socket);
        socket
    }

    pub(crate) fn key(&self) -> u64 {
        self.0.key
    }

    pub(crate) fn engine(&self) -> &engineio::Socket {
        &self.0.connection.engine
    }

    pub(crate) fn namespace_inner(&self) -> &Arc<Namespace> {
        &self.0.namespace
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    pub(crate) fn state(&self) -> &Mutex<State> {
        &self.0.state
    }

    /// The public id: in the packets of this namespace, and the name of the room that only this socket is in.
    pub fn id(&self) -> &SocketId {
        &self.0.id
    }

    /// The name of the namespace, starting with `/`.
    pub fn namespace_name(&self) -> &str {
        &self.0.namespace.name
    }

    /// The HTTP request that opened the connection: headers, query, address, time, and the extensions that
    /// [`crate::Builder::allow_request`] returned.
    pub fn handshake(&self) -> &Handshake {
        self.0.connection.engine.handshake()
    }

    /// The JSON text of the `auth` payload that came with CONNECT, if any.
    pub fn auth_raw(&self) -> Option<&RawValue> {
        self.0.auth.as_deref()
    }

    /// The `auth` payload that came with CONNECT; a client that sends none counts as sending `{}`.
    ///
    /// # Errors
    /// The payload does not fit the type.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.auth_raw().map_or("{}", RawValue::get))
    }

    /// How the client is connected at the moment; it changes when polling is upgraded to WebSocket.
    pub fn transport(&self) -> Transport {
        self.0.connection.engine.transport()
    }

    /// Whether CONNECT has been answered and neither side has disconnected.
    pub fn is_connected(&self) -> bool {
        self.0.connected.load(Ordering::Acquire)
    }

    /// Attaches data to the socket, in place of what was attached before. It lives as long as the last handle: a handle
    /// of the same socket inside it would keep both for ever.
    pub fn set_data<T: Any + Send + Sync>(&self, data: T) {
        // The old value is dropped after the lock.
        let _old = self.0.state.lock().data.replace(Arc::new(data));
    }

    /// The attached data, if it is of this type.
    pub fn data<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let data = self.0.state.lock().data.clone()?;
        data.downcast().ok()
    }
}

/// Listening.
impl Socket {
    /// Calls `handler` for each event of this name.
    ///
    /// Handlers of one socket run strictly one after the other, in the order in which the events arrived: the next event
    /// waits until the future has finished. Listeners that are the same for every socket are better registered once, with
    /// [`crate::Namespace::on`], where they cost nothing per socket.
    pub fn on<F, Fut>(&self, event: &str, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add(event, handler::event_handler(handler), false));
    }

    /// Like [`Socket::on`], for the next event of this name only.
    pub fn once<F, Fut>(&self, event: &str, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add(event, handler::event_handler(handler), true));
    }

    /// Removes every listener that was registered on this socket for this event.
    pub fn off(&self, event: &str) {
        let mut state = self.0.state.lock();
        if let Some(listeners) = &mut state.listeners {
            listeners.remove(event);
        }
    }

    /// Calls `handler` for every event, before the event's own listeners.
    pub fn on_any<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add_any(handler::event_handler(handler)));
    }

    /// Calls `handler` for each event that has no listener of its own. It replaces an earlier one.
    pub fn fallback<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.set_fallback(handler::event_handler(handler)));
    }

    /// Calls `handler` once, after the last event, when the socket has disconnected.
    pub fn on_disconnect<F, Fut>(&self, handler: F)
    where
        F: Fn(Socket, DisconnectReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.with_listeners(|listeners| listeners.add_disconnect(handler::disconnect_handler(handler)));
    }

    fn with_listeners(&self, change: impl FnOnce(&mut Listeners)) {
        let mut state = self.0.state.lock();
        if state.phase != Phase::Ended {
            change(state.listeners.get_or_insert_default());
        }
    }
}

/// Sending.
impl Socket {
    /// Sends an event to this client. `args` is a tuple: `socket.emit("move", (3, "e4"))`, `(value,)` for one argument.
    ///
    /// The packet is queued in order and goes out without further help. A queue that outgrows the engine's
    /// `outbound_limit` closes the connection.
    ///
    /// # Errors
    /// [`EmitError::Closed`] if the socket is not connected, [`EmitError::Encode`] if the arguments do not serialise.
    pub fn emit(&self, event: &str, args: impl EmitArgs) -> Result<(), EmitError> {
        self.ensure_connected()?;
        let frames = packet::encode_event(self.namespace_name(), event, None, &args)?;
        self.send_frames(&frames)
    }

    /// Sends an event that may be dropped when the client is slow to read. Returns whether it was queued.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit_volatile(&self, event: &str, args: impl EmitArgs) -> Result<bool, EmitError> {
        self.ensure_connected()?;
        let frames = packet::encode_event(self.namespace_name(), event, None, &args)?;
        Ok(self.engine().send_volatile(frames.iter().cloned()))
    }

    /// Sends an event and waits for the client's answer. The event is sent at once, whether or not the future is polled;
    /// the time runs from the first poll.
    ///
    /// Answers overtake waiting events, so this may be awaited inside a handler. `timeout` is from 1 ms upward.
    ///
    /// # Errors
    /// [`AckError::Timeout`], [`AckError::Disconnected`] as soon as the socket goes, [`AckError::Encode`].
    pub fn emit_with_ack(
        &self,
        event: &str,
        args: impl EmitArgs,
        timeout: Duration,
    ) -> impl Future<Output = Result<Args, AckError>> + Send + 'static {
        let pending = self.send_with_ack(event, &args);
        async move { pending?.wait(timeout).await }
    }

    fn send_with_ack(&self, event: &str, args: &impl EmitArgs) -> Result<PendingAck, AckError> {
        self.ensure_connected()?;
        let id = self.0.namespace.next_ack();
        let frames = packet::encode_event(self.namespace_name(), event, Some(id), args).map_err(EmitError::from)?;
        let pending = self.expect_ack(id).ok_or(AckError::Disconnected)?;
        self.send_frames(&frames)?;
        Ok(pending)
    }

    /// Prepares for an answer. `None` if the socket is not connected.
    pub(crate) fn expect_ack(&self, id: u64) -> Option<PendingAck> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.0.state.lock();
        if state.phase != Phase::Connected {
            return None;
        }
        state.acks.insert(id, sender);
        Some(PendingAck::new(self.clone(), id, receiver))
    }

    pub(crate) fn forget_ack(&self, id: u64) {
        self.0.state.lock().acks.remove(&id);
    }

    /// The client's answer. One that nobody waits for (any more) is dropped, as in Node.
    pub(crate) fn answered(&self, id: u64, args: Args) {
        let sender = self.0.state.lock().acks.remove(&id);
        match sender {
            // The one who waited may have left this instant.
            Some(sender) => drop(sender.send(args)),
            None => tracing::debug!(socket = %self.id(), id, "dropping an answer that nobody waits for"),
        }
    }

    fn ensure_connected(&self) -> Result<(), EmitError> {
        if self.is_connected() { Ok(()) } else { Err(EmitError::Closed) }
    }

    pub(crate) fn send_frames(&self, frames: &Encoded) -> Result<(), EmitError> {
        self.ensure_connected()?;
        self.engine().send(frames.iter().cloned()).map_err(|_| EmitError::Closed)
    }
}

/// Rooms.
impl Socket {
    /// Joins a room. Works from the middleware on; events of the room arrive once CONNECT is answered.
    pub fn join(&self, room: impl AsRef<str>) {
        self.0.namespace.rooms.join(self, room.as_ref());
    }

    /// Leaves a room. Nothing that is emitted to the room afterwards reaches this socket through it. The room of its own
    /// id it cannot leave.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.0.namespace.rooms.leave(self, room.as_ref());
    }

    /// The rooms that it is in, the one of its own id first. Empty once it is disconnected.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let state = self.0.state.lock();
        if !matches!(state.phase, Phase::Connecting | Phase::Connected) {
            return Vec::new();
        }
        let own = Arc::from(self.id().as_str());
        std::iter::once(own).chain(state.rooms.iter().map(|room| Arc::clone(room.name()))).collect()
    }

    /// Whether it is in a room.
    pub fn is_in(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        let state = self.0.state.lock();
        let own = matches!(state.phase, Phase::Connecting | Phase::Connected) && room == self.id().as_str();
        own || state.rooms.iter().any(|joined| **joined.name() == *room)
    }

    /// Whom to emit to: the others in a room. Further calls of [`Broadcast::to`] add rooms.
    pub fn to<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().to(room)
    }

    /// Whom to emit to: the others in the namespace who are not in a room.
    pub fn except<'a>(&'a self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.broadcast().except(room)
    }

    /// Whom to emit to: everybody else in the namespace.
    pub fn broadcast(&self) -> Broadcast<'_> {
        Broadcast::new(&self.0.namespace, Target { except_key: Some(self.key()), ..Target::default() })
    }

    /// Notes a room in the socket's own list, under the room's lock. Returns whether the socket takes events yet, `None`
    /// if it is gone.
    pub(crate) fn remember_room(&self, room: &Arc<Room>) -> Option<bool> {
        let mut state = self.0.state.lock();
        match state.phase {
            Phase::Connecting | Phase::Connected => {
                state.rooms.push(Arc::clone(room));
                Some(state.phase == Phase::Connected)
            }
            Phase::Ending | Phase::Ended => None,
        }
    }

    pub(crate) fn forget_room(&self, room: &Arc<Room>) {
        let mut state = self.0.state.lock();
        state.rooms.retain(|joined| !Arc::ptr_eq(joined, room));
        if state.rooms.is_empty() {
            state.rooms = Vec::new();
        }
    }
}

/// The end.
impl Socket {
    /// Disconnects the client from the namespace; with `close`, from every namespace, and then closes the connection.
    ///
    /// The official clients do not come back after this by themselves. Events that still wait are dropped. Takes effect
    /// within a second whatever the client does. On a socket that is still in the middleware it refuses the CONNECT.
    pub fn disconnect(&self, close: bool) {
        if close {
            self.0.connection.disconnect();
        } else {
            self.leave_namespace();
        }
    }

    pub(crate) fn leave_namespace(&self) {
        let farewell = match self.end(DisconnectReason::ServerNamespaceDisconnect, Waiting::Drop) {
            Phase::Connected => packet::encode_disconnect(self.namespace_name()),
            Phase::Connecting => {
                let reason = DisconnectReason::ServerNamespaceDisconnect.as_str();
                packet::encode_connect_error(self.namespace_name(), reason, None)
            }
            Phase::Ending | Phase::Ended => return,
        };
        // A connection that is closed already needs no farewell.
        let _ = self.engine().send(farewell);
    }

    /// Answers CONNECT and opens the socket to events. `false` if it ended meanwhile.
    pub(crate) fn activate(&self) -> bool {
        let joined = {
            let mut state = self.0.state.lock();
            // Under the lock, so that a `disconnect` comes either before the answer or after it.
            let answer = packet::encode_connect(self.namespace_name(), self.id());
            if state.phase != Phase::Connecting || self.engine().send(answer).is_err() {
                return false;
            }
            state.phase = Phase::Connected;
            self.0.connected.store(true, Ordering::Release);
            state.rooms.clone()
        };
        self.0.namespace.rooms.activate(self, &joined);
        self.0.connection.joined();
        true
    }

    /// Ends the socket: no event reaches it from here on, its answers fail, it is in no room. Its disconnect handlers run
    /// when what has to be handled before them is done. Returns the phase it was in.
    pub(crate) fn end(&self, reason: DisconnectReason, waiting: Waiting) -> Phase {
        let (before, rooms, acks, dropped, work) = {
            let mut state = self.0.state.lock();
            let before = state.phase;
            if matches!(before, Phase::Ending | Phase::Ended) {
                return before;
            }
            self.0.connected.store(false, Ordering::Release);
            state.phase = Phase::Ending;
            let dropped = match (before, waiting) {
                (Phase::Connected, Waiting::Finish) => VecDeque::new(),
                _ => std::mem::take(&mut state.queue),
            };
            if before == Phase::Connected {
                state.queue.push_back(Job::Disconnected(reason));
            }
            let work = !std::mem::replace(&mut state.running, true);
            (before, std::mem::take(&mut state.rooms), std::mem::take(&mut state.acks), dropped, work)
        };
        self.0.namespace.rooms.remove(self, &rooms);
        self.0.connection.forget(self.key());
        self.0.connection.shared.left(&self.0.namespace);
        drop(acks);
        self.release(&dropped);
        if work {
            self.0.connection.shared.spawn(self.clone().run());
        }
        before
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", self.id())
            .field("namespace", &self.namespace_name())
            .finish_non_exhaustive()
    }
}
