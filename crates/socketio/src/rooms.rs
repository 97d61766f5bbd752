//! Who is in which room of a namespace: the in-memory adapter.
//!
//! A room owns the list of its members behind one lock, and a broadcast walks that list under it: so everybody in a room
//! sees its events in the same order, and nothing reaches a socket after its `leave` has returned. No lock is held across
//! an await. The locks are taken in one order only: shard of the room table, rooms, shard of everyone, state of a socket.
//!
//! The room of a socket's own id is not stored: the table of everyone answers for it.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;

use crate::id::SocketId;
use crate::packet::Encoded;
use crate::socket::Socket;

/// Shards of the tables: enough that joins and leaves on all cores rarely meet. A power of two.
const SHARDS: usize = 16;
/// Up to here a list is searched faster than a hash set.
const FEW: usize = 8;

/// A socket as a room knows it. The engine's handle lies here so that a broadcast touches nothing else of the socket.
pub(crate) struct Member {
    pub(crate) engine: engineio::Socket,
    pub(crate) socket: Socket,
    /// Its CONNECT is answered: events may be sent to it.
    pub(crate) active: bool,
}

impl Member {
    fn new(socket: &Socket, active: bool) -> Member {
        Member { engine: socket.engine().clone(), socket: socket.clone(), active }
    }
}

/// A room and its members.
pub(crate) struct Room {
    name: Arc<str>,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    by_key: HashMap<u64, Member>,
    /// The room was empty and has been taken out of the table; whoever still holds it must look again.
    dead: bool,
}

