//! A received event, and the answer to it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::value::RawValue;

use crate::args::{Args, ArgsError, EmitArgs, FromArgs};
use crate::error::EmitError;
use crate::packet;
use crate::socket::Socket;

/// An event that a client sent. Cloning is cheap; the clones share one ack.
#[derive(Clone)]
pub struct Event(Arc<Inner>);

struct Inner {
    name: Box<str>,
    args: Args,
    socket: Socket,
    ack: Option<u64>,
    /// The bytes of its packets.
    size: usize,
    ack_taken: AtomicBool,
    waits_since: Option<Instant>,
}

impl Event {
    pub(crate) fn new(
        socket: Socket,
        name: Box<str>,
        args: Args,
        ack: Option<u64>,
        size: usize,
        waits_since: Option<Instant>,
    ) -> Event {
        Event(Arc::new(Inner { name, args, socket, ack, size, ack_taken: AtomicBool::new(false), waits_since }))
    }

    /// The name under which it was emitted.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Since when it waited for its turn, because an earlier event of its socket was still being handled. `None` if it
    /// was handled as soon as it had been read.
    pub fn waits_since(&self) -> Option<Instant> {
        self.0.waits_since
    }

    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// The arguments as a tuple: `let (room, text): (String, String) = event.args()?;`, `(A,)` for one argument.
    /// A missing argument counts as `null`.
    ///
    /// # Errors
    /// [`ArgsError`] if they do not fit the type. It is also written to the log at level debug, so that a client that
    /// speaks another dialect can be found even where the handler has nothing to say about it.
    pub fn args<T: FromArgs>(&self) -> Result<T, ArgsError> {
        self.0.args.parse().inspect_err(|error| {
            tracing::debug!(socket = %self.0.socket.id(), event = self.name(), %error, "arguments do not fit");
        })
    }

    /// The arguments unread, to pass them on or look at single ones.
    pub fn raw_args(&self) -> &Args {
        &self.0.args
    }

    /// The arguments, without the name, as the text of a JSON array.
    pub fn raw(&self) -> String {
        self.0.args.to_json()
    }

    /// The JSON text of one argument, counted from 0.
    pub fn arg_raw(&self, index: usize) -> Option<&RawValue> {
        self.0.args.raw(index)
    }

    /// Whether the client waits for an answer, and nobody has taken it upon himself yet.
    pub fn wants_ack(&self) -> bool {
        self.0.ack.is_some() && !self.0.ack_taken.load(Ordering::Relaxed)
    }

    /// The means to answer. `None` if the client wants no answer, or if it was taken before.
    pub fn take_ack(&self) -> Option<Ack> {
        let id = self.0.ack?;
        let taken = self.0.ack_taken.swap(true, Ordering::Relaxed);
        (!taken).then(|| Ack { socket: self.0.socket.clone(), id })
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.0.name)
            .field("args", &self.0.args)
            .field("ack", &self.0.ack)
            .finish()
    }
}

/// The answer to one event; it can be kept and sent later, from anywhere.
#[derive(Debug)]
pub struct Ack {
    socket: Socket,
    id: u64,
}

impl Ack {
    /// Answers. The arguments are a tuple, as for [`Socket::emit`].
    ///
    /// # Errors
    /// [`EmitError::Closed`] if the client is gone, [`EmitError::Encode`] if the arguments do not serialise.
    pub fn send(self, args: impl EmitArgs) -> Result<(), EmitError> {
        let frames = packet::encode_ack(self.socket.namespace_name(), self.id, &args)?;
        self.socket.send_frames(frames)
    }

    /// The socket that waits for it.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }
}
