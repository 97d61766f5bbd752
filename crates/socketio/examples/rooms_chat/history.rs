//! The last messages of each room, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// Messages that come with joining, and with each page before.
const PAGE: usize = 20;
/// Messages that are kept of a room, and rooms that are kept.
const KEPT: usize = 500;
const ROOMS: usize = 1000;

#[derive(Clone, Serialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    username: String,
    message: String,
    time: String,
}

impl Message {
    pub(crate) fn new(username: String, message: String) -> Message {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now();
        let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let id = format!("{millis}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Message { id, username, message, time: iso(now) }
    }
}

#[derive(Default)]
pub(crate) struct History(Mutex<HashMap<String, VecDeque<Message>>>);

impl History {
    pub(crate) fn add(&self, room: &str, message: Message) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= ROOMS && !rooms.contains_key(room) {
            return;
        }
        let messages = rooms.entry(room.to_owned()).or_default();
        messages.push_back(message);
        if messages.len() > KEPT {
            messages.pop_front();
        }
    }

    /// The last page, or the one before a message; and whether there are earlier ones.
    pub(crate) fn page(&self, room: &str, before: Option<&str>) -> (Vec<Message>, bool) {
        let rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(messages) = rooms.get(room) else { return (Vec::new(), false) };
        let end = before.and_then(|id| messages.iter().position(|message| message.id == id)).unwrap_or(messages.len());
        let start = end.saturating_sub(PAGE);
        (messages.range(start..end).cloned().collect(), start > 0)
    }
}

/// A time as JavaScript's `toISOString` writes it.
pub(crate) fn iso(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Days to a date by eras of 400 years that begin on a 1st of March (H. Hinnant, "chrono-compatible date algorithms").
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}
