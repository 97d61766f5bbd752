//! Who is connected, and the rooms through which they are reached.
//!
//! Rooms are named after what they stand for: the sockets of a channel, of a person, of a session, and of those who
//! watch a person's presence.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::connection::Connection;
use chat::{ChannelId, Identity, Origin, SessionId, UserId};
use parking_lot::Mutex;
use socketio::{Namespace, Socket, SocketId};

/// Rooms of the namespace `/`.
pub(crate) mod room {
    use super::{ChannelId, SessionId, UserId};

    /// How the name of every channel's room begins.
    pub(crate) const CHANNEL: &str = "c:";

    pub(crate) fn channel(id: ChannelId) -> String {
        format!("{CHANNEL}{id}")
    }

    pub(crate) fn user(id: UserId) -> String {
        format!("u:{id}")
    }

    pub(crate) fn session(id: SessionId) -> String {
        format!("s:{id}")
    }

    pub(crate) fn watchers(id: UserId) -> String {
        format!("w:{id}")
    }
}

/// The sockets of the namespace, and those among them that are just coming in.
pub(crate) struct Hub {
    namespace: Namespace,
    /// People with a socket whose memberships are being read, and what has moved since.
    arriving: Mutex<HashMap<UserId, Arrivals>>,
}

/// The channels whose membership changed while a socket of the person was arriving: for these the change stands, and
/// what was read of them is older.
#[derive(Default)]
struct Arrivals {
    sockets: usize,
    moved: HashSet<ChannelId>,
    /// All of them changed: nothing that was read stands.
    all_moved: bool,
}

impl Hub {
    pub(crate) fn new(namespace: Namespace) -> Self {
        Self { namespace, arriving: Mutex::default() }
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The socket that acts, if it is still there.
    pub(crate) fn socket(&self, origin: &Origin) -> Option<Socket> {
        self.namespace.socket(&SocketId::parse(origin.as_str())?)
    }

    /// The sessions that have a socket, each once.
    pub(crate) fn sessions(&self) -> Vec<SessionId> {
        let connections =
            self.namespace.everyone().sockets().into_iter().filter_map(|socket| socket.data::<Connection>());
        let sessions: HashSet<SessionId> = connections.map(|connection| connection.actor.session).collect();
        sessions.into_iter().collect()
    }

    /// How many sockets the person has, those that are just coming in among them.
    pub(crate) fn sockets_of(&self, user: UserId) -> usize {
        self.namespace.to(room::user(user)).count()
    }

    /// Registers a socket under its session and its person, so that whatever is committed from now on reaches it. What
    /// was committed before is read next; [`Arrival::settle`] then joins the two without a gap.
    pub(crate) fn arrive(self: &Arc<Self>, socket: Socket, identity: Identity) -> Arrival {
        self.arriving.lock().entry(identity.user).or_default().sockets += 1;
        socket.join(room::session(identity.session));
        socket.join(room::user(identity.user));
        Arrival { hub: Arc::clone(self), socket, user: identity.user }
    }

    /// Every socket of the person enters the channel.
    pub(crate) fn join(&self, user: UserId, channel: ChannelId) {
        self.mark_moved(user, channel);
        self.namespace.to(room::user(user)).sockets_join(room::channel(channel));
    }

    /// Every socket of the person leaves the channel.
    pub(crate) fn leave(&self, user: UserId, channel: ChannelId) {
        self.mark_moved(user, channel);
        self.namespace.to(room::user(user)).sockets_leave(room::channel(channel));
    }

    /// Every socket of the person is in exactly these channels: after a commit whose outcome was unknown.
    pub(crate) fn set_rooms(&self, user: UserId, channels: &[ChannelId]) {
        if let Some(arrivals) = self.arriving.lock().get_mut(&user) {
            arrivals.all_moved = true;
        }
        let wanted: HashSet<String> = channels.iter().copied().map(room::channel).collect();
        for channel in channels {
            self.join(user, *channel);
        }
        for socket in self.namespace.to(room::user(user)).sockets() {
            for entered in socket.rooms() {
                if entered.starts_with(room::CHANNEL) && !wanted.contains(&*entered) {
                    socket.leave(entered);
                }
            }
        }
    }

    /// Cuts every socket of the session, for good: the DISCONNECT packet tells the client not to come back.
    pub(crate) fn end_session(&self, session: SessionId) {
        self.namespace.to(room::session(session)).disconnect_sockets(true);
    }

    fn mark_moved(&self, user: UserId, channel: ChannelId) {
        if let Some(arrivals) = self.arriving.lock().get_mut(&user) {
            arrivals.moved.insert(channel);
        }
    }
}

/// A socket between its registration and its entry into the channels of its person.
pub(crate) struct Arrival {
    hub: Arc<Hub>,
    socket: Socket,
    user: UserId,
}

impl Arrival {
    /// Enters the channels that were read, except where a change has overtaken the reading.
    pub(crate) fn settle(self, memberships: Vec<ChannelId>) {
        // The lock is held over the joins: a change that comes now waits, and then acts on rooms that are complete.
        let arriving = self.hub.arriving.lock();
        let arrivals = arriving.get(&self.user).expect("this socket is among them");
        for channel in memberships {
            if !arrivals.all_moved && !arrivals.moved.contains(&channel) {
                self.socket.join(room::channel(channel));
            }
        }
        drop(arriving);
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut arriving = self.hub.arriving.lock();
        if let Some(arrivals) = arriving.get_mut(&self.user) {
            arrivals.sockets -= 1;
            if arrivals.sockets == 0 {
                arriving.remove(&self.user);
            }
        }
    }
}
