//! What the server counts as it happens.

use std::time::{Duration, Instant};

use chat::{Answer, Code};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the time that a command takes, in seconds; the last is its deadline.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    command: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventName {
    event: &'static str,
}

/// What is counted as it happens; the rest is asked for when somebody wants to know (`scrape`).
pub(crate) struct Metrics {
    commands: Family<Outcome, Histogram, fn() -> Histogram>,
    events: Family<EventName, Counter>,
    fan_out: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        Self { commands: Family::new_with_constructor(seconds), events: Family::default(), fan_out: seconds() }
    }
}

impl Metrics {
    /// Puts all of it into a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "command_seconds",
            "Commands by outcome, and the time from reading one to its answer",
            self.commands.clone(),
        );
        registry.register("events", "Events told, each to however many sockets", self.events.clone());
        registry.register("fan_out_seconds", "Time to tell what one commit did", self.fan_out.clone());
    }

    /// A command was answered, so long after it had been read.
    pub(crate) fn answered(&self, command: &'static str, answer: &Answer, since: Instant) {
        let outcome = answer.code().map_or("OK", word);
        self.commands.get_or_create(&Outcome { command, outcome }).observe(since.elapsed().as_secs_f64());
    }

    /// An event was told, to however many.
    pub(crate) fn told(&self, event: &'static str) {
        self.events.get_or_create(&EventName { event }).inc();
    }

    /// What one commit did was told, in so much time.
    pub(crate) fn fanned_out(&self, took: Duration) {
        self.fan_out.observe(took.as_secs_f64());
    }
}

/// A code as clients know it.
fn word(code: Code) -> &'static str {
    match code {
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::Forbidden => "FORBIDDEN",
        Code::NotFound => "NOT_FOUND",
        Code::Invalid => "INVALID",
        Code::Conflict => "CONFLICT",
        Code::RateLimited => "RATE_LIMITED",
        Code::Busy => "BUSY",
        Code::Unavailable => "UNAVAILABLE",
        Code::Internal => "INTERNAL",
    }
}
