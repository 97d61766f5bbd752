//! The byte stream under a WebSocket: a TCP stream taken back from the HTTP server, or whatever else it ran on.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use rustix::net::{RecvFlags, recv};
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::{io::Errno, net::SendFlags};
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::flush::{Rest, drain, with_scratch};
use crate::serve::HttpStream;
use crate::socket::{Inner, Wire};

/// How much the kernel keeps that it has not sent yet. Left to itself that is megabytes for a peer that reads slowly; it
/// would take as long to see that such a peer reads at all, and what is dropped at a close would still be on its way.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 64 * 1024;

/// A stream on its own: what is written to it is in no queue.
pub(crate) trait Stream: Unpin + Send + 'static {
    /// What the connection's task keeps of it.
    type Carrier: Carrier;

    /// Reads what is there.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some of the bytes.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Lets go of what the stream itself holds back.
    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Gives the stream to a session: how its queue reaches it, and what is left for the connection's task.
    fn attach(self) -> (Wire, Self::Carrier);
}

/// The stream of a session, as the connection's task knows it.
pub(crate) trait Carrier: Unpin + Send + 'static {
    /// Reads what is there.
    fn poll_read(&mut self, cx: &mut Context<'_>, socket: &Inner, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Does this task's part in writing the queue. Ready when there is nothing left for it to wait for.
    fn poll_queue(&mut self, cx: &mut Context<'_>, socket: &Arc<Inner>) -> Poll<io::Result<()>>;

    /// Makes the end an abrupt one: what the peer has not taken is not kept for it.
    fn reset(&self, _: &Inner) {}
}

/// A TCP stream that is nobody's yet.
pub(crate) struct Tcp(TcpStream);

impl Tcp {
    pub(super) fn new(stream: TcpStream) -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Err(error) = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT) {
            tracing::debug!(%error, "a socket keeps its own idea of how much to hold back");
        }
        Self(stream)
    }
}

impl Stream for Tcp {
    type Carrier = Attached;

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        poll_receive(&self.0, cx, buffer)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write(bytes) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn attach(self) -> (Wire, Attached) {
        (Wire::Tcp(self.0), Attached)
    }
}

fn poll_receive(stream: &TcpStream, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let mut read = 0;
        let outcome = stream.try_io(Interest::READABLE, || {
            (read, _) = recv(stream, &mut *buffer, RecvFlags::empty())?;
            // Less than there was room for is all there was. Saying so saves the read that would find nothing.
            if read > 0 && read < buffer.len() { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match outcome {
            _ if read > 0 => return Poll::Ready(Ok(read)),
            Ok(()) => return Poll::Ready(Ok(0)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// The stream lies beside the queue, where the flusher finds both at once, and goes with the end of the connection.
pub(crate) struct Attached;

impl Carrier for Attached {
    fn poll_read(&mut self, cx: &mut Context<'_>, socket: &Inner, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match &socket.out.lock().wire {
            Wire::Tcp(stream) => poll_receive(stream, cx, buffer),
            Wire::Polling | Wire::Task | Wire::Gone => Poll::Ready(Ok(0)),
        }
    }

    fn poll_queue(&mut self, cx: &mut Context<'_>, socket: &Arc<Inner>) -> Poll<io::Result<()>> {
        // Whoever finds the peer blocked says both under the lock, then wakes this task.
        if !socket.is_stalled() {
            return Poll::Ready(Ok(()));
        }
        let mut out = socket.out.lock();
        if !out.blocked {
            return Poll::Ready(Ok(()));
        }
        if let Wire::Tcp(stream) = &out.wire {
            ready!(stream.poll_write_ready(cx))?;
        }
        out.blocked = false;
        let flush = out.becomes_dirty();
        drop(out);
        if flush {
            socket.request_flush();
        }
        Poll::Ready(Ok(()))
    }

    fn reset(&self, socket: &Inner) {
        if let Wire::Tcp(stream) = &socket.out.lock().wire {
            // Without it the kernel would keep the bytes, and the connection, for a peer that does not read.
            let _ = stream.set_zero_linger();
        }
    }
}

/// Writes some of the bytes past the runtime, whose account of readiness lies in memory that nothing else of a delivery
/// needs. It is asked where the kernel takes nothing, because it must know that to tell when that changes.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match rustix::net::send(stream, bytes, SendFlags::NOSIGNAL) {
        Err(Errno::AGAIN) => stream.try_write(bytes),
        outcome => Ok(outcome?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.try_write(bytes)
}

/// Read and written by the connection's task: TLS, or a server that wraps its streams.
pub(crate) struct Owned<S>(pub(crate) S);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for Owned<S> {
    type Carrier = Self;

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn attach(self) -> (Wire, Self) {
        (Wire::Task, self)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Carrier for Owned<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, _: &Inner, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Stream::poll_read(self, cx, buffer)
    }

    fn poll_queue(&mut self, cx: &mut Context<'_>, socket: &Arc<Inner>) -> Poll<io::Result<()>> {
        let mut guard = socket.out.lock();
        let out = &mut *guard;
        (out.dirty, out.blocked) = (false, false);
        if !out.queue.in_flight() {
            let send = |bytes: &[u8]| match Pin::new(&mut self.0).poll_write(cx, bytes) {
                Poll::Ready(Ok(0)) => Err(ErrorKind::WriteZero.into()),
                Poll::Ready(outcome) => outcome,
                Poll::Pending => Err(ErrorKind::WouldBlock.into()),
            };
            match with_scratch(|scratch| drain(socket, &mut out.queue, scratch, send))? {
                Rest::Nothing => {}
                Rest::Later => cx.waker().wake_by_ref(),
                Rest::Blocked => {
                    out.blocked = true;
                    socket.stalled();
                    return Poll::Pending;
                }
            }
        }
        drop(guard);
        // A stream with a buffer of its own may hold the end of it back.
        Pin::new(&mut self.0).poll_flush(cx)
    }
}

/// What an HTTP connection became.
pub(crate) enum Opened {
    /// Its TCP stream, and what had been read of it already.
    Tcp(Tcp, Vec<u8>),
    /// Another stream, which gives what had been read first.
    Other(Owned<TokioIo<Upgraded>>),
}

/// Waits for the HTTP server to hand its stream over; none when that fails. What had been read is copied, so that the
/// server's read buffer, thousands of bytes even when it is empty, does not stay with the connection.
pub(crate) async fn opened(upgrade: OnUpgrade) -> Option<Opened> {
    let upgraded = match upgrade.await.ok()?.downcast::<TokioIo<HttpStream>>() {
        Ok(parts) => return Some(Opened::Tcp(Tcp::new(parts.io.into_inner().into_tcp()), parts.read_buf.to_vec())),
        Err(upgraded) => upgraded,
    };
    Some(match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Opened::Tcp(Tcp::new(parts.io.into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => Opened::Other(Owned(TokioIo::new(upgraded))),
    })
}

/// Writes all of the bytes, outside of the queue.
pub(crate) async fn write_all(stream: &mut impl Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = poll_fn(|cx| stream.poll_write(cx, bytes)).await?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
    }
    poll_fn(|cx| stream.poll_flush(cx)).await
}
