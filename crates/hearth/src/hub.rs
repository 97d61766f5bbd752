//! Who is connected, and the rooms through which they are reached.
//!
//! Rooms are named after what they stand for: the sockets of a channel, of a person, of a session, and of those who
//! watch a person's presence.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::connection::Connection;
use chat::channel::Channel;
use chat::seeded::Seeded;
use chat::{ChannelId, Identity, Origin, SessionId, UserId};
use parking_lot::{Mutex, MutexGuard};
use socketio::{Namespace, Socket, SocketId};

#[cfg(test)]
mod tests;

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

/// The sockets of the namespace, and the readings of memberships that are under way.
pub(crate) struct Hub {
    namespace: Namespace,
    readings: Mutex<Readings>,
}

/// Readings of people's memberships: for a socket that comes in, or for all sockets of a person anew.
#[derive(Default)]
struct Readings {
    last: u64,
    under_way: HashMap<UserId, Vec<Reading>>,
}

/// One reading. A channel whose membership changed since it began is left as the change left it: what was read of it may
/// be older.
struct Reading {
    number: u64,
    moved: HashSet<ChannelId>,
    /// Another reading has set the person's rooms meanwhile. Which of the two is newer nobody knows: this one is made
    /// again.
    overtaken: bool,
}

impl Readings {
    fn begin(&mut self, user: UserId) -> u64 {
        self.last += 1;
        let number = self.last;
        self.under_way.entry(user).or_default().push(Reading { number, moved: HashSet::new(), overtaken: false });
        number
    }

    fn of(&mut self, user: UserId) -> &mut [Reading] {
        self.under_way.get_mut(&user).map_or(&mut [], Vec::as_mut_slice)
    }

    fn end(&mut self, user: UserId, number: u64) {
        if let Some(readings) = self.under_way.get_mut(&user) {
            readings.retain(|reading| reading.number != number);
            if readings.is_empty() {
                self.under_way.remove(&user);
            }
        }
    }
}

impl Hub {
    pub(crate) fn new(namespace: Namespace) -> Self {
        Self { namespace, readings: Mutex::default() }
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

    /// How many people have a socket.
    pub(crate) fn people(&self) -> usize {
        let connections =
            self.namespace.everyone().sockets().into_iter().filter_map(|socket| socket.data::<Connection>());
        connections.map(|connection| connection.actor.user).collect::<HashSet<UserId>>().len()
    }

    /// How many sockets the person has, those that are just coming in among them.
    pub(crate) fn sockets_of(&self, user: UserId) -> usize {
        self.namespace.to(room::user(user)).count()
    }

    /// Registers a socket under its session and its person, so that whatever is committed from now on reaches it. What
    /// was committed before is read next; [`Arrival::settle`] then joins the two without a gap.
    pub(crate) fn arrive(self: &Arc<Self>, socket: Socket, identity: Identity) -> Arrival {
        let mut readings = self.readings.lock();
        let number = readings.begin(identity.user);
        // Under the lock, so that whoever sets the person's rooms anew either finds the socket or has not begun.
        socket.join(room::session(identity.session));
        socket.join(room::user(identity.user));
        drop(readings);
        Arrival { watch: Watch { hub: Arc::clone(self), user: identity.user, number }, socket }
    }

    /// Announces that the person's memberships are about to be read anew, because nobody knows what the last commit did.
    pub(crate) fn reread(self: &Arc<Self>, user: UserId) -> Reread {
        let number = self.readings.lock().begin(user);
        Reread { watch: Watch { hub: Arc::clone(self), user, number } }
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

    /// Cuts every socket of the session, for good: what is queued for it is dropped, and the DISCONNECT packet tells the
    /// client not to come back.
    pub(crate) fn end_session(&self, session: SessionId) {
        if Seeded::LateRevocation.is_sown() {
            let namespace = self.namespace.clone();
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_secs(3)).await;
                namespace.to(room::session(session)).kick_sockets();
            });
            return;
        }
        self.namespace.to(room::session(session)).kick_sockets();
    }

    /// Closes every connection of the person, so that their clients come back and enter anew.
    pub(crate) fn cut(&self, user: UserId) {
        for socket in self.namespace.to(room::user(user)).sockets() {
            socket.close_connection();
        }
    }

    fn mark_moved(&self, user: UserId, channel: ChannelId) {
        for reading in self.readings.lock().of(user) {
            reading.moved.insert(channel);
        }
    }
}

