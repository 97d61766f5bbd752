//! What happens inside, counted for whoever watches the server.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of spans, in microseconds: from a read that hits the cache to the deadline of a command.
const SPANS: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000,
];
/// Upper bounds of the number of commands in a batch.
const SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// How often a number fell under which bound.
#[derive(Debug)]
pub(crate) struct Tally {
    bounds: &'static [u64],
    /// One more than bounds: the last for what is above all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Tally {
    fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    pub(crate) fn note(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }

    pub(crate) fn span(&self, span: Duration) {
        self.note(u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
    }

    fn snapshot(&self) -> Distribution {
        let counts = self.counts.iter().map(|count| count.load(Relaxed)).collect();
        Distribution { bounds: self.bounds, counts, sum: self.sum.load(Relaxed) }
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Tallies {
    /// Commands in a batch of a lane.
    pub(crate) batch: Tally,
    /// From the first statement of a batch to the end of its COMMIT.
    pub(crate) transaction: Tally,
    /// COMMIT alone: what the disk takes.
    pub(crate) commit: Tally,
    /// A read, waiting for a connection included.
    pub(crate) read: Tally,
}

impl Default for Tallies {
    fn default() -> Self {
        let spans = || Tally::new(SPANS);
        Self { batch: Tally::new(SIZES), transaction: spans(), commit: spans(), read: spans() }
    }
}

/// How often a number fell under which bound, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Upper bounds, each included, in rising order.
    pub bounds: &'static [u64],
    /// How many numbers fell above the bound before and up to each; one more for those above all.
    pub counts: Vec<u64>,
    /// All numbers together.
    pub sum: u64,
}

/// What the product has done so far, as of one moment. Spans are in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Transactions committed by the write lanes.
    pub commits: u64,
    /// Commands in a batch of a lane.
    pub batch: Distribution,
    /// From the first statement of a batch to the end of its COMMIT.
    pub transaction: Distribution,
    /// COMMIT alone.
    pub commit: Distribution,
    /// Reads, waiting for a connection included.
    pub read: Distribution,
    /// Commands that wait in the queue of each lane.
    pub queued: Vec<usize>,
    /// Whether every lane reaches its database.
    pub healthy: bool,
    /// Passwords hashed or verified.
    pub password_checks: u64,
}

impl Stats {
    pub(crate) fn new(
        tallies: &Tallies,
        commits: u64,
        queued: Vec<usize>,
        healthy: bool,
        password_checks: u64,
    ) -> Self {
        Self {
            commits,
            batch: tallies.batch.snapshot(),
            transaction: tallies.transaction.snapshot(),
            commit: tallies.commit.snapshot(),
            read: tallies.read.snapshot(),
            queued,
            healthy,
            password_checks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_counted_under_the_first_bound_that_holds_it() {
        let tally = Tally::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11] {
            tally.note(value);
        }
        let counted = tally.snapshot();
        assert_eq!((counted.counts, counted.sum), (vec![2, 2, 1], 24));
    }
}
