//! One TCP connection of the load.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

/// A connection, what it could not write yet, and the start of what is not all here yet.
pub(super) struct Wire {
    stream: TcpStream,
    unsent: Vec<u8>,
    held: Vec<u8>,
    connected: bool,
}

impl Wire {
    /// Starts to connect.
    pub(super) fn open(address: SocketAddr, registry: &Registry, token: Token) -> Result<Self> {
        let mut stream = TcpStream::connect(address).context("cannot connect")?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).context("cannot watch")?;
        Ok(Self { stream, unsent: Vec::new(), held: Vec::new(), connected: false })
    }

    /// Writes, or keeps what the system does not take now.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        if !self.connected || !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let written = match self.stream.write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error).context("cannot write"),
        };
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// The system takes more.
    pub(super) fn writable(&mut self) -> Result<()> {
        if !self.connected {
            if let Some(error) = self.stream.take_error().context("cannot ask for an error")? {
                return Err(error).context("cannot connect");
            }
            // Frames are small and answered: none may wait for the acknowledgement of the one before.
            self.stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
            self.connected = true;
        }
        let waiting = std::mem::take(&mut self.unsent);
        if waiting.is_empty() { Ok(()) } else { self.send(&waiting) }
    }

    /// Reads all that is there. `take` gets bytes and tells how many of them it has used; the rest comes again with what
    /// follows.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&mut Self, &[u8]) -> Result<usize>,
    ) -> Result<()> {
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("cannot read"),
            };
            let bytes = &buffer[..read];
            if self.held.is_empty() {
                let used = take(self, bytes)?;
                self.held.extend_from_slice(&bytes[used..]);
            } else {
                let mut held = std::mem::take(&mut self.held);
                held.extend_from_slice(bytes);
                let used = take(self, &held)?;
                held.drain(..used);
                self.held = held;
            }
            if read < buffer.len() {
                return Ok(());
            }
        }
    }
}
