//! What happens by the clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::fan_out::FanOut;

/// The step of presence, typing and read marks: each is told at most this often.
const TICK: Duration = Duration::from_secs(1);

/// How often channels that moved tell their heads, so that a lost last event is found.
const HEADS: Duration = Duration::from_secs(25);

/// How often limits forget those who have been quiet, sessions with a socket count as used, and others come to their
/// end.
const CLEAN: Duration = Duration::from_secs(10 * 60);

/// Runs until the server stops.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let [mut tick, mut heads, mut clean] = [TICK, HEADS, CLEAN].map(|period| {
        let mut interval = interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    });
    let fan_out = FanOut::new(Arc::clone(&app));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {
                let now = Instant::now();
                fan_out.apply_all(app.chat.presence().expire(now), None);
                fan_out.apply_all(app.chat.expire_typing(now), None);
                fan_out.tell_read_marks();
            }
            _ = heads.tick() => fan_out.apply_all(app.chat.take_heads(), None),
            _ = clean.tick() => {
                app.limits.forget_quiet();
                app.chat.keep_sessions(app.hub.sessions());
                app.chat.sweep_sessions();
            }
        }
    }
}
