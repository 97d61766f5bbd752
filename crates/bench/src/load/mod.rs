//! The load: thousands of Socket.IO clients in one thread, which speak the wire directly, so that what they cost is small
//! against what the server does for them.

pub(crate) mod frame;
pub(crate) mod http;
mod session;
mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll};

use self::session::{Session, World};

/// Sessions that open at the same time.
const AT_ONCE: usize = 64;
/// How long all of them together may take to open.
const OPENING: Duration = Duration::from_secs(120);
/// So much is read at a time.
const READ_LEN: usize = 256 * 1024;
/// Events of one turn.
const EVENTS: usize = 1024;

/// How a session comes to its WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// At once.
    WebSocket,
    /// From long-polling, by the upgrade.
    Upgrade,
}

/// Clients of one server.
pub struct Load {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    sessions: Vec<Session>,
    buffer: Box<[u8]>,
    /// What the sessions carry, in turns.
    cookies: Vec<String>,
}

impl Load {
    /// No clients yet.
    ///
    /// # Errors
    /// The system gives no epoll.
    pub fn new(address: SocketAddr) -> Result<Self> {
        Ok(Self {
            address,
            poll: Poll::new().context("cannot make an epoll")?,
            events: Events::with_capacity(EVENTS),
            sessions: Vec::new(),
            buffer: vec![0; READ_LEN].into(),
            cookies: vec![http::COOKIE.to_owned()],
        })
    }

    /// Clients that are signed in: sessions carry these cookies, in turns.
    ///
    /// # Errors
    /// The system gives no epoll.
    pub fn signed_in(address: SocketAddr, cookies: Vec<String>) -> Result<Self> {
        Ok(Self { cookies, ..Self::new(address)? })
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Opens more sessions and returns when all of them are connected to the default namespace.
    ///
    /// # Errors
    /// A connection fails, the server answers something unexpected, or two minutes pass.
    pub fn open(&mut self, count: usize, entry: Entry) -> Result<()> {
        let (first, all) = (self.sessions.len(), self.sessions.len() + count);
        let started = Instant::now();
        let mut opening: Vec<usize> = Vec::with_capacity(AT_ONCE);
        loop {
            opening.retain(|&index| !self.sessions[index].is_ready());
            if opening.is_empty() && self.sessions.len() == all {
                return Ok(());
            }
            while opening.len() < AT_ONCE && self.sessions.len() < all {
                let index = self.sessions.len();
                let world = World {
                    address: self.address,
                    registry: self.poll.registry(),
                    index,
                    cookie: &self.cookies[index % self.cookies.len()],
                };
                self.sessions.push(Session::start(&world, entry)?);
                opening.push(index);
            }
            self.turn(Duration::from_millis(100), |_, _| {})?;
            ensure!(started.elapsed() < OPENING, "only {} sessions opened", self.sessions.len() - first);
        }
    }

    /// Says nothing but pongs for so long.
    ///
    /// # Errors
    /// A connection fails, or a server closes one.
    pub fn rest(&mut self, time: Duration) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < time {
            self.turn(time.saturating_sub(started.elapsed()), |_, _| {})?;
        }
        Ok(())
    }

    /// Sends a text message, an Engine.IO packet with its type.
    ///
    /// # Errors
    /// The connection has failed.
    pub fn send(&mut self, session: usize, text: &[u8]) -> Result<()> {
        self.sessions[session].send(text)
    }

    /// Waits for at most `wait` until something happens, and does what it asks for. `seen` gets every text message of a
    /// session that is open, with the session's number.
    ///
    /// # Errors
    /// A connection fails, or a server closes one.
    pub fn turn(&mut self, wait: Duration, mut seen: impl FnMut(usize, &[u8])) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            polled => polled.context("cannot wait for events")?,
        }
        for event in &self.events {
            let (index, polling) = (event.token().0 / 2, event.token().0 % 2 == 1);
            let world = World {
                address: self.address,
                registry: self.poll.registry(),
                index,
                cookie: &self.cookies[index % self.cookies.len()],
            };
            let session = &mut self.sessions[index];
            if event.is_writable() {
                session.writable(polling)?;
            }
            if event.is_readable() {
                session.readable(&world, polling, &mut self.buffer, |text| seen(index, text))?;
            }
        }
        Ok(())
    }
}
