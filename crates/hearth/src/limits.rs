//! How often a person or an address may do what: every rate of the server, in one place, each with its reason.
//!
//! Sizes, queues and deadlines stand beside the types that they bound; they hold even when rates are lifted.

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

use crate::http::client::limit_key;

/// Sockets of one person at once: every tab of every device, with room to spare.
pub(crate) const SOCKETS_PER_USER: usize = 32;

/// Commands of one socket that may wait for their answer; then its reading stops.
pub(crate) const IN_FLIGHT: u32 = 8;

/// What one account may make in an hour, all of it at once if need be: channels, and memberships of others in channels and
/// conversations. Counted by `chat`, in the transaction that makes it. A whole course is put into its channel at once; for
/// whoever wants to be a nuisance it is little.
pub(crate) const MADE_PER_HOUR: u32 = 200;

/// A rate and how much may come at once.
#[derive(Clone, Copy)]
struct Rate {
    per: Duration,
    burst: u32,
}

const fn per_second(rate: u32, burst: u32) -> Rate {
    Rate { per: Duration::from_nanos(1_000_000_000 / rate as u64), burst }
}

const fn per_hour(rate: u32, burst: u32) -> Rate {
    Rate { per: Duration::from_millis(3_600_000 / rate as u64), burst }
}

/// Fast typists send one message a second; a pasted dialogue comes as a burst.
const SEND: Rate = per_second(5, 20);
/// Opening the application and switching through channels reads a lot at once.
const READ: Rate = per_second(50, 300);
/// Joining, creating, looking for people.
const OTHER: Rate = per_second(10, 30);
/// The client repeats itself every three seconds for each channel.
const TYPING: Rate = per_second(4, 8);
/// Wrong passwords for one account from one address. The account itself is never locked: that would let anyone lock
/// anyone out.
const FAILED_LOGIN_PER_ACCOUNT: Rate = per_hour(10, 5);
/// Right passwords for one account from one address: each costs a password hash and a session. A person with many tabs
/// signs in once; a bot keeps its token.
const LOGIN_PER_ACCOUNT: Rate = per_hour(60, 20);
/// Wrong passwords from one address, whatever the account: one office is one address.
const FAILED_LOGIN_PER_ADDRESS: Rate = per_hour(50, 50);
/// New accounts from one address: a course that signs up together.
const SIGN_UP: Rate = per_hour(100, 100);

/// A client that goes on asking at three times its rate for this long is cut off.
const FLOOD_WINDOW: Duration = Duration::from_secs(10);

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
    sign_up: Limiter<IpAddr>,
    login_account: Failures<(String, IpAddr)>,
    failed_login_account: Failures<(String, IpAddr)>,
    failed_login_address: Failures<IpAddr>,
}

