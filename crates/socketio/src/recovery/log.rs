//! What was emitted to a namespace lately, and for whom.

use std::collections::VecDeque;

use engineio::Frame;
use hashbrown::HashMap;
use smallvec::SmallVec;
use tokio::time::Instant;

use super::Session;
use crate::id::SocketId;
use crate::packet::Encoded;
use crate::rooms::Target;

/// What an entry weighs beside its packet and the names of its rooms.
const OVERHEAD: usize = 160;

/// Names of rooms.
type Names = SmallVec<[Box<str>; 1]>;

struct Entry {
    at: Instant,
    packet: Encoded,
    rooms: Names,
    except: Names,
    from: Option<SocketId>,
    cost: usize,
}

/// Recorded packets, the oldest first, without gaps.
#[derive(Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// The position of the first entry.
    first: u64,
    bytes: usize,
}

impl Log {
    pub(super) fn push(&mut self, target: &Target<'_>, packet: Encoded, at: Instant) {
        let names =
            |names: &[std::borrow::Cow<'_, str>]| -> Names { names.iter().map(|name| (**name).into()).collect() };
        let (rooms, except) = (names(&target.rooms), names(&target.except));
        let packet_bytes: usize = packet.iter().map(Frame::payload_len).sum();
        let name_bytes: usize = rooms.iter().chain(&except).map(|name| name.len()).sum();
        let cost = packet_bytes + name_bytes + OVERHEAD;
        self.bytes += cost;
        self.entries.push_back(Entry { at, packet, rooms, except, from: target.from.map(|(_, id)| id), cost });
    }

    /// Forgets the oldest entries: those from before a time, and those that are too many.
    pub(super) fn trim(&mut self, max_bytes: usize, before: Option<Instant>) {
        while let Some(entry) = self.entries.front() {
            let old = before.is_some_and(|before| entry.at < before);
            if !old && self.bytes <= max_bytes {
                break;
            }
            self.bytes -= entry.cost;
            self.first += 1;
            self.entries.pop_front();
        }
        if self.entries.is_empty() && self.entries.capacity() > 64 {
            self.entries = VecDeque::new();
        }
    }

    /// What the session would have got from a position on. `None` if some of it is gone, or if it is too much.
    pub(super) fn missed(&self, session: &Session, from: u64, max_bytes: usize) -> Option<Vec<Frame>> {
        let skip = usize::try_from(from.checked_sub(self.first)?).ok()?;
        let rooms: HashMap<&str, u64> = session.rooms.iter().map(|(name, since)| (&**name, *since)).collect();
        let mut frames = Vec::new();
        let mut bytes = 0;
        for (position, entry) in (self.first..).zip(&self.entries).skip(skip) {
            let was_in =
                |name: &str| *name == *session.id.as_str() || rooms.get(name).is_some_and(|since| *since <= position);
            let meant = entry.rooms.is_empty() || entry.rooms.iter().any(|name| was_in(name));
            if !meant || entry.from == Some(session.id) || entry.except.iter().any(|name| was_in(name)) {
                continue;
            }
            bytes += entry.cost;
            if bytes > max_bytes {
                return None;
            }
            frames.extend(entry.packet.iter().cloned());
        }
        Some(frames)
    }
}
