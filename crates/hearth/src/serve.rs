//! The server's life: opening, serving, draining.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chat::{Chat, Lock};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Database, Settings};
use crate::fan_out::FanOut;
use crate::hub::Hub;
use crate::scrape::Scrape;
use crate::setup::SetupCode;
use crate::{descriptors, http, jobs, socket};

/// How long clients get to take what is queued for them before the process ends.
const DRAIN: Duration = Duration::from_secs(5);

/// When clients are asked to come back: about as long as a restart takes.
const COME_BACK: Duration = Duration::from_secs(1);

/// Runs the server until it is told to stop by SIGTERM or Ctrl-C.
///
/// # Errors
/// One sentence for whoever started it: the port is taken, the folder cannot be written, the database is newer.
pub async fn serve(settings: Settings) -> Result<()> {
    let listener = bind(settings.listen, "HEARTH_LISTEN").await?;
    let metrics_listener = match settings.metrics.listen {
        Some(address) => Some(bind(address, "HEARTH_METRICS_LISTEN").await?),
        None => None,
    };
    let descriptors = descriptors::take_all();
    tracing::debug!(descriptors, "file descriptors");
    // Held until the process ends: then the system gives it back, however it ended.
    let mut lock = lock(&settings.database).await?;
    let (chat, lanes) = Chat::open(settings.chat_options(), chat::Environment::system()).await?;
    let address = listener.local_addr()?;
    let setup_code = setup_code(&settings, &chat).await?;
    // Before it says that it is there: from then on it ends in order.
    let signals = Signals::take()?;
    announce(&settings, address, setup_code.as_ref());

    let mut server = None;
    let app = Arc::new_cyclic(|app| {
        let io = server.insert(socket::server(app.clone(), &settings.limits));
        App::new(chat, settings, Hub::new(io.of("/")), http::build_id(), setup_code)
    });
    let io = server.expect("it was made with the application");
    socket::install(&app);

    let stop = CancellationToken::new();
    for lane in lanes {
        app.tasks.spawn(FanOut::new(Arc::clone(&app)).run(lane));
    }
    app.tasks.spawn(jobs::run(Arc::clone(&app), stop.clone()));
    app.tasks.spawn(jobs::watch_access(Arc::clone(&app), stop.clone()));
    app.tasks.spawn(jobs::sweep_channels(Arc::clone(&app), stop.clone()));
    let scrape = Scrape::new(&app, io.clone());
    if let Some(listener) = metrics_listener {
        tracing::info!(metrics = %listener.local_addr()?, "metrics are here");
        let face = scrape.clone().router();
        app.tasks.spawn(engineio::serve(listener, face, stop.clone().cancelled_owned()));
    }
    let scrape = app.settings.metrics.token.is_some().then_some(scrape);
    let router = http::router(Arc::clone(&app), io.service(), scrape);
    let http = tokio::spawn(engineio::serve(listener, router, stop.clone().cancelled_owned()));

    let outcome = until_told_to_stop(&app, signals, &mut lock).await;
    tracing::info!("stopping: letting queued messages out");
    app.drain();
    FanOut::new(Arc::clone(&app)).tell_draining(COME_BACK);
    stop.cancel();
    io.close(DRAIN).await;
    http.await.context("the HTTP server failed")?;
    // Answers what is queued; then the lanes end, and with them their fan-out.
    app.chat.close().await;
    app.tasks.close();
    let _ = tokio::time::timeout(DRAIN, app.tasks.wait()).await;
    outcome
}

async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {} of {} is already taken: stop what listens there, or choose another with {setting}",
            address.port(),
            address.ip()
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
    })
}

/// Makes the database this server's own: two on one would each deliver only what was said to themselves.
async fn lock(database: &Database) -> Result<Lock> {
    if let Some(lock) = chat::Database::from(database).lock().await? {
        return Ok(lock);
    }
    match database {
        Database::Folder(folder) => bail!(
            "another server uses the data folder {}: stop it, or choose another folder with HEARTH_DATA",
            folder.display()
        ),
        Database::Postgres(_) => bail!(
            "another server uses this PostgreSQL database: stop it, or choose another database with HEARTH_DATABASE_URL"
        ),
    }
}

/// Strangers may reach the sign-up page before the owner does: then the first account needs a code from the log.
async fn setup_code(settings: &Settings, chat: &Chat) -> Result<Option<SetupCode>> {
    let needed = settings.exposed() && !chat.has_owner().await?;
    needed.then(SetupCode::generate).transpose()
}

fn announce(settings: &Settings, address: SocketAddr, setup_code: Option<&SetupCode>) {
    let url = match &settings.public_url {
        Some(url) => url.to_string(),
        None if address.ip().is_loopback() => format!("http://localhost:{}", address.port()),
        None => format!("http://{address}"),
    };
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(%address, version, "Hearth is at {url}");
    if let Some(code) = setup_code {
        tracing::warn!(setup_code = code.expose(), "the first account owns this server and needs this setup code");
    }
    if !settings.rate_limits {
        tracing::warn!("HEARTH_RATE_LIMITS is off: anyone can ask for as much as they like. For load tests only");
    }
}

/// What tells the server to stop. Until they are taken, either ends the process on the spot.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn take() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
}

async fn until_told_to_stop(app: &App, mut signals: Signals, lock: &mut Lock) -> Result<()> {
    tokio::select! {
        _ = signals.terminate.recv() => Ok(()),
        _ = signals.interrupt.recv() => Ok(()),
        reason = app.chat.fatal() => Err(anyhow::anyhow!(reason)),
        () = lock.lost() => Err(anyhow::anyhow!("another server has taken over this database")),
    }
}
