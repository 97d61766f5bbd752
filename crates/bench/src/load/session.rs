//! One Socket.IO session, from its first request to the answer to CONNECT, straight on WebSocket or by way of
//! long-polling as the official client goes.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use mio::{Registry, Token};

use super::frame::{self, Frame, put_text};
use super::wire::Wire;
use super::{Entry, http};

/// Between the packets of a long-polling payload (Engine.IO protocol 4, "Payload encoding").
const SEPARATOR: char = '\x1e';

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Long-polling: the first GET is open.
    Polling,
    /// Long-polling: CONNECT is posted.
    Posted,
    /// Long-polling: a GET waits for the answer to CONNECT.
    Joining,
    /// The handshake of the WebSocket is on its way; when it upgrades, a GET is open.
    Handshake,
    /// Straight: the open packet is awaited.
    Open,
    /// Straight: the answer to CONNECT is awaited.
    Connect,
    /// Upgrade: `2probe` is on its way.
    Probe,
    /// Upgrade: `3probe` is here, and the open GET has to end.
    LastPoll,
    /// Events flow.
    Ready,
}

/// What a session says of the bytes that it got.
pub(super) struct Session {
    entry: Entry,
    stage: Stage,
    websocket: Option<Wire>,
    polling: Option<Wire>,
    sid: String,
    /// The GET that was open at the upgrade has ended.
    poll_ended: bool,
    /// A ping came on long-polling, as from servers that ping at once.
    owes_pong: bool,
}

/// What a session needs of the load to go on.
pub(super) struct World<'a> {
    pub(super) address: SocketAddr,
    pub(super) registry: &'a Registry,
    pub(super) index: usize,
    pub(super) cookie: &'a str,
}

impl World<'_> {
    fn connect(&self, polling: bool) -> Result<Wire> {
        Wire::open(self.address, self.registry, Token(self.index * 2 + usize::from(polling)))
    }
}

