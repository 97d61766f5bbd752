//! What the whole server shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chat::Chat;
use tokio_util::task::TaskTracker;

use crate::config::Settings;
use crate::cookie::SessionCookie;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::marks::Marks;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::setup::SetupCode;

/// What every handler of the server shares.
pub(crate) struct App {
    pub(crate) chat: Chat,
    pub(crate) settings: Settings,
    pub(crate) cookie: SessionCookie,
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Limits,
    pub(crate) marks: Marks,
    pub(crate) metrics: Metrics,
    pub(crate) places: Places,
    /// Names the build of the embedded web client.
    pub(crate) web_build: String,
    /// What the first account must know, where strangers could be first.
    pub(crate) setup_code: Option<SetupCode>,
    /// Everything that is spawned, so that the server's end waits for it.
    pub(crate) tasks: TaskTracker,
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(
        chat: Chat,
        settings: Settings,
        hub: Hub,
        web_build: String,
        setup_code: Option<SetupCode>,
    ) -> Self {
        Self {
            cookie: SessionCookie::new(settings.tls()),
            hub: Arc::new(hub),
            limits: Limits::new(settings.rate_limits.then_some(&settings.limits.rates)),
            marks: Marks::default(),
            metrics: Metrics::default(),
            places: Places::new(&settings.limits.counts),
            web_build,
            setup_code,
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
            chat,
            settings,
        }
    }

    /// From now on the server is on its way out.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
