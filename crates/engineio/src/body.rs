//! The body of the engine's HTTP responses.

use std::fmt;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::SizeHint;

use crate::CloseReason;
use crate::socket::{Inner, Leave};

/// A payload is handed over in parts of this size, because that is how one sees whether the peer reads.
const PART: usize = 64 * 1024;

/// The body of a response. It fails when the connection that it belongs to is closed before the end.
pub struct Body {
    rest: Bytes,
    /// The socket whose packets these are, until they are all handed over.
    socket: Option<Arc<Inner>>,
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self { rest: Bytes::new(), socket: None }
    }

    pub(crate) fn full(content: impl Into<Bytes>) -> Self {
        Self { rest: content.into(), socket: None }
    }

    /// A long-polling payload. When it is dropped before its end, packets are lost and the connection is closed.
    pub(crate) fn payload(content: Bytes, socket: Arc<Inner>) -> Self {
        Self { rest: content, socket: Some(socket) }
    }
}

/// Content that is at hand, for what is served next to the engine.
impl From<Bytes> for Body {
    fn from(content: Bytes) -> Self {
        Self::full(content)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        // A closed connection takes effect on a response that is on its way, too.
        if let Some(socket) = self.socket.as_ref().filter(|socket| socket.is_cut()) {
            socket.break_off_answer();
            return Poll::Ready(Some(Err(ErrorKind::ConnectionAborted.into())));
        }
        let len = self.rest.len().min(PART);
        let part = self.rest.split_to(len);
        if let Some(socket) = &self.socket {
            socket.engine.counters.sent(0, part.len());
            socket.progressed();
        }
        if self.rest.is_empty()
            && let Some(socket) = self.socket.take()
        {
            socket.landed();
        }
        Poll::Ready(Some(Ok(http_body::Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close(CloseReason::TransportError, Leave::Gone);
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("len", &self.rest.len()).finish_non_exhaustive()
    }
}
