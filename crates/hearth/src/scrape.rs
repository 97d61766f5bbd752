//! All that the server knows of itself, for Prometheus (OpenMetrics text): `/metrics` on a listener of its own, or with a
//! token.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chat::stats::Distribution;
use engineio::CloseReason;
use http::{HeaderMap, StatusCode, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use subtle::ConstantTimeEq as _;

use crate::app::App;

/// What Prometheus is told that it gets.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Label {
    by: String,
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
        app.metrics.register(&mut registry);
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