impl Room {
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// A room as one of its members knows it.
#[derive(Clone)]
pub(crate) struct Joined {
    pub(crate) room: Arc<Room>,
    /// The position of the namespace's log when the socket joined; 0 without recovery.
    pub(crate) since: u64,
}

/// Whom a broadcast is for. No room means everybody.
#[derive(Default, Clone)]
pub(crate) struct Target<'a> {
    pub(crate) rooms: SmallVec<[Cow<'a, str>; 1]>,
    pub(crate) except: SmallVec<[Cow<'a, str>; 1]>,
    /// The socket that emits, which gets nothing itself: its key and its id.
    pub(crate) from: Option<(u64, SocketId)>,
}

pub(crate) struct Rooms {
    everyone: [Mutex<HashMap<SocketId, Member>>; SHARDS],
    /// Held while a broadcast goes through all shards, so that two of them do not overtake each other.
    everyone_order: Mutex<()>,
    rooms: [RwLock<HashMap<Arc<str>, Arc<Room>>>; SHARDS],
    hasher: DefaultHashBuilder,
}

impl Rooms {
    pub(crate) fn new() -> Rooms {
        Rooms {
            everyone: Default::default(),
            everyone_order: Mutex::new(()),
            rooms: Default::default(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    fn by_id(&self, id: &SocketId) -> &Mutex<HashMap<SocketId, Member>> {
        &self.everyone[usize::from(id.as_bytes()[0]) % SHARDS]
    }

    fn by_name(&self, name: &str) -> &RwLock<HashMap<Arc<str>, Arc<Room>>> {
        // The top bits: the table inside the shard uses the others.
        let hash = self.hasher.hash_one(name);
        &self.rooms[(hash >> (u64::BITS - SHARDS.trailing_zeros())) as usize]
    }

    fn find(&self, name: &str) -> Option<Arc<Room>> {
        self.by_name(name).read().get(name).cloned()
    }

    fn find_or_make(&self, name: &str) -> Arc<Room> {
        if let Some(room) = self.find(name) {
            return room;
        }
        let mut shard = self.by_name(name).write();
        let name: Arc<str> = name.into();
        Arc::clone(
            shard
                .entry(Arc::clone(&name))
                .or_insert_with(|| Arc::new(Room { name, members: Mutex::new(Members::default()) })),
        )
    }

    /// Makes a socket known, still without events: its CONNECT is not answered yet.
    pub(crate) fn enter(&self, socket: &Socket) {
        self.by_id(socket.id()).lock().insert(*socket.id(), Member::new(socket, false));
    }

    /// Opens the socket to broadcasts in everything that it joined, in one step with `answer`: whoever has seen the answer
    /// is reached by every broadcast from there on, and by none before it. Nothing is opened if `answer` says no.
    pub(crate) fn activate(&self, socket: &Socket, joined: &[Joined], answer: impl FnOnce() -> bool) {
        // Nowhere else are several rooms locked at once, so any order will do that is always the same.
        let mut rooms: Vec<&Arc<Room>> = joined.iter().map(|joined| &joined.room).collect();
        rooms.sort_unstable_by_key(|room| Arc::as_ptr(room));
        let mut locked: Vec<_> = rooms.into_iter().map(|room| room.members.lock()).collect();
        let mut everyone = self.by_id(socket.id()).lock();
        if !answer() {
            return;
        }
        let member = everyone.get_mut(socket.id());
        let members = locked.iter_mut().filter_map(|members| members.by_key.get_mut(&socket.key()));
        members.chain(member).for_each(|member| member.active = true);
    }

    /// Adds a socket to a room. Nothing happens if it is gone or already in. `since`: when it joined the room, if that
    /// was in an earlier connection.
    pub(crate) fn join(&self, socket: &Socket, name: &str, since: Option<u64>) {
        if name == socket.id().as_str() {
            return;
        }
        loop {
            let room = self.find_or_make(name);
            let mut members = room.members.lock();
            if members.dead {
                continue;
            }
            if members.by_key.contains_key(&socket.key()) {
                // The middleware had it join again; it is in the room for longer than that.
                since.into_iter().for_each(|since| socket.backdate_room(&room, since));
                return;
            }
            // The socket's own list first: a socket that ends now finds the room in it and takes itself out again.
            let Some(active) = socket.remember_room(&room, since) else {
                drop(members);
                self.drop_if_empty(&room);
                return;
            };
            members.by_key.insert(socket.key(), Member::new(socket, active));
            return;
        }
    }

    /// Takes a socket out of a room.
    pub(crate) fn leave(&self, socket: &Socket, name: &str) {
        let Some(room) = self.find(name) else { return };
        let empty = {
            let mut members = room.members.lock();
            if members.by_key.remove(&socket.key()).is_none() {
                return;
            }
            socket.forget_room(&room);
            members.by_key.is_empty()
        };
        if empty {
            self.drop_if_empty(&room);
        }
    }

    /// Takes a socket out of everything. `joined` is its own list, already emptied.
    pub(crate) fn remove(&self, socket: &Socket, joined: &[Joined]) {
        {
            // Who comes back has the same id, and may be here already.
            let mut shard = self.by_id(socket.id()).lock();
            if shard.get(socket.id()).is_some_and(|member| member.socket.key() == socket.key()) {
                shard.remove(socket.id());
            }
        }
        for Joined { room, .. } in joined {
            let empty = {
                let mut members = room.members.lock();
                members.by_key.remove(&socket.key());
                members.by_key.is_empty()
            };
            if empty {
                self.drop_if_empty(room);
            }
        }
    }

    fn drop_if_empty(&self, room: &Arc<Room>) {
        let mut shard = self.by_name(&room.name).write();
        let mut members = room.members.lock();
        if members.by_key.is_empty() && !members.dead {
            members.dead = true;
            shard.remove(&room.name);
        }
    }

    /// The socket with this id, whether or not its CONNECT is answered.
    pub(crate) fn get(&self, id: &SocketId) -> Option<Socket> {
        self.by_id(id).lock().get(id).map(|member| member.socket.clone())
    }

    /// Sockets in the namespace, those still connecting included.
    pub(crate) fn population(&self) -> usize {
        self.everyone.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Rooms that have a member, the sockets' own ones not counted.
    pub(crate) fn room_count(&self) -> usize {
        self.rooms.iter().map(|shard| shard.read().len()).sum()
    }

    /// Queues a packet for each connected socket that the target means. A socket that does not take it is closed already,
    /// or closed by its full queue: its own disconnect tells.
    pub(crate) fn send(&self, target: &Target<'_>, packet: &Encoded, volatile: bool) {
        self.for_each(target, |member| {
            if !member.active {
                return;
            }
            if volatile {
                member.engine.send_volatile(packet.iter().cloned());
            } else {
                let _ = member.engine.send(packet.iter().cloned());
            }
        });
    }

    /// Calls `visit` once for each socket that the target means. It runs under a room's lock: it must not touch rooms.
    pub(crate) fn for_each(&self, target: &Target<'_>, mut visit: impl FnMut(&Member)) {
        let excluded = self.excluded(target);
        let mut visit = |key: u64, member: &Member| {
            if !excluded.contains(key) {
                visit(member);
            }
        };
        match target.rooms.as_slice() {
            [] => {
                let _order = self.everyone_order.lock();
                for shard in &self.everyone {
                    shard.lock().values().for_each(|member| visit(member.socket.key(), member));
                }
            }
            [room] => self.for_each_in(room, visit),
            rooms => {
                let mut seen = HashSet::new();
                for room in rooms {
                    self.for_each_in(room, |key, member| {
                        if seen.insert(key) {
                            visit(key, member);
                        }
                    });
                }
            }
        }
    }

    fn for_each_in(&self, name: &str, mut visit: impl FnMut(u64, &Member)) {
        if let Some(room) = self.find(name) {
            room.members.lock().by_key.iter().for_each(|(key, member)| visit(*key, member));
        }
        if let Some(id) = SocketId::parse(name)
            && let Some(member) = self.by_id(&id).lock().get(&id)
        {
            visit(member.socket.key(), member);
        }
    }

    fn excluded(&self, target: &Target<'_>) -> Excluded {
        let mut keys: SmallVec<[u64; FEW]> = target.from.iter().map(|(key, _)| *key).collect();
        for room in &target.except {
            self.for_each_in(room, |key, _| keys.push(key));
        }
        if keys.len() <= FEW { Excluded::Few(keys) } else { Excluded::Many(keys.into_iter().collect()) }
    }
}

enum Excluded {
    Few(SmallVec<[u64; FEW]>),
    Many(HashSet<u64>),
}

impl Excluded {
    fn contains(&self, key: u64) -> bool {
        match self {
            Excluded::Few(keys) => keys.contains(&key),
            Excluded::Many(keys) => keys.contains(&key),
        }
    }
}