/// A reading under way. It ends when this is dropped.
struct Watch {
    hub: Arc<Hub>,
    user: UserId,
    number: u64,
}

impl Watch {
    /// What has moved since the reading began; nothing if it has to be made again, which begins now. The lock is to be held
    /// until the rooms are set: a change that comes meanwhile waits, and then acts on rooms that are complete.
    fn settle(&self) -> Option<(MutexGuard<'_, Readings>, HashSet<ChannelId>)> {
        let mut readings = self.hub.readings.lock();
        let own = readings.of(self.user).iter_mut().find(|reading| reading.number == self.number);
        let own = own.expect("it lasts as long as this");
        let moved = std::mem::take(&mut own.moved);
        if std::mem::take(&mut own.overtaken) { None } else { Some((readings, moved)) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hub.readings.lock().end(self.user, self.number);
    }
}

/// A socket between its registration and its entry into the channels of its person.
pub(crate) struct Arrival {
    watch: Watch,
    socket: Socket,
}

impl Arrival {
    /// Enters the channels that were read, except where a change has overtaken the reading. False if they are to be read
    /// again.
    pub(crate) fn settle(&self, memberships: &[ChannelId]) -> bool {
        let Some((_lock, moved)) = self.watch.settle() else { return false };
        for channel in memberships.iter().filter(|channel| !moved.contains(channel)) {
            self.socket.join(room::channel(*channel));
        }
        true
    }
}

/// The channels that some of a person's sockets have entered or left because their memberships were read anew.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Crossed {
    pub(crate) entered: HashSet<ChannelId>,
    pub(crate) left: HashSet<ChannelId>,
}

/// All sockets of a person, while their memberships are read anew.
pub(crate) struct Reread {
    watch: Watch,
}

impl Reread {
    /// Puts every socket of the person into exactly the channels that were read, except where a change has overtaken the
    /// reading. Which channels some of them entered or left; nothing if they are to be read again.
    pub(crate) fn settle(&self, memberships: &[ChannelId]) -> Option<Crossed> {
        let Watch { hub, user, number } = &self.watch;
        let (mut lock, moved) = self.watch.settle()?;
        let wanted: HashSet<ChannelId> = memberships.iter().copied().collect();
        let mut crossed = Crossed::default();
        for socket in hub.namespace.to(room::user(*user)).sockets() {
            let rooms = socket.rooms();
            let entered = rooms.iter().filter_map(|room| room.strip_prefix(room::CHANNEL)?.parse().ok());
            let entered: HashSet<ChannelId> = entered.collect();
            for channel in wanted.difference(&entered).filter(|channel| !moved.contains(channel)) {
                socket.join(room::channel(*channel));
                crossed.entered.insert(*channel);
            }
            for channel in entered.difference(&wanted).filter(|channel| !moved.contains(channel)) {
                socket.leave(room::channel(*channel));
                crossed.left.insert(*channel);
            }
        }
        for other in lock.of(*user).iter_mut().filter(|other| other.number != *number) {
            other.overtaken = true;
        }
        Some(crossed)
    }

    /// Tells of channels as they were read after the rooms were set. One that has moved meanwhile is left out: that change
    /// tells of itself, and comes after everything that is told here.
    pub(crate) fn unless_moved(&self, channels: Vec<Channel>, tell: impl FnMut(Channel)) {
        let Watch { hub, user, number } = &self.watch;
        let mut readings = hub.readings.lock();
        let own = readings.of(*user).iter().find(|reading| reading.number == *number);
        let own = own.expect("it lasts as long as this");
        channels.into_iter().filter(|channel| !own.moved.contains(&channel.id)).for_each(tell);
    }
}
