//! What goes to one client, and what it answers.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use smallvec::smallvec;
use tokio::sync::oneshot;

use super::{Phase, Socket};
use crate::acks::PendingAck;
use crate::args::{Args, EmitArgs};
use crate::error::{AckError, EmitError};
use crate::packet::{self, Encoded};
use crate::rooms::Target;

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
        self.tell_outgoing(&frames);
        let Some(store) = &self.0.namespace.recovery else { return self.send_frames(frames) };
        let target = Target { rooms: smallvec![Cow::Borrowed(self.id().as_str())], ..Target::default() };
        let mut sent = Ok(());
        store.record(&target, &frames, |frames| sent = self.send_frames(frames.clone()));
        sent
    }

    /// Sends the event `message`, as Node's `send` does.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn send(&self, args: impl EmitArgs) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// Sends an event that may be dropped when the client is slow to read. Returns whether it was queued.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit_volatile(&self, event: &str, args: impl EmitArgs) -> Result<bool, EmitError> {
        self.ensure_connected()?;
        let frames = packet::encode_event(self.namespace_name(), event, None, &args)?;
        self.tell_outgoing(&frames);
        Ok(self.engine().send_volatile(frames))
    }

    /// Sends an event and waits for the client's answer. The event is sent at once, whether or not the future is polled;
    /// the time runs from the first poll.
    ///
    /// Answers overtake waiting events, so this may be awaited inside a handler.
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
        self.tell_outgoing(&frames);
        let pending = self.expect_ack(id).ok_or(AckError::Disconnected)?;
        self.send_frames(frames)?;
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

    fn tell_outgoing(&self, packet: &Encoded) {
        if self.0.namespace.listening_out.load(Ordering::Relaxed) == 0 {
            return;
        }
        let Some(handlers) = self.outgoing() else { return };
        let Some((name, args)) = packet::read_event(packet) else { return };
        handlers.iter().for_each(|handler| handler(self, &name, &args));
    }

    fn ensure_connected(&self) -> Result<(), EmitError> {
        if self.is_connected() { Ok(()) } else { Err(EmitError::Closed) }
    }

    pub(crate) fn send_frames(&self, frames: Encoded) -> Result<(), EmitError> {
        self.ensure_connected()?;
        self.engine().send(frames).map_err(|_| EmitError::Closed)
    }
}
