//! How often a person or an address may do what. The rates themselves, each with its reason, are settings:
//! [`LimitSettings`].

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use chat::{Error, LimitClass, UserId};
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use crate::config::{LimitSettings, Rate, RateLimits};
use crate::http::client::limit_key;

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// The counts of everybody, in memory: a restart forgives.
pub(crate) struct Limits {
    /// None when the operator has lifted them.
    rates: Option<Rates>,
}

struct Rates {
    clock: DefaultClock,
    send: Limiter<UserId>,
    read: Limiter<UserId>,
    other: Limiter<UserId>,
    typing: Limiter<UserId>,
    /// By address, the invited apart.
    sign_up: Failures<(IpAddr, bool)>,
    login_account: Failures<(String, IpAddr)>,
    failed_login_account: Failures<(String, IpAddr)>,
    failed_login_address: Failures<IpAddr>,
}

impl Limits {
    /// Without any, rates are lifted.
    pub(crate) fn new(rates: Option<&RateLimits>) -> Self {
        Self {
            rates: rates.map(|rates| Rates {
                clock: DefaultClock::default(),
                send: limiter(rates.send),
                read: limiter(rates.read),
                other: limiter(rates.other),
                typing: limiter(rates.typing),
                sign_up: Failures::new(rates.signup),
                login_account: Failures::new(rates.login),
                failed_login_account: Failures::new(rates.failed_login),
                failed_login_address: Failures::new(rates.failed_login_address),
            }),
        }
    }

    /// Counts a command of a person.
    pub(crate) fn command(&self, class: LimitClass, user: UserId) -> Result<(), Error> {
        let Some(rates) = &self.rates else { return Ok(()) };
        match class {
            LimitClass::Send => rates.check(&rates.send, &user),
            LimitClass::Read => rates.check(&rates.read, &user),
            LimitClass::Typing => rates.check(&rates.typing, &user),
            LimitClass::Other => rates.check(&rates.other, &user),
            // Read marks coalesce in the lane: many cost what one costs.
            LimitClass::Mark => Ok(()),
        }
    }

    /// Counts an account that is to be made from an address, the invited apart from those who are not: each attempt costs a
    /// password hash, also one that fails.
    pub(crate) fn sign_up(&self, address: IpAddr, invited: bool) -> Result<(), Error> {
        let Some(rates) = &self.rates else { return Ok(()) };
        rates.sign_up.charge((limit_key(address), invited), Instant::now()).map_err(Error::rate_limited)
    }

    /// Somebody who was invited is in: they are not counted.
    pub(crate) fn came_invited(&self, address: IpAddr) {
        if let Some(rates) = &self.rates {
            rates.sign_up.refund(&(limit_key(address), true));
        }
    }

    /// Counts a login as failed before its password is looked at, so that many at once are not all let through; or refuses
    /// it where too many have failed. [`Limits::forgive`] takes it back. `account`: what [`chat::LogIn::name_key`] says.
    pub(crate) fn log_in(&self, account: String, address: IpAddr) -> Result<Attempt, Error> {
        let attempt = Attempt { account, address: limit_key(address) };
        let Some(rates) = &self.rates else { return Ok(attempt) };
        let now = Instant::now();
        // Of the address only what did fail: many may sign in from one at once.
        if let Some(wait) = rates.failed_login_address.blocked(&attempt.address, now) {
            return Err(Error::rate_limited(wait));
        }
        let key = (attempt.account.clone(), attempt.address);
        if let Some(wait) = rates.login_account.blocked(&key, now) {
            return Err(Error::rate_limited(wait));
        }
        rates.failed_login_account.charge(key, now).map_err(Error::rate_limited)?;
        Ok(attempt)
    }

    /// The login did not come to its password.
    pub(crate) fn forgive(&self, attempt: &Attempt) {
        if let Some(rates) = &self.rates {
            rates.failed_login_account.refund(&(attempt.account.clone(), attempt.address));
        }
    }

    /// The login had the right password: it is no failure, and one of those that cost a session.
    pub(crate) fn succeeded(&self, attempt: Attempt) {
        self.forgive(&attempt);
        if let Some(rates) = &self.rates {
            rates.login_account.count((attempt.account, attempt.address), Instant::now());
        }
    }

