//! What a command does to the world outside the database, as data. The transport carries it out after the commit.

use std::fmt;
use std::sync::Arc;

use crate::event::Event;
use crate::id::{ChannelId, MessageId, SessionId, UserId};

/// Names the acting socket, for whoever carries effects out. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(Arc<str>);

impl Origin {
    /// A socket's name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The person.
    pub user: UserId,
    /// The device.
    pub session: SessionId,
    /// The socket. It is left out of its own command's events: the ack takes their place.
    pub origin: Option<Origin>,
}

/// Who is told. The acting socket never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The sockets in this channel's room.
    Channel(ChannelId),
    /// All sockets of a person.
    User(UserId),
    /// The sockets that follow a person's presence.
    Watchers(UserId),
}

/// One thing to carry out, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A person's sockets enter the channel's room.
    Join {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
    },
    /// A person's sockets leave the channel's room.
    Leave {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
    },
    /// The acting socket follows these people's presence from now on. Each with whether the answer says that they are
    /// here: who has come or gone since is to be told of at once.
    Watch {
        /// Whom, and whether they were here when the answer was made.
        users: Vec<(UserId, bool)>,
    },
    /// An event for an audience.
    Emit {
        /// Who is told.
        audience: Audience,
        /// What.
        event: Event,
        /// Whether a socket that is behind may go without it.
        volatile: bool,
    },
    /// Somebody has read. To be put together with others and sent as `message:read`, at most once a second per
    /// channel: to the person's own sockets always, to the channel's members if `to_members`.
    Read {
        /// Where.
        channel: ChannelId,
        /// Who.
        user: UserId,
        /// Up to which message.
        up_to: MessageId,
        /// Whether the channel is small enough for everybody to be told.
        to_members: bool,
    },
    /// A session is over: its sockets are told not to come back, and cut.
    EndSession {
        /// Which.
        session: SessionId,
    },
}

impl Effect {
    /// An event for an audience, which nobody may go without.
    pub fn emit(audience: Audience, event: Event) -> Self {
        Self::Emit { audience, event, volatile: false }
    }
}

/// What one commit did, in order.
pub struct Batch {
    /// People whose sockets may stand in the wrong rooms, after a commit whose outcome was unknown: what they are in is
    /// to be read anew before anything else is carried out. Read by whoever carries effects out, because only they can
    /// tell what other lanes have changed meanwhile.
    pub reread: Vec<UserId>,
    /// Each command of the commit.
    pub done: Vec<Done>,
}

/// What one command did.
pub struct Done {
    /// The acting socket, to be left out of every event.
    pub origin: Option<Origin>,
    /// To be carried out in order.
    pub effects: Vec<Effect>,
    /// Gives the answer. To be called once the effects are carried out.
    pub finish: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done").field("origin", &self.origin).field("effects", &self.effects).finish_non_exhaustive()
    }
}
