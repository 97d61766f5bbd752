//! Emitting to many: whom, and how.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::Instant;

use crate::acks::PendingAck;
use crate::adapter::{Action, Adapter, Carried, Command};
use crate::args::{Args, EmitArgs};
use crate::error::{AckError, EncodeError};
use crate::id::SocketId;
use crate::namespace::Inner as Namespace;
use crate::packet::{self, Encoded};
use crate::remote::RemoteSocket;
use crate::rooms::Target;
use crate::socket::Socket;

/// How long [`Broadcast::fetch_sockets`] waits for other servers; Node's `requestsTimeout`.
const FETCH_LIMIT: Duration = Duration::from_secs(5);

/// A selection of sockets, by rooms. Made by [`crate::Namespace::to`], [`Socket::to`] and their like.
///
/// Everybody in a room gets the room's events in the same order.
#[derive(Clone)]
#[must_use = "a selection does nothing until something is emitted to it"]
pub struct Broadcast<'a> {
    namespace: &'a Arc<Namespace>,
    target: Target<'a>,
    volatile: bool,
    local: bool,
}

impl<'a> Broadcast<'a> {
    pub(crate) fn new(namespace: &'a Arc<Namespace>, target: Target<'a>) -> Broadcast<'a> {
        Broadcast { namespace, target, volatile: false, local: false }
    }

    /// Adds a room. A socket in several of the rooms counts once.
    pub fn to(mut self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.target.rooms.push(room.into());
        self
    }

    /// The same as [`Broadcast::to`].
    pub fn in_(self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.to(room)
    }

    /// Leaves out the sockets in a room, or one socket by its id.
    pub fn except(mut self, room: impl Into<Cow<'a, str>>) -> Broadcast<'a> {
        self.target.except.push(room.into());
        self
    }

    /// Lets the event be dropped for clients that are slow to read.
    pub fn volatile(mut self) -> Broadcast<'a> {
        self.volatile = true;
        self
    }

    /// Keeps to the sockets of this server, where there are several.
    pub fn local(mut self) -> Broadcast<'a> {
        self.local = true;
        self
    }

    /// Emits an event. It is encoded once, whatever the number of sockets. `args` is a tuple.
    ///
    /// # Errors
    /// [`EncodeError`] if the arguments do not serialise; then nobody got anything.
    pub fn emit(&self, event: &str, args: impl EmitArgs) -> Result<(), EncodeError> {
        let frames = packet::encode_event(&self.namespace.name, event, None, &args)?;
        self.deliver(&frames, self.volatile);
        self.publish(|| Action::Emit { packet: Carried::from_frames(&frames), volatile: self.volatile });
        Ok(())
    }

    /// Sends a packet to the sockets of this server.
    pub(crate) fn deliver(&self, packet: &Encoded, volatile: bool) {
        self.namespace.deliver(&self.target, packet, volatile);
    }

    /// Has something done by the other servers, if there are any and they are meant.
    fn publish(&self, action: impl FnOnce() -> Action) {
        if let Some(adapter) = self.adapter() {
            adapter.publish(self.command(action()));
        }
    }

    fn adapter(&self) -> Option<&Arc<dyn Adapter>> {
        self.namespace.adapter.as_ref().filter(|_| !self.local)
    }

    fn command(&self, action: Action) -> Command {
        Command::new(&self.namespace.name, &self.target, action)
    }

    /// Emits an event and collects the answers, for at most `limit`. The event is sent at once, whether or not the future
    /// is polled; the time runs from the call.
    ///
    /// # Errors
    /// [`EncodeError`] if the arguments do not serialise; then nobody got anything.
    pub fn emit_with_ack(
        &self,
        event: &str,
        args: impl EmitArgs,
        limit: Duration,
    ) -> Result<impl Future<Output = Answers> + Send + 'static, EncodeError> {
        let id = self.namespace.next_ack();
        let frames = packet::encode_event(&self.namespace.name, event, Some(id), &args)?;
        let elsewhere = match self.adapter() {
            Some(adapter) => {
                let packet = Carried::from_event(&self.namespace.name, event, &args)?;
                Some(adapter.request(self.command(Action::Ask { packet, limit }), limit))
            }
            None => None,
        };
        self.namespace.tell_outgoing(&self.target, &frames);
        let mut pending = Vec::new();
        self.namespace.rooms.for_each(&self.target, |member| {
            let expected = if member.active { member.socket.expect_ack(id) } else { None };
            if let Some(answer) = expected {
                // As in `Rooms::send`; the answer then fails with the socket.
                let _ = member.engine.send(frames.iter().cloned());
                pending.push(answer);
            }
        });
        let deadline = Instant::now() + limit;
        Ok(async move {
            let here = collect(pending, deadline);
            let Some(elsewhere) = elsewhere else { return here.await };
            let (mut answers, replies) = join(here, elsewhere).await;
            replies.into_iter().for_each(|reply| reply.add_answers(&mut answers));
            answers
        })
    }

    /// The selected sockets that are connected to this server.
    pub fn sockets(&self) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.namespace.rooms.for_each(&self.target, |member| {
            if member.active {
                sockets.push(member.socket.clone());
            }
        });
        sockets
    }

    /// How many sockets are selected on this server, those still in the middleware included.
    pub fn count(&self) -> usize {
        let mut count = 0;
        self.namespace.rooms.for_each(&self.target, |_| count += 1);
        count
    }

    /// The selected sockets that are connected, wherever they are.
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        let mut found: Vec<RemoteSocket> = self.sockets().into_iter().map(RemoteSocket::here).collect();
        if let Some(adapter) = self.adapter() {
            for reply in adapter.request(self.command(Action::Fetch), FETCH_LIMIT).await {
                found.extend(reply.sockets(self.namespace));
            }
        }
        found
    }

    /// Makes the selected sockets join a room, those still in the middleware too.
    pub fn sockets_join(&self, room: impl AsRef<str>) {
        for socket in self.everybody() {
            socket.join(room.as_ref());
        }
        self.publish(|| Action::Join(room.as_ref().to_owned()));
    }

    /// Makes the selected sockets leave a room, those still in the middleware too.
    pub fn sockets_leave(&self, room: impl AsRef<str>) {
        for socket in self.everybody() {
            socket.leave(room.as_ref());
        }
        self.publish(|| Action::Leave(room.as_ref().to_owned()));
    }

    /// Disconnects the selected sockets, those still in the middleware too. See [`Socket::disconnect`].
    pub fn disconnect_sockets(&self, close: bool) {
        for socket in self.everybody() {
            socket.disconnect(close);
        }
        self.publish(|| Action::Disconnect { close });
    }

    /// Kicks the selected sockets, those still in the middleware too. See [`Socket::kick`].
    pub fn kick_sockets(&self) {
        for socket in self.everybody() {
            socket.kick();
        }
        self.publish(|| Action::Kick);
    }

    /// The selected sockets in every phase. Collected first: what is done with them locks rooms.
    fn everybody(&self) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.namespace.rooms.for_each(&self.target, |member| sockets.push(member.socket.clone()));
        sockets
    }
}

/// What a broadcast with acks brought.
#[derive(Debug, Default)]
pub struct Answers {
    /// The answers, each with the socket that gave it.
    pub received: Vec<(SocketId, Args)>,
    /// The sockets that gave none, and why.
    pub missing: Vec<(SocketId, AckError)>,
}

/// Waits for answers until a moment.
async fn collect(pending: Vec<PendingAck>, deadline: Instant) -> Answers {
    let mut answers = Answers::default();
    for answer in pending {
        let id = *answer.socket().id();
        match answer.wait(deadline.saturating_duration_since(Instant::now())).await {
            Ok(args) => answers.received.push((id, args)),
            Err(error) => answers.missing.push((id, error)),
        }
    }
    answers
}

impl std::fmt::Debug for Broadcast<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.namespace.name)
            .field("rooms", &self.target.rooms)
            .field("except", &self.target.except)
            .finish_non_exhaustive()
    }
}
