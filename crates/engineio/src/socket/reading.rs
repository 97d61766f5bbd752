//! What arrives: messages reach the session, and the session can stop the reading.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::{Inner, Leave};
use crate::{CloseReason, Flow, Message};

/// The task goes on reading.
pub(super) const RUNNING: u8 = 0;
/// The task waits for `resume`.
const PAUSED: u8 = 1;
/// `resume` is moving the pong deadline; still paused to everybody else.
const RESUMING: u8 = 2;
/// `resume` was called since the last message.
const RESUMED: u8 = 3;

impl Inner {
    /// Hands a message to the session. True when reading has to stop.
    pub(crate) fn deliver(self: &Arc<Self>, message: Message<'_>) -> bool {
        if self.flow.load(Relaxed) != RUNNING {
            self.flow.store(RUNNING, Relaxed);
        }
        let outcome = {
            let mut session = self.session.lock();
            let Some(session) = session.as_mut().filter(|_| self.is_open()) else { return false };
            catch_unwind(AssertUnwindSafe(|| session.message(message)))
        };
        match outcome {
            Ok(Flow::Continue) => false,
            Ok(Flow::Pause) => self.pause(),
            Err(_) => {
                tracing::error!("a session panicked; its connection is closed");
                self.close(CloseReason::Panicked, Leave::Drop);
                false
            }
        }
    }

    /// Tells the session that the WebSocket has taken over.
    pub(super) fn tell_upgraded(self: &Arc<Self>) {
        let told = {
            let mut session = self.session.lock();
            let Some(session) = session.as_mut().filter(|_| self.is_open()) else { return };
            catch_unwind(AssertUnwindSafe(|| session.upgraded()))
        };
        if told.is_err() {
            tracing::error!("a session panicked; its connection is closed");
            self.close(CloseReason::Panicked, Leave::Drop);
        }
    }

    fn pause(&self) -> bool {
        self.paused_at.store(self.engine.clock.now(), Relaxed);
        // It fails when `resume` came while the message was handled.
        self.flow.compare_exchange(RUNNING, PAUSED, AcqRel, Acquire).is_ok()
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.flow.load(Acquire), PAUSED | RESUMING)
    }

    pub(super) fn resume(&self) {
        if self.flow.compare_exchange(PAUSED, RESUMING, AcqRel, Acquire).is_ok() {
            let paused = self.engine.clock.now().saturating_sub(self.paused_at.load(Relaxed));
            self.beat.fetch_add(paused, Relaxed);
            if self.fragment_at.load(Relaxed) != 0 {
                self.fragment_at.fetch_add(paused, Relaxed);
            }
        }
        self.flow.store(RESUMED, Release);
        self.wake_readers();
    }

    /// Wakes whoever reads, to look at the state anew.
    pub(crate) fn wake_readers(&self) {
        self.task.wake();
        let post = self.out.lock().post.take();
        if let Some(waker) = post {
            waker.wake();
        }
    }
}
