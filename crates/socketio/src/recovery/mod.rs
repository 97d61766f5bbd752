//! Connection state recovery: who was cut off comes back as the same socket, with its rooms, its data and what it missed.
//!
//! As in Node ("Connection state recovery"): CONNECT carries a `pid`, events that are neither volatile nor want an answer
//! end with an offset, and a client that comes back shows both. Different from Node:
//!
//! - The middleware runs again, unless it is said otherwise, before rooms and missed packets are given back.
//! - A `pid` is good for one return; the socket that returned carries it on.
//! - A packet to a room is replayed to whom was in the room when it was emitted, not to whom joined later and claims an
//!   older offset.
//! - The log is one per namespace, and bounded in bytes. While a packet is recorded nothing else is, so that every client
//!   sees offsets in their order and one of them says exactly what arrived.

mod log;
mod sessions;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engineio::Frame;
use parking_lot::{Mutex, MutexGuard};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until};

use crate::data::Data;
use crate::id::SocketId;
use crate::packet::{self, Encoded};
use crate::reason::DisconnectReason;
use crate::rooms::Target;
use log::Log;
use sessions::Sessions;

/// Settings of connection state recovery, [`crate::Builder::recovery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// For how long a socket that was cut off may come back; Node's `maxDisconnectionDuration`. Two minutes.
    pub window: Duration,
    /// How many bytes of packets one namespace keeps for those who come back, and how many bytes of their rooms. Whoever
    /// missed more than is kept comes back as a new socket. 16 MiB.
    pub max_bytes: usize,
    /// Lets those who come back pass without the middleware. No: whoever was locked out meanwhile would be let in.
    pub skip_middlewares: bool,
}

impl Default for Recovery {
    fn default() -> Recovery {
        Recovery { window: Duration::from_secs(2 * 60), max_bytes: 16 << 20, skip_middlewares: false }
    }
}

/// Random bytes of a `pid`: 144 bits.
const PID_RANDOM: usize = 18;
const PID_LENGTH: usize = 24;
/// Random bytes that tell the offsets of one log from those of another.
const TAG_RANDOM: usize = 6;

/// The secret by which a client comes back. It is told to that client alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pid([u8; PID_LENGTH]);

impl Pid {
    fn random() -> Pid {
        let mut text = [0; PID_LENGTH];
        let written = URL_SAFE_NO_PAD.encode_slice(random::<PID_RANDOM>(), &mut text);
        debug_assert_eq!(written, Ok(PID_LENGTH));
        Pid(text)
    }

    fn parse(text: &str) -> Option<Pid> {
        text.as_bytes().try_into().ok().map(Pid)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only what is known is ever shown, and that is ASCII")
    }
}

/// Keeps the secret out of logs.
impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pid(..)")
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random source");
    bytes
}

/// What a connected socket carries for the day that it is cut off.
pub(crate) struct Thread {
    pid: Pid,
    /// The position of the log when the client was first let in.
    since: u64,
}

/// A socket that was cut off.
pub(crate) struct Session {
    pub(crate) id: SocketId,
    /// Its rooms, and the position of the log when it joined each.
    pub(crate) rooms: Vec<(Arc<str>, u64)>,
    pub(crate) data: Option<Data>,
    thread: Thread,
    expires: Instant,
}

/// A session that was claimed by its `pid`, and what its client says it has received.
pub(crate) struct Returning {
    pub(crate) session: Session,
    received: Option<u64>,
}

/// What goes out together with the answer to CONNECT, and what the socket carries from there on.
pub(crate) struct Opening {
    pub(crate) frames: Vec<Frame>,
    pub(crate) thread: Thread,
    pub(crate) recovered: bool,
}

/// The log and the sessions of one namespace.
pub(crate) struct Store {
    settings: Recovery,
    /// A replay beyond this many bytes would fill the client's queue.
    replay_max: usize,
    tag: String,
    /// The position of the next packet. It moves after the packet went to its sockets, so whoever reads it while joining
    /// a room rather takes a packet too many for his own than one too few.
    next: AtomicU64,
    log: Mutex<Log>,
    sessions: Mutex<Sessions>,
}

impl Store {
    pub(crate) fn new(settings: Recovery, replay_max: usize) -> Store {
        Store {
            settings,
            replay_max,
            tag: URL_SAFE_NO_PAD.encode(random::<TAG_RANDOM>()),
            next: AtomicU64::new(0),
            log: Mutex::default(),
            sessions: Mutex::default(),
        }
    }

    pub(crate) fn skips_middlewares(&self) -> bool {
        self.settings.skip_middlewares
    }

