//! A rate limit whose counts can be taken back.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::config::Rate;

/// Failures that can be taken back or counted after the fact, which a plain rate limit cannot: success costs nothing.
pub(super) struct Failures<K> {
    rate: Rate,
    /// When the debt of a key is paid off. It grows by one period a failure, as in GCRA.
    paid_off: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Failures<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, paid_off: Mutex::default() }
    }

    /// How long the key must wait before it may try again, if it must.
    pub(super) fn blocked(&self, key: &K, now: Instant) -> Option<Duration> {
        self.blocked_without(key, 0, now)
    }

    /// The same if so many of what is counted are taken back.
    pub(super) fn blocked_without(&self, key: &K, refunds: u32, now: Instant) -> Option<Duration> {
        let paid_off = *self.paid_off.lock().get(key)?;
        self.wait(paid_off.checked_sub(self.rate.per() * refunds)?, now)
    }

    fn wait(&self, paid_off: Instant, now: Instant) -> Option<Duration> {
        let debt = paid_off.saturating_duration_since(now);
        let allowed = self.rate.per() * (self.rate.burst() - 1);
        (debt > allowed).then(|| debt - allowed)
    }

    /// Counts a failure of a key that need not wait; of any other, how long it must.
    pub(super) fn charge(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut paid_off = self.paid_off.lock();
        let at = paid_off.entry(key).or_insert(now);
        if let Some(wait) = self.wait(*at, now) {
            return Err(wait);
        }
        *at = (*at).max(now) + self.rate.per();
        Ok(())
    }

    /// Counts a failure whatever the debt.
    pub(super) fn count(&self, key: K, now: Instant) {
        let mut paid_off = self.paid_off.lock();
        let at = paid_off.entry(key).or_insert(now);
        *at = (*at).max(now) + self.rate.per();
    }

    /// Takes a failure back.
    pub(super) fn refund(&self, key: &K) {
        if let Some(at) = self.paid_off.lock().get_mut(key) {
            *at = at.checked_sub(self.rate.per()).unwrap_or(*at);
        }
    }

    pub(super) fn forget_quiet(&self, now: Instant) {
        self.paid_off.lock().retain(|_, at| *at > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LimitSettings;

    #[test]
    fn a_debt_is_paid_off_by_waiting() {
        let failures = Failures::new(LimitSettings::default().rates.failed_login);
        let start = Instant::now();
        for _ in 0..5 {
            failures.count("ada", start);
        }
        let wait = failures.blocked(&"ada", start).unwrap();
        assert!(failures.blocked(&"ada", start + wait).is_none());
        failures.forget_quiet(start + wait);
        assert!(!failures.paid_off.lock().is_empty(), "the rest of the debt still counts");
    }
}
