//! The open connections, by their secret id.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::socket::Inner;

/// Independent parts of the map, so that handshakes, polls and the sweep seldom wait for each other.
const PARTS: usize = 32;
/// 144 bits.
const RANDOM: usize = 18;
const TEXT: usize = RANDOM * 4 / 3;

/// The id of a connection: a secret, because who knows it can poll and post in its name. It is in the open packet and in
/// nothing else; what is public about a socket is named by the layer above.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sid([u8; TEXT]);

impl Sid {
    /// A new one from the operating system's generator.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random)?;
        let mut text = [0; TEXT];
        let written = URL_SAFE_NO_PAD.encode_slice(random, &mut text);
        debug_assert_eq!(written, Ok(TEXT));
        Ok(Self(text))
    }

    /// The id in a query; anything of another length is none of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// A number that is different for most ids.
    pub(crate) fn spread(&self) -> usize {
        self.0[..4].iter().fold(0, |sum, byte| sum * 31 + usize::from(*byte))
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it was made from text")
    }
}

/// Keeps the secret out of logs.
impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sid(..)")
    }
}

#[derive(Default)]
pub(crate) struct Sessions {
    parts: [Mutex<HashMap<Sid, Arc<Inner>>>; PARTS],
}

impl Sessions {
    pub(crate) fn insert(&self, socket: Arc<Inner>) {
        self.part(&socket.sid).lock().insert(socket.sid, socket);
    }

    pub(crate) fn get(&self, sid: &Sid) -> Option<Arc<Inner>> {
        self.part(sid).lock().get(sid).cloned()
    }

    pub(crate) fn remove(&self, sid: &Sid) -> Option<Arc<Inner>> {
        let mut part = self.part(sid).lock();
        let removed = part.remove(sid);
        // After a storm the room goes back, but not at every departure.
        if part.capacity() > 64 && part.len() < part.capacity() / 8 {
            let room = part.len() * 2;
            part.shrink_to(room);
        }
        removed
    }

    /// Every socket that `select` picks. It runs under a lock, so it only looks.
    pub(crate) fn collect<T>(&self, mut select: impl FnMut(&Arc<Inner>) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        for part in &self.parts {
            found.extend(part.lock().values().filter_map(&mut select));
        }
        found
    }

    fn part(&self, sid: &Sid) -> &Mutex<HashMap<Sid, Arc<Inner>>> {
        &self.parts[(sid.spread() >> 3) % PARTS]
    }
}