    /// The login did fail for its password: its address pays too.
    pub(crate) fn failed(&self, attempt: &Attempt) {
        if let Some(rates) = &self.rates {
            rates.failed_login_address.count(attempt.address, Instant::now());
        }
    }

    /// Forgets those who have been quiet, so that memory follows the living.
    pub(crate) fn forget_quiet(&self) {
        let Some(rates) = &self.rates else { return };
        for limiter in [&rates.send, &rates.read, &rates.other, &rates.typing] {
            limiter.retain_recent();
        }
        let now = Instant::now();
        rates.sign_up.forget_quiet(now);
        rates.login_account.forget_quiet(now);
        rates.failed_login_account.forget_quiet(now);
        rates.failed_login_address.forget_quiet(now);
    }
}

impl Rates {
    fn check<K: Hash + Eq + Clone>(&self, limiter: &Limiter<K>, key: &K) -> Result<(), Error> {
        limiter.check_key(key).map_err(|until| Error::rate_limited(until.wait_time_from(self.clock.now())))
    }
}

fn limiter<K: Hash + Eq + Clone>(rate: Rate) -> Limiter<K> {
    RateLimiter::dashmap(quota(rate))
}

fn quota(rate: Rate) -> Quota {
    let burst = NonZeroU32::new(rate.burst()).expect("every burst is at least one");
    Quota::with_period(rate.per()).expect("every period is longer than nothing").allow_burst(burst)
}

/// A login on its way.
#[derive(Debug)]
pub(crate) struct Attempt {
    account: String,
    address: IpAddr,
}

/// Failures that can be taken back or counted after the fact, which a plain rate limit cannot: success costs nothing.
struct Failures<K> {
    rate: Rate,
    /// When the debt of a key is paid off. It grows by one period a failure, as in GCRA.
    paid_off: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Failures<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, paid_off: Mutex::default() }
    }

    /// How long the key must wait before it may try again, if it must.
    fn blocked(&self, key: &K, now: Instant) -> Option<Duration> {
        self.paid_off.lock().get(key).and_then(|at| self.wait(*at, now))
    }

    fn wait(&self, paid_off: Instant, now: Instant) -> Option<Duration> {
        let debt = paid_off.saturating_duration_since(now);
        let allowed = self.rate.per() * (self.rate.burst() - 1);
        (debt > allowed).then(|| debt - allowed)
    }

    /// Counts a failure of a key that need not wait; of any other, how long it must.
    fn charge(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut paid_off = self.paid_off.lock();
        let at = paid_off.entry(key).or_insert(now);
        if let Some(wait) = self.wait(*at, now) {
            return Err(wait);
        }
        *at = (*at).max(now) + self.rate.per();
        Ok(())
    }

    /// Counts a failure whatever the debt.
    fn count(&self, key: K, now: Instant) {
        let mut paid_off = self.paid_off.lock();
        let at = paid_off.entry(key).or_insert(now);
        *at = (*at).max(now) + self.rate.per();
    }

    /// Takes a failure back.
    fn refund(&self, key: &K) {
        if let Some(at) = self.paid_off.lock().get_mut(key) {
            *at = at.checked_sub(self.rate.per()).unwrap_or(*at);
        }
    }

    fn forget_quiet(&self, now: Instant) {
        self.paid_off.lock().retain(|_, at| *at > now);
    }
}

/// Counts what was refused to one socket, to tell a clumsy client from a flood.
#[derive(Default)]
pub(crate) struct Flood {
    window: Option<(Instant, u32)>,
}

