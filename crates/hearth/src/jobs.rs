//! What happens by the clock.

use std::sync::Arc;
use std::time::Duration;

use chat::UserId;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::fan_out::FanOut;

/// The step of presence, typing and read marks: each is told at most this often.
const TICK: Duration = Duration::from_secs(1);

/// How often channels that moved tell their heads, so that a lost last event is found.
const HEADS: Duration = Duration::from_secs(25);

/// How often limits forget those who have been quiet, sessions with a socket count as used, and other sessions and channels
/// without anybody come to their end.
const CLEAN: Duration = Duration::from_secs(10 * 60);

/// How often it is looked whether `hearth user` has changed who may sign in, or who owns the server: with the look itself
/// well within the second that is promised.
const ACCESS: Duration = Duration::from_millis(400);

/// How many times more it is looked after a change: a socket that was arriving at that moment is found by then.
const ACCESS_AGAIN: u32 = 15;

/// Notices what is changed beside this server, until the server stops: cuts the sockets of sessions that were ended, and
/// tells whoever gave the server away and whoever got it.
pub(crate) async fn watch_access(app: Arc<App>, stop: CancellationToken) {
    let mut look = interval(ACCESS);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut known, mut again, mut owner) = (None, 0, None);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        // A database that is away is somebody else's trouble; what has changed meanwhile is found when it is back.
        let Ok(access) = app.chat.access().await else { continue };
        if known != Some(access.rev) {
            again = ACCESS_AGAIN;
        }
        if again > 0
            && let Ok(ended) = app.chat.ended_among(app.hub.sessions()).await
        {
            known = Some(access.rev);
            again -= 1;
            for session in ended {
                app.hub.end_session(session);
            }
        }
        if tell_owners(&app, owner, access.owner).await {
            owner = access.owner;
        }
    }
}

/// Tells both if the server was given away; false if they have still to be told. The first look has nothing to tell, and
/// the first account, which takes a server that was nobody's, knows.
async fn tell_owners(app: &App, before: Option<UserId>, now: Option<UserId>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) if before != now => app.chat.tell_owners(before, now).await.is_ok(),
        _ => true,
    }
}

/// Removes the private channels that everybody has left, until the server stops.
pub(crate) async fn sweep_channels(app: Arc<App>, stop: CancellationToken) {
    let mut clean = interval(CLEAN);
    clean.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = clean.tick() => {}
        }
        // What fails now is tried again by the next sweep.
        let swept = tokio::select! {
            () = stop.cancelled() => return,
            swept = app.chat.sweep_channels() => swept,
        };
        match swept {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed private channels that everybody had left"),
            Err(error) => tracing::debug!(%error, "channels that everybody has left could not be removed yet"),
        }
    }
}

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
