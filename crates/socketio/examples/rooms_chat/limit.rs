//! How often a socket may speak.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Messages within [`SPAN`].
const MESSAGES: u32 = 5;
const SPAN: Duration = Duration::from_secs(1);

/// Five messages in every second, counted from the first of them.
#[derive(Default)]
pub(crate) struct Limit(Mutex<Option<(Instant, u32)>>);

impl Limit {
    /// Takes one; `None` if there is none left.
    pub(crate) fn take(&self) -> Option<()> {
        let now = Instant::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, used) = state.filter(|(start, _)| now - *start < SPAN).unwrap_or((now, 0));
        *state = Some((start, used + 1));
        (used < MESSAGES).then_some(())
    }
}
