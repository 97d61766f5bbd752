//! How often a person or an address may do what. The rates themselves, each with its reason, are settings:
//! [`LimitSettings`].

mod failures;
mod log_in;

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Instant;

use chat::{Error, LimitClass, UserId};
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::config::{LimitSettings, Rate, RateLimits};
use crate::http::client::limit_key;
use failures::Failures;
pub(crate) use log_in::Attempt;
use log_in::LogIns;

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
    log_in: LogIns,
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
                log_in: LogIns::new(rates),
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

    /// Lets a login try its password, or refuses it where too many have failed; see [`LogIns::begin`]. `account`: what
    /// [`chat::LogIn::name_key`] says.
    pub(crate) async fn log_in(&self, account: String, address: IpAddr) -> Result<Attempt<'_>, Error> {
        match &self.rates {
            Some(rates) => rates.log_in.begin(account, limit_key(address)).await,
            None => Ok(Attempt::unlimited()),
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
        rates.log_in.forget_quiet(now);
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
        // A slow rate grants nothing within the span; what may come at once is served all the same.
        let budget = (span.as_nanos() / rate.per().as_nanos().max(1)).max(rate.burst().into());
        // One budget was served, so three budgets asked for are two refused.
        u128::from(count) > 2 * budget
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
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

    #[tokio::test]
    async fn lifted_rates_refuse_nothing() {
        let limits = Limits::new(None);
        let user: UserId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        for _ in 0..1000 {
            limits.command(LimitClass::Send, user).unwrap();
            limits.log_in("ada".to_owned(), address(1)).await.unwrap().failed();
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

    #[test]
    fn whoever_is_refused_at_a_slow_rate_is_told_so_and_not_cut_off() {
        let mut limits = LimitSettings::default();
        limits.rates.send = "1/h:5".parse().unwrap();
        let (mut flood, now) = (Flood::default(), Instant::now());
        assert!((0..10).all(|_| !flood.refused(&limits, LimitClass::Send, now)), "ten seconds have no part of an hour");
        assert!(flood.refused(&limits, LimitClass::Send, now));
    }

    #[test]
    fn every_kind_of_command_has_a_rate_of_its_own_and_marks_have_none() {
        let mut rates = LimitSettings::default().rates;
        for (rate, text) in [
            (&mut rates.send, "1/h:2"),
            (&mut rates.read, "1/h:3"),
            (&mut rates.other, "1/h:4"),
            (&mut rates.typing, "1/h:5"),
        ] {
            *rate = text.parse().unwrap();
        }
        let limits = Limits::new(Some(&rates));
        let user: UserId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        for (class, most) in
            [(LimitClass::Send, 2), (LimitClass::Read, 3), (LimitClass::Other, 4), (LimitClass::Typing, 5)]
        {
            let passed = (0..400).map_while(|_| limits.command(class, user).ok()).count();
            assert_eq!(passed, most, "{class:?}");
        }
        assert!((0..400).all(|_| limits.command(LimitClass::Mark, user).is_ok()));
    }
}
