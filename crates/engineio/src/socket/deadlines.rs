//! What the sweep looks at: the heartbeat, and since when a peer has been still.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Inner;
use crate::CloseReason;

/// Marks [`Inner::beat`] as the deadline of a pong, instead of the time of the next ping.
const AWAITS_PONG: u64 = 1 << 63;

/// A deadline of less than so many milliseconds ago.
const JUST_PASSED: u64 = 1000;

/// What the sweep has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Ping,
    Close(CloseReason),
}

impl Inner {
    /// What is due at `now`, and when to look again.
    pub(crate) fn due(&self, now: u64) -> (Option<Due>, u64) {
        let config = &self.engine.config;
        let since = |at: &AtomicU64, limit: Duration| match at.load(Relaxed) {
            0 => u64::MAX,
            at => at + millis(limit),
        };
        let stalled = since(&self.stalled_at, config.stall_timeout);
        let fragment = since(&self.fragment_at, config.fragment_timeout);
        let (beat, on_beat) = if self.is_paused() {
            (self.paused_at.load(Relaxed) + millis(config.paused_limit), Due::Close(CloseReason::PausedTooLong))
        } else {
            let beat = self.beat.load(Relaxed);
            let awaits = beat & AWAITS_PONG != 0;
            (beat & !AWAITS_PONG, if awaits { Due::Close(CloseReason::PingTimeout) } else { Due::Ping })
        };
        let due = if beat <= now {
            Some(on_beat)
        } else if stalled <= now {
            Some(Due::Close(CloseReason::Stalled))
        } else if fragment <= now && !self.is_paused() {
            Some(Due::Close(CloseReason::ParseError))
        } else {
            None
        };
        (due, beat.min(stalled).min(fragment))
    }

    /// Whether the time for a pong has just passed, and the next sweep is about to say so. What is long past is left to
    /// the sweep: it knows whether the process was stopped.
    pub(crate) fn has_missed_pong(&self) -> bool {
        let (beat, now) = (self.beat.load(Relaxed), self.engine.clock.now());
        let deadline = beat & !AWAITS_PONG;
        beat & AWAITS_PONG != 0 && !self.is_paused() && (deadline..deadline + JUST_PASSED).contains(&now)
    }

    /// Sends a ping and returns the deadline of its pong.
    pub(crate) fn ping(self: &Arc<Self>, now: u64) -> u64 {
        let due = self.beat.load(Relaxed);
        // A sweep that is a little late takes nothing away from the schedule, one that is very late nothing from the peer.
        let timeout = millis(self.engine.config.ping_timeout);
        let little = (timeout / 4).clamp(10, 500);
        let from = if now.saturating_sub(due) < little { due } else { now };
        let deadline = from + timeout;
        let armed =
            due & AWAITS_PONG == 0 && self.beat.compare_exchange(due, deadline | AWAITS_PONG, Relaxed, Relaxed).is_ok();
        if !armed {
            return now;
        }
        let mut out = self.out.lock();
        if out.closing.is_some() {
            return deadline;
        }
        out.queue.push_control(self.engine.ping.clone());
        let flush = out.becomes_dirty();
        drop(out);
        if flush {
            self.request_flush();
        }
        deadline
    }

    /// The process was stopped for so long; nobody is judged by that time.
    pub(crate) fn forgive(&self, stopped: u64) {
        for at in [&self.beat, &self.paused_at, &self.stalled_at, &self.fragment_at] {
            if at.load(Relaxed) != 0 {
                at.fetch_add(stopped, Relaxed);
            }
        }
    }

    /// What counts of the queue of a peer that takes nothing, else nothing.
    pub(crate) fn stuck_bytes(&self) -> Option<usize> {
        self.is_stalled().then(|| self.out.lock().queue.bytes())
    }

    /// A pong arrived: the next ping is an interval away.
    pub(crate) fn pong(&self) {
        if self.beat.load(Relaxed) & AWAITS_PONG != 0 {
            self.beat.store(self.engine.clock.now() + millis(self.engine.config.ping_interval), Relaxed);
        }
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled_at.load(Relaxed) != 0
    }

    /// The peer takes nothing although something waits.
    pub(crate) fn stalled(&self) {
        let _ = self.stalled_at.compare_exchange(0, self.engine.clock.now(), Relaxed, Relaxed);
    }

    /// The peer has taken something.
    pub(crate) fn progressed(&self) {
        if self.is_stalled() {
            self.stalled_at.store(0, Relaxed);
        }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 2).min(u64::MAX >> 2)
}