impl Flood {
    /// Counts a refusal; true when the socket has earned to be cut off.
    pub(crate) fn refused(&mut self, limits: &LimitSettings, class: LimitClass, now: Instant) -> bool {
        let span = limits.deadlines.flood.get();
        let (since, count) = match self.window {
            Some((since, count)) if now.duration_since(since) < span => (since, count + 1),
            _ => (now, 1),
        };
        self.window = Some((since, count));
        let rate = match class {
            LimitClass::Send => limits.rates.send,
            LimitClass::Read => limits.rates.read,
            LimitClass::Typing => limits.rates.typing,
            LimitClass::Other | LimitClass::Mark => limits.rates.other,
        };
        // One budget was served, so three budgets asked for are two refused.
        let budget = span.as_nanos() / rate.per().as_nanos().max(1);
        u128::from(count) > 2 * budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    fn log_in(limits: &Limits, account: &str, last: u8) -> Result<Attempt, Error> {
        limits.log_in(account.to_owned(), address(last))
    }

    #[test]
    fn the_sixth_wrong_password_waits_and_another_address_does_not() {
        let limits = Limits::new(Some(&LimitSettings::default().rates));
        for _ in 0..5 {
            limits.failed(&log_in(&limits, "ada", 1).unwrap());
        }
        assert!(log_in(&limits, "ada", 1).unwrap_err().retry_after_ms().is_some());
        log_in(&limits, "ada", 2).unwrap();
        log_in(&limits, "bob", 1).unwrap();
    }

    #[test]
    fn six_passwords_tried_at_once_are_six() {
        let limits = Limits::new(Some(&LimitSettings::default().rates));
        let under_way: Vec<_> = (0..6).map(|_| log_in(&limits, "ada", 1)).collect();
        assert_eq!(under_way.iter().filter(|attempt| attempt.is_ok()).count(), 5);
    }

    #[test]
    fn an_address_that_fails_with_many_accounts_waits() {
        let limits = Limits::new(Some(&LimitSettings::default().rates));
        for account in 0..50 {
            limits.failed(&log_in(&limits, &account.to_string(), 1).unwrap());
        }
        assert!(log_in(&limits, "ada", 1).is_err());
        log_in(&limits, "ada", 2).unwrap();
    }

    #[test]
    fn a_right_password_is_no_failure() {
        let limits = Limits::new(Some(&LimitSettings::default().rates));
        for _ in 0..10 {
            limits.succeeded(log_in(&limits, "ada", 1).unwrap());
        }
        for _ in 0..5 {
            limits.failed(&log_in(&limits, "ada", 1).unwrap());
        }
        assert!(log_in(&limits, "ada", 1).is_err(), "five wrong ones, and none of the right ones");
    }

    #[test]
    fn whoever_signs_in_without_end_waits_and_nobody_else_does() {
        let limits = Limits::new(Some(&LimitSettings::default().rates));
        let let_in = (0..200).map_while(|_| log_in(&limits, "ada", 1).ok()).map(|attempt| limits.succeeded(attempt));
        assert_eq!(let_in.count(), 20);
        log_in(&limits, "ada", 2).unwrap();
        log_in(&limits, "bob", 1).unwrap();
    }

    #[test]
    fn the_invited_are_not_counted_but_their_failures_are() {
        let limits = Limits::new(Some(&LimitSettings::default().rates));
        for _ in 0..300 {
            limits.sign_up(address(1), true).unwrap();
            limits.came_invited(address(1));
        }
        let tries = (0..300).map_while(|_| limits.sign_up(address(1), true).ok()).count();
        assert_eq!(tries, 100, "a name that is taken, again and again");
        limits.sign_up(address(1), false).unwrap();
        limits.sign_up(address(2), true).unwrap();
    }

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

    #[test]
    fn lifted_rates_refuse_nothing() {
        let limits = Limits::new(None);
        let user: UserId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        for _ in 0..1000 {
            limits.command(LimitClass::Send, user).unwrap();
            limits.failed(&log_in(&limits, "ada", 1).unwrap());
        }
    }

    #[test]
    fn only_a_flood_is_cut_off() {
        let now = Instant::now();
        let limits = LimitSettings::default();
        let mut flood = Flood::default();
        assert!((0..100).all(|_| !flood.refused(&limits, LimitClass::Send, now)));
        assert!(flood.refused(&limits, LimitClass::Send, now));
        let mut slow = Flood::default();
        let later = |second| now + Duration::from_secs(second);
        assert!((0..1000).all(|second| !slow.refused(&limits, LimitClass::Send, later(second))));
    }
}