impl Session {
    pub(super) fn start(world: &World<'_>, entry: Entry) -> Result<Self> {
        let mut session = Self {
            entry,
            stage: Stage::Handshake,
            websocket: None,
            polling: None,
            sid: String::new(),
            poll_ended: false,
            owes_pong: false,
        };
        match entry {
            Entry::WebSocket => {
                let mut wire = world.connect(false)?;
                wire.send(http::websocket(world.address, None, world.cookie).as_bytes())?;
                session.websocket = Some(wire);
            }
            Entry::Upgrade => {
                let mut wire = world.connect(true)?;
                wire.send(http::poll(world.address, None).as_bytes())?;
                session.polling = Some(wire);
                session.stage = Stage::Polling;
            }
        }
        Ok(session)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Sends a text message.
    pub(super) fn send(&mut self, text: &[u8]) -> Result<()> {
        let wire = self.websocket.as_mut().context("the session has no WebSocket yet")?;
        send(wire, text)
    }

    /// The system takes more on one of the connections.
    pub(super) fn writable(&mut self, polling: bool) -> Result<()> {
        let wire = if polling { &mut self.polling } else { &mut self.websocket };
        wire.as_mut().map_or(Ok(()), Wire::writable)
    }

    /// Something came on one of the connections; `seen` gets every text message of a session that is ready.
    pub(super) fn readable(
        &mut self,
        world: &World<'_>,
        polling: bool,
        buffer: &mut [u8],
        mut seen: impl FnMut(&[u8]),
    ) -> Result<()> {
        // Taken out, so that the session can act while the connection reads.
        if polling {
            let Some(mut wire) = self.polling.take() else { return Ok(()) };
            wire.receive(buffer, |wire, bytes| self.responses(world, wire, bytes))?;
            self.polling = Some(wire).filter(|_| !self.is_ready());
            return Ok(());
        }
        let Some(mut wire) = self.websocket.take() else { return Ok(()) };
        let received = wire.receive(buffer, |wire, bytes| self.stream(wire, bytes, &mut seen));
        self.websocket = Some(wire);
        received
    }

    fn stream(&mut self, wire: &mut Wire, bytes: &[u8], seen: &mut impl FnMut(&[u8])) -> Result<usize> {
        let mut used = 0;
        if self.stage == Stage::Handshake {
            let Some(response) = http::response(bytes)? else { return Ok(0) };
            ensure!(response.status == 101, "the server refused a WebSocket with {}", response.status);
            used = response.len;
            self.stage = match self.entry {
                Entry::WebSocket => Stage::Open,
                Entry::Upgrade => {
                    send(wire, b"2probe")?;
                    Stage::Probe
                }
            };
        }
        while let Some((len, frame)) = frame::next(&bytes[used..]) {
            used += len;
            match frame {
                Frame::Text(text) => self.text(wire, text, seen)?,
                Frame::Close => bail!("the server closed a WebSocket"),
                Frame::Other => {}
            }
        }
        Ok(used)
    }

    fn text(&mut self, wire: &mut Wire, text: &[u8], seen: &mut impl FnMut(&[u8])) -> Result<()> {
        match (self.stage, text) {
            (_, b"2") => send(wire, b"3")?,
            (Stage::Ready, text) => seen(text),
            (Stage::Open, [b'0', ..]) => {
                send(wire, b"40")?;
                self.stage = Stage::Connect;
            }
            (Stage::Connect, [b'4', b'0', ..]) => self.stage = Stage::Ready,
            (Stage::Probe, b"3probe") => {
                self.stage = Stage::LastPoll;
                self.switch(wire)?;
            }
            (stage, text) => bail!("unexpected at {stage:?}: {}", String::from_utf8_lossy(text)),
        }
        Ok(())
    }

    fn responses(&mut self, world: &World<'_>, wire: &mut Wire, bytes: &[u8]) -> Result<usize> {
        let Some(response) = http::response(bytes)? else { return Ok(0) };
        ensure!(response.status == 200, "the server answered {}: {}", response.status, response.body);
        match self.stage {
            Stage::Polling => {
                self.sid = http::sid(response.body)?.to_owned();
                wire.send(http::post(world.address, &self.sid, "40").as_bytes())?;
                self.stage = Stage::Posted;
            }
            Stage::Posted => {
                wire.send(http::poll(world.address, Some(&self.sid)).as_bytes())?;
                self.stage = Stage::Joining;
            }
            Stage::Joining => {
                wire.send(http::poll(world.address, Some(&self.sid)).as_bytes())?;
                if !self.payload(response.body).any(|packet| packet.starts_with("40{")) {
                    return Ok(response.len);
                }
                let mut websocket = world.connect(false)?;
                websocket.send(http::websocket(world.address, Some(&self.sid), world.cookie).as_bytes())?;
                self.websocket = Some(websocket);
                self.stage = Stage::Handshake;
            }
            Stage::Handshake | Stage::Probe | Stage::LastPoll => {
                let noop = self.payload(response.body).any(|packet| packet == "6");
                if !noop && self.stage != Stage::LastPoll {
                    wire.send(http::poll(world.address, Some(&self.sid)).as_bytes())?;
                    return Ok(response.len);
                }
                self.poll_ended = true;
                if let Some(mut websocket) = self.websocket.take() {
                    let switched = self.switch(&mut websocket);
                    self.websocket = Some(websocket);
                    switched?;
                }
            }
            Stage::Open | Stage::Connect | Stage::Ready => bail!("an unexpected response: {}", response.body),
        }
        Ok(response.len)
    }

    /// The packets of a long-polling payload but pings, which are answered when the WebSocket has taken over.
    fn payload<'a>(&mut self, body: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.owes_pong |= body.split(SEPARATOR).any(|packet| packet == "2");
        body.split(SEPARATOR).filter(|packet| *packet != "2")
    }

    /// Takes the last step of an upgrade, once both sides of it are ready.
    fn switch(&mut self, websocket: &mut Wire) -> Result<()> {
        if self.stage == Stage::LastPoll && self.poll_ended {
            send(websocket, b"5")?;
            if self.owes_pong {
                send(websocket, b"3")?;
            }
            self.stage = Stage::Ready;
            self.polling = None;
        }
        Ok(())
    }
}

fn send(wire: &mut Wire, text: &[u8]) -> Result<()> {
    let mut frame = Vec::with_capacity(text.len() + 14);
    put_text(&mut frame, text);
    wire.send(&frame)
}