    /// The position of the next packet.
    pub(crate) fn position(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Records a packet under the next offset and hands it, with the offset, to `deliver`.
    pub(crate) fn record(&self, target: &Target<'_>, packet: &Encoded, deliver: impl FnOnce(&Encoded)) {
        let mut log = self.log.lock();
        let position = self.next.load(Ordering::Relaxed);
        let packet = packet::with_offset(packet, format_args!("{}.{position}", self.tag));
        deliver(&packet);
        log.push(target, packet, Instant::now());
        log.trim(self.settings.max_bytes, Instant::now().checked_sub(self.settings.window));
        self.next.store(position + 1, Ordering::Release);
    }

    /// The session that a CONNECT payload claims. It is not to be had a second time.
    pub(crate) fn claim(&self, auth: Option<&RawValue>) -> Option<Returning> {
        #[derive(Deserialize)]
        struct Claim {
            pid: String,
            offset: Option<String>,
        }
        let claim: Claim = serde_json::from_str(auth?.get()).ok()?;
        let received = match &claim.offset {
            Some(offset) => self.read_offset(offset)?,
            None => None,
        };
        let session = self.sessions.lock().take(&Pid::parse(&claim.pid)?)?;
        (session.expires > Instant::now()).then_some(Returning { session, received })
    }

    /// Which position an offset names: none if it is one of another log, since then none of ours has arrived. What is no
    /// offset at all tells nothing about what arrived.
    fn read_offset(&self, text: &str) -> Option<Option<u64>> {
        let (tag, position) = text.split_once('.')?;
        let position = position.parse().ok()?;
        (tag.len() == self.tag.len()).then(|| (tag == self.tag).then_some(position))
    }

    /// Nothing is recorded while the guard lives, so that nothing falls between what was missed and what comes next.
    pub(crate) fn hold(&self) -> Held<'_> {
        Held { store: self, log: self.log.lock() }
    }

    /// Keeps a socket that was cut off. True when a task has to be started that runs [`Store::sweep`].
    pub(crate) fn keep(&self, id: SocketId, thread: Thread, rooms: Vec<(Arc<str>, u64)>, data: Option<Data>) -> bool {
        let expires = Instant::now() + self.settings.window;
        self.put_back(Session { id, rooms, data, thread, expires })
    }

    /// Keeps a session whose client was cut off again before it was let in.
    pub(crate) fn put_back(&self, session: Session) -> bool {
        let mut sessions = self.sessions.lock();
        // What has to go is dropped after the lock: an application's data may do anything when it is dropped.
        let (_gone, sweep) = sessions.put(session, self.settings.max_bytes);
        drop(sessions);
        sweep
    }

    /// Whether somebody may come back.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.sessions.lock().is_empty()
    }

    /// Forgets what is too old, for as long as somebody may come back.
    pub(crate) async fn sweep(store: Weak<Store>) {
        while let Some(next) = store.upgrade().and_then(|store| store.expire()) {
            sleep_until(next).await;
        }
    }

    fn expire(&self) -> Option<Instant> {
        let now = Instant::now();
        self.log.lock().trim(self.settings.max_bytes, now.checked_sub(self.settings.window));
        let (_gone, next) = self.sessions.lock().expire(now);
        next
    }
}

/// The log, held still.
pub(crate) struct Held<'a> {
    store: &'a Store,
    log: MutexGuard<'a, Log>,
}

impl Held<'_> {
    /// What a client gets that is being let in: the answer to CONNECT, and if it returns and everything that it missed is
    /// still there, that. Otherwise it gets a `pid` of its own.
    pub(crate) fn open(&self, namespace: &str, id: &SocketId, returning: Option<&Returning>) -> Opening {
        let missed = returning.and_then(|returning| {
            let Returning { session, received } = returning;
            let since = session.thread.since;
            let from = received.map_or(since, |received| since.max(received.saturating_add(1)));
            self.log.missed(session, from, self.store.replay_max)
        });
        let recovered = missed.is_some();
        let thread = match returning {
            Some(Returning { session, .. }) if recovered => Thread { ..session.thread },
            _ => Thread { pid: Pid::random(), since: self.store.position() },
        };
        let mut frames = vec![packet::encode_connect(namespace, id, Some(thread.pid.as_str()))];
        frames.extend(missed.into_iter().flatten());
        Opening { frames, thread, recovered }
    }
}

/// Whether a socket that ended for this reason may come back: the connection broke, nobody was sent away.
pub(crate) fn is_recoverable(reason: DisconnectReason) -> bool {
    match reason {
        DisconnectReason::TransportClose
        | DisconnectReason::TransportError
        | DisconnectReason::PingTimeout
        | DisconnectReason::ForcedClose
        | DisconnectReason::ForcedServerClose
        | DisconnectReason::ServerShuttingDown => true,
        DisconnectReason::ClientNamespaceDisconnect
        | DisconnectReason::ServerNamespaceDisconnect
        | DisconnectReason::ParseError => false,
    }
}
