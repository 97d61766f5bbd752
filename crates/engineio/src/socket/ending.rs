//! The end of a connection: whatever the peer does, once, and soon.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Release;
use std::time::Duration;

use parking_lot::MutexGuard;
use tokio::time::Instant;

use super::{Inner, Out, Wire};
use crate::{CloseReason, Frame};

/// The longest that a transport lives on after its connection was closed, so that what is allowed to leave can leave.
pub(crate) const LINGER: Duration = Duration::from_millis(800);

/// How a closed connection leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// There is nobody to tell anything.
    Gone,
    /// What is queued is dropped; the peer is told.
    Drop,
    /// What is queued goes first, for this long at most; then the peer is told.
    Flush(Duration),
    /// The peer has closed a long-polling session: its open GET gets a noop.
    Asked,
}

/// The end of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Closing {
    pub(crate) reason: CloseReason,
    pub(crate) leave: Leave,
    /// When the transport must be gone.
    pub(crate) deadline: Instant,
}

impl Inner {
    /// Ends the connection, once; a later call can only make it faster.
    pub(crate) fn close(self: &Arc<Self>, reason: CloseReason, leave: Leave) {
        self.close_with(reason, leave, None);
    }

    /// The same; with [`Leave::Drop`] the peer gets `last` in place of what is dropped.
    pub(crate) fn close_with(
        self: &Arc<Self>,
        reason: CloseReason,
        leave: Leave,
        last: impl IntoIterator<Item = Frame>,
    ) {
        let mut out = self.out.lock();
        if let Some(closing) = out.closing {
            let faster = leave == Leave::Gone || (leave == Leave::Drop && matches!(closing.leave, Leave::Flush(_)));
            if faster {
                let deadline = closing.deadline.min(Instant::now() + LINGER);
                self.hasten(out, Closing { leave, deadline, ..closing }, last);
            }
            return;
        }
        let grace = if let Leave::Flush(grace) = leave { grace } else { LINGER };
        let transport = out.transport();
        out.closing = Some(Closing { reason, leave, deadline: Instant::now() + grace });
        self.open.store(false, Release);
        let stays = self.prepare_leaving(&mut out, reason, leave, last);
        out.dirty = true;
        let unread = out.exchange.is_some();
        drop(out);

        if stays || unread {
            self.spawn_removal(grace);
        }
        if !stays {
            self.engine.sessions.remove(&self.sid);
        }
        self.engine.counters.closed(transport, reason);
        self.spawn_finish(reason);
        self.wake_all();
        self.request_flush();
    }

    /// Whether what is on its way to the peer is dropped, too.
    pub(crate) fn is_cut(&self) -> bool {
        !self.is_open()
            && self.out.lock().closing.is_some_and(|closing| matches!(closing.leave, Leave::Gone | Leave::Drop))
    }

    /// Arranges what the peer still gets. True when a long-polling session stays known, so that its next GET is told.
    fn prepare_leaving(
        &self,
        out: &mut MutexGuard<'_, Out>,
        reason: CloseReason,
        leave: Leave,
        last: impl IntoIterator<Item = Frame>,
    ) -> bool {
        match leave {
            Leave::Gone => {
                out.queue.clear();
                out.wire = Wire::Gone;
            }
            Leave::Drop => {
                out.queue.drop_waiting();
                last.into_iter().for_each(|frame| out.queue.push_control(frame));
            }
            Leave::Asked => out.queue.drop_waiting(),
            Leave::Flush(_) => {}
        }
        match out.wire {
            Wire::Polling => !out.getting && matches!(leave, Leave::Flush(_) | Leave::Drop) && deliberate(reason),
            Wire::Tcp(_) | Wire::Task => {
                out.queue.push_control(Frame::close(reason.close_code()));
                false
            }
            Wire::Gone => false,
        }
    }

    fn hasten(self: &Arc<Self>, mut out: MutexGuard<'_, Out>, closing: Closing, last: impl IntoIterator<Item = Frame>) {
        out.closing = Some(closing);
        // Nothing may follow a close frame (RFC 6455, section 5.5.1), and with it on its way nothing is left to drop.
        let told = !matches!(out.wire, Wire::Polling) && !out.queue.is_waiting();
        if !told || closing.leave == Leave::Gone {
            self.prepare_leaving(&mut out, closing.reason, closing.leave, last);
        }
        out.dirty = true;
        let unread = out.exchange.is_some();
        drop(out);
        if unread {
            self.spawn_removal(LINGER);
        }
        self.wake_all();
        self.request_flush();
    }

    fn wake_all(&self) {
        self.wake_readers();
        let get = self.out.lock().get.take();
        if let Some(waker) = get {
            waker.wake();
        }
    }

    /// Tells the session, on a task of its own: whoever closes may hold locks that the session wants.
    pub(super) fn spawn_finish(self: &Arc<Self>, reason: CloseReason) {
        let socket = Arc::clone(self);
        self.engine.runtime().spawn(async move { socket.finish(reason) });
    }

    fn finish(&self, reason: CloseReason) {
        let Some(mut session) = self.session.lock().take() else { return };
        if catch_unwind(AssertUnwindSafe(|| session.close(reason))).is_err() {
            tracing::error!("a session panicked while it was closed");
        }
        if catch_unwind(AssertUnwindSafe(|| drop(session))).is_err() {
            tracing::error!("a session panicked while it was dropped");
        }
    }

    fn spawn_removal(self: &Arc<Self>, after: Duration) {
        let socket = Arc::clone(self);
        self.engine.runtime().spawn(async move {
            tokio::time::sleep(after).await;
            socket.forget();
            let unread = socket.out.lock().exchange.take();
            if let Some(exchange) = unread {
                exchange.cut();
            }
        });
    }

    /// The session is unknown from now on and holds no memory for its peer.
    pub(crate) fn forget(&self) {
        self.engine.sessions.remove(&self.sid);
        let mut out = self.out.lock();
        if let Wire::Tcp(stream) = &out.wire
            && !out.queue.is_empty()
        {
            // What the kernel has of the rest, it would keep for a peer that does not read.
            let _ = stream.set_zero_linger();
        }
        out.queue.clear();
        out.wire = Wire::Gone;
    }

    /// Gives up a polling answer that was begun before the end and that the peer is slow to take. A later one tells of the end.
    pub(crate) fn cut_answer(&self) {
        let exchange = {
            let out = self.out.lock();
            if out.getting { None } else { out.exchange.clone() }
        };
        if let Some(exchange) = exchange {
            exchange.cut();
        }
    }

    /// A polling answer fails before its end.
    pub(crate) fn break_off_answer(&self) {
        let exchange = self.out.lock().exchange.take();
        if let Some(exchange) = exchange {
            exchange.break_off();
        }
    }
}

/// Closed on purpose, not because of what the peer did or failed to do: then it is told with its next poll.
fn deliberate(reason: CloseReason) -> bool {
    matches!(reason, CloseReason::ForcedClose | CloseReason::ServerShutdown)
}
