//! The TCP connection that a request came on, so that the end of a session is also the end of an answer that nobody reads.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::task::Context;

use futures_util::task::AtomicWaker;

/// A connection of the accept loop, as its requests know it.
#[derive(Default)]
pub(crate) struct Line {
    /// How many requests it has carried.
    requests: AtomicU64,
    /// The number of the request whose answer is given up.
    cut: AtomicU64,
    broken: AtomicBool,
    /// What is written waits for what follows it.
    more: AtomicBool,
    /// Wakes whoever waits for the peer to read.
    writer: AtomicWaker,
}

impl Line {
    /// The next request on this connection.
    pub(crate) fn exchange(self: &Arc<Self>) -> Exchange {
        Exchange { line: Arc::clone(self), number: self.requests.fetch_add(1, Relaxed) + 1 }
    }

    /// Whether the answer that is being written is given up; else the task is woken when it is.
    pub(crate) fn poll_cut(&self, cx: &Context<'_>) -> bool {
        self.writer.register(cx.waker());
        let cut = self.cut.load(Acquire);
        cut != 0 && cut == self.requests.load(Relaxed)
    }

    /// Whether an answer was broken off in the middle, so that nothing can follow it.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }

    /// Whether what is written shall share a segment with what follows it.
    pub(crate) fn expects_more(&self) -> bool {
        self.more.load(Relaxed)
    }
}

/// One request on a [`Line`], and an extension of it.
#[derive(Clone)]
pub(crate) struct Exchange {
    line: Arc<Line>,
    number: u64,
}

impl Exchange {
    /// Gives up what the peer has not taken of the answer. Nothing happens when it was all taken: the connection may carry
    /// somebody else's request by now.
    pub(crate) fn cut(&self) {
        self.line.cut.store(self.number, Release);
        self.line.writer.wake();
    }

    /// The answer hands the stream over to somebody who writes at once.
    pub(crate) fn expect_more(&self) {
        self.line.more.store(true, Relaxed);
    }

    /// The answer ends here, before its end.
    pub(crate) fn break_off(&self) {
        self.line.broken.store(true, Relaxed);
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn only_the_answer_to_the_last_request_is_cut() {
        let line = Arc::<Line>::default();
        let context = Context::from_waker(Waker::noop());
        let first = line.exchange();
        assert!(!line.poll_cut(&context));
        let second = line.exchange();
        first.cut();
        assert!(!line.poll_cut(&context), "another session's answer is on this connection now");
        second.cut();
        assert!(line.poll_cut(&context));
    }
}
