//! Presence: who is here, counted in memory, so that nobody stays online after a crash.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::id::UserId;

#[cfg(test)]
mod tests;

/// How long somebody counts as here after their last socket closed: a reload shows nothing.
pub const GRACE: Duration = Duration::from_secs(10);

/// Open sockets per person.
#[derive(Debug, Default)]
pub struct Presence {
    people: Mutex<HashMap<UserId, Here>>,
}

#[derive(Debug)]
struct Here {
    sockets: usize,
    /// When the last socket closed, while there is none.
    since: Option<Instant>,
}

impl Presence {
    /// One of a person's sockets has opened.
    pub fn socket_opened(&self, user: UserId) -> Vec<Effect> {
        let mut people = self.people.lock();
        if let Some(here) = people.get_mut(&user) {
            here.sockets += 1;
            here.since = None;
            return Vec::new();
        }
        people.insert(user, Here { sockets: 1, since: None });
        vec![Effect::emit(Audience::Watchers(user), Event::UserConnected(user))]
    }

    /// One of a person's sockets has closed. Whoever has none left is gone after [`GRACE`], see
    /// [`expire`](Self::expire).
    pub fn socket_closed(&self, user: UserId, now: Instant) {
        if let Some(here) = self.people.lock().get_mut(&user) {
            here.sockets = here.sockets.saturating_sub(1);
            if here.sockets == 0 {
                here.since = Some(now);
            }
        }
    }

    /// Who is gone by now. To be called about once a second.
    pub fn expire(&self, now: Instant) -> Vec<Effect> {
        let mut gone = Vec::new();
        self.people.lock().retain(|user, here| {
            let stays = here.since.is_none_or(|since| now.duration_since(since) < GRACE);
            if !stays {
                gone.push(Effect::emit(Audience::Watchers(*user), Event::UserDisconnected(*user)));
            }
            stays
        });
        gone
    }

    /// Whether somebody is here.
    pub fn is_online(&self, user: UserId) -> bool {
        self.people.lock().contains_key(&user)
    }
}
