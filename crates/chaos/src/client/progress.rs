//! What everybody is to do, and how far a client is with it.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// What everybody is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Talk.
    Talk,
    /// Send what is in the outbox, and nothing new.
    Drain,
    /// Catch up, and say what is held.
    Settle,
    /// Go.
    End,
}

/// What the run sees of a client.
#[derive(Debug, Default)]
pub struct Progress {
    /// 0: busy; 1: its outbox is empty; 2: it has everything.
    pub(super) state: AtomicU8,
    pub(super) acked: AtomicUsize,
    pub(super) unanswered: AtomicUsize,
    pub(super) longest: AtomicU64,
    pub(super) last_ok: AtomicU64,
}

impl Progress {
    /// Whether it has done what this phase asks for.
    pub fn has_done(&self, phase: Phase) -> bool {
        let wanted = match phase {
            Phase::Talk | Phase::End => 0,
            Phase::Drain => 1,
            Phase::Settle => 2,
        };
        self.state.load(Ordering::Relaxed) >= wanted
    }

    /// How many of its messages were acknowledged.
    pub fn acked(&self) -> usize {
        self.acked.load(Ordering::Relaxed)
    }

    /// How many commands had no answer although the connection stood.
    pub fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// The longest that an answer took, in milliseconds.
    pub fn longest(&self) -> f64 {
        self.longest.load(Ordering::Relaxed) as f64 / 1000.0
    }

    /// When the last acknowledged message was sent, in milliseconds of the recorder.
    pub fn last_ok(&self) -> f64 {
        self.last_ok.load(Ordering::Relaxed) as f64 / 1000.0
    }
}
