//! One client that waits for what it asked for: those who attack are few enough, or rest.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use socket2::{Domain, Protocol, Socket, Type};

use crate::load::frame::{self, Frame, put_text};
use crate::load::http;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A WebSocket.
pub(super) struct Client {
    stream: TcpStream,
    /// What came and was not asked for yet.
    held: Vec<u8>,
}

impl Client {
    /// Connects, with so little room for what it does not read as the system allows when `narrow`.
    pub(super) fn connect(address: SocketAddr, narrow: bool) -> Result<Self> {
        let socket =
            Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).context("no socket")?;
        if narrow {
            socket.set_recv_buffer_size(1).context("cannot make a receive buffer small")?;
        }
        socket.set_tcp_nodelay(true).context("cannot set TCP_NODELAY")?;
        socket.connect(&address.into()).context("cannot connect")?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).context("cannot set a timeout")?;
        stream.set_write_timeout(Some(PATIENCE)).context("cannot set a timeout")?;
        Ok(Self { stream, held: Vec::new() })
    }

    /// Becomes a WebSocket and reads the open packet.
    pub(super) fn open(&mut self, address: SocketAddr) -> Result<()> {
        self.write(http::websocket(address, None, http::COOKIE).as_bytes())?;
        let len = loop {
            if let Some(response) = http::response(&self.held)? {
                ensure!(response.status == 101, "the server refused a WebSocket with {}", response.status);
                break response.len;
            }
            self.read()?;
        };
        self.held.drain(..len);
        ensure!(self.next()?.starts_with('0'), "no open packet");
        Ok(())
    }

    /// Joins the default namespace.
    pub(super) fn join(&mut self) -> Result<()> {
        self.send(b"40")?;
        let answer = self.next()?;
        ensure!(answer.starts_with("40{"), "the server refused a client: {answer}");
        Ok(())
    }

    /// Writes bytes as they are.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).context("cannot write")
    }

    /// Sends a text message, an Engine.IO packet with its type.
    pub(super) fn send(&mut self, text: &[u8]) -> Result<()> {
        let mut bytes = Vec::with_capacity(text.len() + 14);
        put_text(&mut bytes, text);
        self.write(&bytes)
    }

    /// The next text message, pings answered.
    pub(super) fn next(&mut self) -> Result<String> {
        loop {
            let Some((len, frame)) = frame::next(&self.held) else {
                self.read()?;
                continue;
            };
            let text = match frame {
                Frame::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                Frame::Close => bail!("the server closed a WebSocket"),
                Frame::Other => None,
            };
            self.held.drain(..len);
            match text.as_deref() {
                Some("2") => self.send(b"3")?,
                Some(_) => return Ok(text.unwrap_or_default()),
                None => {}
            }
        }
    }

    /// Waits for more and gives every text message that is whole.
    pub(super) fn take(&mut self, mut seen: impl FnMut(&[u8])) -> Result<()> {
        self.read()?;
        let mut used = 0;
        while let Some((len, frame)) = frame::next(&self.held[used..]) {
            used += len;
            match frame {
                Frame::Text(text) => seen(text),
                Frame::Close => bail!("the server closed a WebSocket"),
                Frame::Other => {}
            }
        }
        self.held.drain(..used);
        Ok(())
    }

    fn read(&mut self) -> Result<()> {
        let mut buffer = [0; 64 * 1024];
        let read = self.stream.read(&mut buffer).context("the server does not answer")?;
        ensure!(read > 0, "the server closed a connection");
        self.held.extend_from_slice(&buffer[..read]);
        Ok(())
    }
}
