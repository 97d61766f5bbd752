//! The heartbeat and every other deadline of all connections, by one task and no timer per socket.

use std::cmp::Reverse;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::CloseReason;
use crate::engine::Shared;
use crate::socket::{Due, Inner, Leave, millis};

/// Looking at one socket takes well under a microsecond; a sweep comes at most every so many microseconds per socket, so
/// that it costs a percent of a core at the most.
const MICROS_PER_SOCKET: u64 = 10;
/// Deadlines are kept to this at best.
const FINEST: Duration = Duration::from_millis(1);
/// A sweep that is later than this was not late by itself: the process was stopped.
const STOPPED: Duration = Duration::from_secs(2);

pub(crate) async fn run(shared: Weak<Shared>) {
    let Some(step) = shared.upgrade().map(|shared| longest_step(&shared)) else { return };
    let mut pause = step;
    loop {
        let planned = Instant::now() + pause;
        sleep(pause).await;
        let Some(shared) = shared.upgrade() else { return };
        if Arc::strong_count(&shared) == 1 {
            return;
        }
        let late = planned.elapsed();
        if late > STOPPED {
            let stopped = millis(late);
            shared.sessions.collect(|socket| {
                socket.forgive(stopped);
                None::<()>
            });
        }
        pause = once(&shared).clamp(FINEST, step);
    }
}

/// A tenth of the shortest deadline, and never so long that a limit is exceeded noticeably.
fn longest_step(shared: &Shared) -> Duration {
    let config = &shared.config;
    let shortest =
        [config.ping_interval, config.ping_timeout, config.stall_timeout, config.paused_limit, config.fragment_timeout];
    let shortest = shortest.into_iter().min().unwrap_or_default();
    (shortest / 10).clamp(FINEST, Duration::from_millis(500))
}

/// Sees to every socket; returns how long there is nothing to do.
fn once(shared: &Arc<Shared>) -> Duration {
    let now = shared.clock.now();
    let (mut next, mut sockets, mut queued) = (u64::MAX, 0_u64, 0);
    let mut stuck = Vec::new();
    let due = shared.sessions.collect(|socket| {
        sockets += 1;
        if let Some(bytes) = socket.stuck_bytes() {
            queued += bytes;
            stuck.push((bytes, Arc::clone(socket)));
        }
        let (due, at) = socket.due(now);
        if due.is_none() {
            next = next.min(at);
        }
        due.map(|due| (Arc::clone(socket), due))
    });
    for (socket, due) in due {
        match due {
            Due::Ping => next = next.min(socket.ping(now)),
            Due::Close(reason) => socket.close(reason, Leave::Drop),
        }
    }
    shared.counters.queued(queued);
    if let Some(limit) = shared.config.outbound_total {
        shed(stuck, queued, limit);
    }
    let wait = Duration::from_millis(next.saturating_sub(now));
    wait.max(Duration::from_micros(sockets * MICROS_PER_SOCKET))
}

/// Closes the largest queues until the rest is within the limit.
fn shed(mut stuck: Vec<(usize, Arc<Inner>)>, mut queued: usize, limit: usize) {
    if queued <= limit {
        return;
    }
    stuck.sort_unstable_by_key(|(bytes, _)| Reverse(*bytes));
    for (bytes, socket) in stuck {
        if queued <= limit {
            return;
        }
        queued -= bytes;
        socket.close(CloseReason::SlowReader, Leave::Drop);
    }
}
