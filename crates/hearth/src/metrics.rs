//! What the server does, for Prometheus (OpenMetrics text): `/metrics` on a listener of its own, or with a token.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chat::stats::Distribution;
use chat::{Answer, Code};
use engineio::CloseReason;
use http::{HeaderMap, StatusCode, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use subtle::ConstantTimeEq as _;

use crate::app::App;

/// What Prometheus is told that it gets.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Label {
    by: String,
}

/// What is counted as it happens; the rest is asked for when somebody wants to know.
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

/// Everything, as one may ask for it.
#[derive(Clone)]
pub(crate) struct Scrape {
    registry: Arc<Registry>,
    token: Option<Arc<str>>,
}

impl Scrape {
    pub(crate) fn new(app: &Arc<App>, io: socketio::Server) -> Self {
        let mut registry = Registry::with_prefix("hearth");
        let metrics = &app.metrics;
        registry.register(
            "command_seconds",
            "Commands by outcome, and the time from reading one to its answer",
            metrics.commands.clone(),
        );
        registry.register("events", "Events told, each to however many sockets", metrics.events.clone());
        registry.register("fan_out_seconds", "Time to tell what one commit did", metrics.fan_out.clone());
        registry.register_collector(Box::new(Asked { app: Arc::clone(app), io, started: Instant::now() }));
        Self { registry: Arc::new(registry), token: app.settings.metrics.token.as_deref().map(Arc::from) }
    }

    /// A listener's whole face: the metrics and nothing else.
    pub(crate) fn router(self) -> Router {
        Router::new().route("/metrics", get(answer)).with_state(self)
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        token.as_bytes().ct_eq(given.trim().as_bytes()).into()
    }
}

async fn answer(State(scrape): State<Scrape>, headers: HeaderMap) -> Response {
    if !scrape.lets_in(&headers) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response();
    }
    let mut body = String::new();
    match text::encode(&mut body, &scrape.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What is asked for when somebody wants to know.
struct Asked {
    app: Arc<App>,
    io: socketio::Server,
    started: Instant,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.sockets(&mut encoder)?;
        self.database(&mut encoder)?;
        self.process(&mut encoder)
    }
}

impl Asked {
    fn sockets(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.io.stats();
        let engine = stats.engine;
        family(
            to,
            "sockets",
            "Open connections by transport",
            MetricType::Gauge,
            &[("polling", engine.polling), ("websocket", engine.websocket)],
        )?;
        let closes = CloseReason::ALL.map(|reason| (name(reason), engine.closed_by(reason)));
        family(to, "closes", "Connections that ended, by reason", MetricType::Counter, &closes)?;
        for (name, help, value) in [
            ("sockets_opened", "Connections opened", engine.opened),
            ("sockets_upgraded", "Connections upgraded from long-polling to WebSocket", engine.upgraded),
            ("packets_received", "Engine.IO packets received", engine.packets_in),
            ("packets_sent", "Engine.IO packets written: deliveries, answers and heartbeats", engine.packets_out),
            ("bytes_received", "Bytes received from sockets", engine.bytes_in),
            ("bytes_sent", "Bytes written to sockets", engine.bytes_out),
            ("volatile_dropped", "Volatile events that slow readers went without", engine.volatile_dropped),
            ("socket_events_received", "Events that clients sent", stats.events_in),
            ("malformed", "Connections closed for a malformed packet", stats.malformed),
        ] {
            counter(to, name, help, value)?;
        }
        gauge(to, "outbound_queued_bytes", "Output that waits for sockets that do not read", engine.queued)?;
        gauge(to, "rooms", "Rooms with a member", stats.rooms as u64)?;
        gauge(to, "people_online", "People with a socket", self.app.hub.people() as u64)
    }

    fn database(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.app.chat.stats();
        let lanes: Vec<_> = (0..).map(|lane: u32| lane.to_string()).zip(&stats.queued).collect();
        let lanes: Vec<_> = lanes.iter().map(|(lane, waiting)| (lane.as_str(), **waiting as u64)).collect();
        family(to, "lane_queued", "Commands that wait for each write lane", MetricType::Gauge, &lanes)?;
        gauge(to, "database_reached", "Whether every write lane reaches the database", u64::from(stats.healthy))?;
        counter(to, "commits", "Transactions committed by the write lanes", stats.commits)?;
        counter(to, "password_checks", "Passwords hashed or verified", stats.password_checks)?;
        distribution(to, "lane_batch_size", "Commands in one transaction", &stats.batch, 1.0)?;
        for (name, help, spans) in [
            ("transaction_seconds", "From the first statement of a batch to the end of its COMMIT", &stats.transaction),
            ("commit_seconds", "COMMIT alone: what the disk takes", &stats.commit),
            ("read_seconds", "Reads, waiting for a connection included", &stats.read),
        ] {
            distribution(to, name, help, spans, 1e6)?;
        }
        Ok(())
    }

    fn process(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        gauge(to, "uptime_seconds", "Since the start", self.started.elapsed().as_secs())?;
        if let Some(bytes) = crate::memory::resident() {
            gauge(to, "resident_bytes", "Memory that the process has", bytes as u64)?;
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            gauge(to, "open_files", "File descriptors in use", open.count() as u64)?;
        }
        gauge(to, "open_files_max", "File descriptors that there may be", crate::descriptors::most())
    }
}

fn name(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::TransportClose => "transport_close",
        CloseReason::TransportError => "transport_error",
        CloseReason::PingTimeout => "ping_timeout",
        CloseReason::ParseError => "parse_error",
        CloseReason::ForcedClose => "forced_close",
        CloseReason::ServerShutdown => "server_shutdown",
        CloseReason::SlowReader => "slow_reader",
        CloseReason::Stalled => "stalled",
        CloseReason::PausedTooLong => "paused_too_long",
        CloseReason::Panicked => "panicked",
        _ => "other",
    }
}

fn counter(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    ConstCounter::new(value).encode(to.encode_descriptor(name, help, None, MetricType::Counter)?)
}

fn gauge(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    ConstGauge::new(value).encode(to.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn family(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    kind: MetricType,
    values: &[(&str, u64)],
) -> fmt::Result {
    let mut metric = to.encode_descriptor(name, help, None, kind)?;
    for (by, value) in values {
        let label = Label { by: (*by).to_owned() };
        let encoder = metric.encode_family(&label)?;
        match kind {
            MetricType::Counter => ConstCounter::new(*value).encode(encoder)?,
            _ => ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX)).encode(encoder)?,
        }
    }
    Ok(())
}

/// `scale`: how many of the numbers make one of the unit that is told.
fn distribution(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    numbers: &Distribution,
    scale: f64,
) -> fmt::Result {
    let bounds = numbers.bounds.iter().map(|bound| *bound as f64 / scale).chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(numbers.counts.iter().copied()).collect();
    let count = numbers.counts.iter().sum();
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Histogram)?;
    metric.encode_histogram::<NoLabelSet>(numbers.sum as f64 / scale, count, &buckets, None)
}