impl Limits {
    /// `on`: rates are limited.
    pub(crate) fn new(on: bool) -> Self {
        Self {
            rates: on.then(|| Rates {
                clock: DefaultClock::default(),
                send: limiter(SEND),
                read: limiter(READ),
                other: limiter(OTHER),
                typing: limiter(TYPING),
                sign_up: limiter(SIGN_UP),
                login_account: Failures::new(LOGIN_PER_ACCOUNT),
                failed_login_account: Failures::new(FAILED_LOGIN_PER_ACCOUNT),
                failed_login_address: Failures::new(FAILED_LOGIN_PER_ADDRESS),
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

    /// Counts an account made from an address.
    pub(crate) fn sign_up(&self, address: IpAddr) -> Result<(), Error> {
        let Some(rates) = &self.rates else { return Ok(()) };
        rates.check(&rates.sign_up, &limit_key(address))
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
        rates.sign_up.retain_recent();
        let now = Instant::now();
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
    let burst = NonZeroU32::new(rate.burst).expect("every burst is at least one");
    Quota::with_period(rate.per).expect("every period is longer than nothing").allow_burst(burst)
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
        let allowed = self.rate.per * (self.rate.burst - 1);
        (debt > allowed).then(|| debt - allowed)
    }

    /// Counts a failure of a key that need not wait; of any other, how long it must.
    fn charge(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut paid_off = self.paid_off.lock();
        let at = paid_off.entry(key).or_insert(now);
        if let Some(wait) = self.wait(*at, now) {
            return Err(wait);
        }
        *at = (*at).max(now) + self.rate.per;
        Ok(())
    }

    /// Counts a failure whatever the debt.
    fn count(&self, key: K, now: Instant) {
        let mut paid_off = self.paid_off.lock();
        let at = paid_off.entry(key).or_insert(now);
        *at = (*at).max(now) + self.rate.per;
    }

    /// Takes a failure back.
    fn refund(&self, key: &K) {
        if let Some(at) = self.paid_off.lock().get_mut(key) {
            *at = at.checked_sub(self.rate.per).unwrap_or(*at);
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
    pub(crate) fn refused(&mut self, class: LimitClass, now: Instant) -> bool {
        let (since, count) = match self.window {
            Some((since, count)) if now.duration_since(since) < FLOOD_WINDOW => (since, count + 1),
            _ => (now, 1),
        };
        self.window = Some((since, count));
        let rate = match class {
            LimitClass::Send => SEND,
            LimitClass::Read => READ,
            LimitClass::Typing => TYPING,
            LimitClass::Other | LimitClass::Mark => OTHER,
        };
        // One budget was served, so three budgets asked for are two refused.
        let budget = FLOOD_WINDOW.as_nanos() / rate.per.as_nanos();
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
        let limits = Limits::new(true);
        for _ in 0..5 {
            limits.failed(&log_in(&limits, "ada", 1).unwrap());
        }
        assert!(log_in(&limits, "ada", 1).unwrap_err().retry_after_ms().is_some());
        log_in(&limits, "ada", 2).unwrap();
        log_in(&limits, "bob", 1).unwrap();
    }

    #[test]
    fn six_passwords_tried_at_once_are_six() {
        let limits = Limits::new(true);
        let under_way: Vec<_> = (0..6).map(|_| log_in(&limits, "ada", 1)).collect();
        assert_eq!(under_way.iter().filter(|attempt| attempt.is_ok()).count(), 5);
    }

    #[test]
    fn an_address_that_fails_with_many_accounts_waits() {
        let limits = Limits::new(true);
        for account in 0..50 {
            limits.failed(&log_in(&limits, &account.to_string(), 1).unwrap());
        }
        assert!(log_in(&limits, "ada", 1).is_err());
        log_in(&limits, "ada", 2).unwrap();
    }

    #[test]
    fn a_right_password_is_no_failure() {
        let limits = Limits::new(true);
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
        let limits = Limits::new(true);
        let let_in = (0..200).map_while(|_| log_in(&limits, "ada", 1).ok()).map(|attempt| limits.succeeded(attempt));
        assert_eq!(let_in.count(), 20);
        log_in(&limits, "ada", 2).unwrap();
        log_in(&limits, "bob", 1).unwrap();
    }

    #[test]
    fn a_debt_is_paid_off_by_waiting() {
        let failures = Failures::new(FAILED_LOGIN_PER_ACCOUNT);
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
        let limits = Limits::new(false);
        let user: UserId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        for _ in 0..1000 {
            limits.command(LimitClass::Send, user).unwrap();
            limits.failed(&log_in(&limits, "ada", 1).unwrap());
        }
    }

    #[test]
    fn only_a_flood_is_cut_off() {
        let now = Instant::now();
        let mut flood = Flood::default();
        assert!((0..100).all(|_| !flood.refused(LimitClass::Send, now)));
        assert!(flood.refused(LimitClass::Send, now));
        let mut slow = Flood::default();
        assert!((0..1000).all(|second| !slow.refused(LimitClass::Send, now + Duration::from_secs(second))));
    }
}
