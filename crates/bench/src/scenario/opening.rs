//! Sessions that open and then do nothing: what a handshake costs, and what an idle connection holds.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Outcome, Timing};
use crate::load::{Entry, Load};
use crate::server::Server;

/// Before the memory is looked at, for a garbage collector and for buffers that go back.
const SETTLE: Duration = Duration::from_secs(2);

pub(super) fn run(load: &mut Load, server: &Server, count: usize, entry: Entry, timing: Timing) -> Result<Outcome> {
    // The warm-up is in sessions: as many as open in its time, and no more than the system has descriptors for.
    let started = Instant::now();
    while started.elapsed() < timing.warm_up && load.len() < count / 10 {
        load.open(100, entry)?;
    }
    load.rest(SETTLE)?;

    let before = server.memory()?;
    let meter = server.meter()?;
    load.open(count, entry)?;
    let usage = meter.stop()?;
    load.rest(SETTLE)?;
    let memory = server.memory()?.saturating_sub(before) as f64 / count as f64;
    Ok(Outcome { memory, ..Outcome::new(count as u64, &usage) })
}
