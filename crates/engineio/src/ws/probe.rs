//! The upgrade of a long-polling session to WebSocket, Engine.IO protocol 4, "Upgrade".

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;

use super::Connection;
use super::decoder::{Decoder, Event};
use super::stream::{Opened, Stream, opened, write_all};
use crate::Frame;
use crate::flush::with_read_buffer;
use crate::socket::{Inner, Upgrade, Wire};

/// How long a WebSocket that is turned away may take to hear of it.
const GOODBYE: Duration = Duration::from_millis(500);

/// A claim on a session's one upgrade; given up when it is dropped before the WebSocket took over.
pub(crate) struct Claim(Arc<Inner>);

impl Claim {
    /// None when the session is not on long-polling, or another upgrade is under way.
    pub(crate) fn new(socket: &Arc<Inner>) -> Option<Self> {
        let mut out = socket.out.lock();
        if out.closing.is_some() || !matches!(out.wire, Wire::Polling) || out.upgrade != Upgrade::No {
            return None;
        }
        out.upgrade = Upgrade::Started;
        Some(Self(Arc::clone(socket)))
    }

    /// From now on the client's polls are answered at once, so that it can stop them.
    fn probed(&self) {
        let get = {
            let mut out = self.0.out.lock();
            out.upgrade = Upgrade::Probed;
            out.get.take()
        };
        if let Some(waker) = get {
            waker.wake();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.out.lock().upgrade = Upgrade::No;
    }
}

/// Runs an upgrade to its end: the session goes on over the WebSocket, or stays where it was.
pub(crate) async fn upgrade(claim: Claim, on_upgrade: OnUpgrade) {
    let limit = claim.0.engine.config.upgrade_timeout;
    match timeout(limit, opened(on_upgrade)).await {
        Ok(Some(Opened::Tcp(stream, read))) => probe(claim, stream, read).await,
        Ok(Some(Opened::Other(stream))) => probe(claim, stream, Vec::new()).await,
        Ok(None) | Err(_) => {}
    }
}

/// Opens a WebSocket only to close it, as Node does with a second one for a session.
pub(crate) async fn reject(on_upgrade: OnUpgrade) {
    match timeout(GOODBYE, opened(on_upgrade)).await {
        Ok(Some(Opened::Tcp(mut stream, _))) => say_goodbye(&mut stream).await,
        Ok(Some(Opened::Other(mut stream))) => say_goodbye(&mut stream).await,
        Ok(None) | Err(_) => {}
    }
}

async fn say_goodbye(stream: &mut impl Stream) {
    let goodbye = async {
        write_all(stream, Frame::close(1000).wire()).await?;
        // Closing with bytes unread would take the close frame back.
        while poll_fn(|cx| with_read_buffer(|buffer| stream.poll_read(cx, buffer))).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(GOODBYE, goodbye).await;
}

async fn probe<S: Stream>(claim: Claim, mut stream: S, read: Vec<u8>) {
    let socket = Arc::clone(&claim.0);
    let mut reader = Reader { decoder: Decoder::new(socket.engine.config.max_payload), held: read };
    let steps = async {
        reader.expect(&socket, &mut stream, "2probe").await?;
        write_all(&mut stream, Frame::packet("3probe").wire()).await?;
        claim.probed();
        reader.expect(&socket, &mut stream, "5").await
    };
    let outcome = timeout(socket.engine.config.upgrade_timeout, steps).await;
    let switched = if matches!(outcome, Ok(Ok(()))) { socket.switch(stream) } else { Err(stream) };
    let mut stream = match switched {
        Ok(carrier) => {
            let connection = Connection::new(Arc::clone(&socket), carrier, reader.decoder, reader.held);
            // A task of its own is smaller than this one.
            socket.engine.runtime().spawn(connection);
            return;
        }
        Err(stream) => stream,
    };
    drop(claim);
    say_goodbye(&mut stream).await;
}

/// Reads single packets, outside of a session.
struct Reader {
    decoder: Decoder,
    held: Vec<u8>,
}

impl Reader {
    /// The next packet must be this one. It also fails when the session ends meanwhile.
    async fn expect(&mut self, socket: &Inner, stream: &mut impl Stream, packet: &str) -> io::Result<()> {
        poll_fn(|cx| {
            socket.task.register(cx.waker());
            if !socket.is_open() {
                return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
            }
            self.poll_expect(cx, stream, packet)
        })
        .await
    }

    fn poll_expect(&mut self, cx: &mut Context<'_>, stream: &mut impl Stream, packet: &str) -> Poll<io::Result<()>> {
        loop {
            match self.next_step(packet) {
                Some(true) => return Poll::Ready(Ok(())),
                Some(false) => return Poll::Ready(Err(ErrorKind::InvalidData.into())),
                None => {}
            }
            let read = with_read_buffer(|buffer| {
                let read = stream.poll_read(cx, buffer)?;
                if let Poll::Ready(read) = read {
                    self.held.extend_from_slice(&buffer[..read]);
                }
                read.map(io::Result::Ok)
            });
            if ready!(read)? == 0 {
                return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Whether the next message that is here is this packet; none when there is no whole one. The frames before it are taken
    /// out in one go: there may be thousands of pings.
    fn next_step(&mut self, packet: &str) -> Option<bool> {
        let mut used = 0;
        let expected = loop {
            let (len, event) = match self.decoder.next(&mut self.held[used..]) {
                Ok(Some(frame)) => frame,
                Ok(None) => break None,
                Err(_) => break Some(false),
            };
            used += len;
            match event {
                Event::Text(text) => break Some(*text == *packet.as_bytes()),
                Event::Ping(_) | Event::Nothing => {}
                Event::Binary(_) | Event::Close => break Some(false),
            }
        };
        self.held.drain(..used);
        expected
    }
}
