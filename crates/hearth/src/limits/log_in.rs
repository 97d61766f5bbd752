//! How often an account may be signed in to, and how often in vain.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use chat::Error;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout_at;

use super::failures::Failures;
use crate::config::RateLimits;

/// Logins of all accounts that may wait for others of the same account: as many as may wait for a core, by default.
const WAITING: usize = 32;
/// Longest that one waits. The queue for a core is shorter.
const WAIT: Duration = Duration::from_secs(5);

/// An account, and an address that somebody signs in to it from.
type Key = (String, IpAddr);

pub(super) struct LogIns {
    right: Failures<Key>,
    wrong: Failures<Key>,
    wrong_of_address: Failures<IpAddr>,
    /// How many have begun and are not decided, by key. They are counted in `wrong` already.
    under_way: Mutex<HashMap<Key, u32>>,
    decided: Notify,
    waiting: Semaphore,
}

impl LogIns {
    pub(super) fn new(rates: &RateLimits) -> Self {
        Self {
            right: Failures::new(rates.login),
            wrong: Failures::new(rates.failed_login),
            wrong_of_address: Failures::new(rates.failed_login_address),
            under_way: Mutex::default(),
            decided: Notify::new(),
            waiting: Semaphore::new(WAITING),
        }
    }

    /// Counts a login as failed before its password is looked at, so that many at once are not all let through; its
    /// [`Attempt`] takes that back. Where too many have failed it is refused. Where too many would have, if all that are
    /// under way failed, it waits for them: right passwords that come at once are all let in, and of wrong ones no more are
    /// tried than if they came one by one.
    pub(super) async fn begin(&self, account: String, address: IpAddr) -> Result<Attempt<'_>, Error> {
        let key = (account, address);
        if let Some(attempt) = self.try_begin(&key)? {
            return Ok(attempt);
        }
        let _waits = self.waiting.try_acquire().map_err(|_| Error::busy())?;
        let deadline = tokio::time::Instant::now() + WAIT;
        loop {
            let mut decided = std::pin::pin!(self.decided.notified());
            decided.as_mut().enable();
            if let Some(attempt) = self.try_begin(&key)? {
                return Ok(attempt);
            }
            timeout_at(deadline, decided).await.map_err(|_| Error::busy())?;
        }
    }

    /// Nothing if it depends on others that are under way.
    fn try_begin(&self, key: &Key) -> Result<Option<Attempt<'_>>, Error> {
        let now = Instant::now();
        // Of the address only what did fail: many may sign in from one at once.
        if let Some(wait) = self.wrong_of_address.blocked(&key.1, now).or_else(|| self.right.blocked(key, now)) {
            return Err(Error::rate_limited(wait));
        }
        let mut under_way = self.under_way.lock();
        let count = under_way.get(key).copied().unwrap_or_default();
        if let Some(wait) = self.wrong.blocked_without(key, count, now) {
            return Err(Error::rate_limited(wait));
        }
        if self.wrong.charge(key.clone(), now).is_err() {
            return Ok(None);
        }
        under_way.insert(key.clone(), count + 1);
        Ok(Some(Attempt { of: Some((self, key.clone())) }))
    }

    fn end(&self, key: &Key) {
        let mut under_way = self.under_way.lock();
        if let Some(count) = under_way.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(key);
            }
        }
        drop(under_way);
        self.decided.notify_waiters();
    }

    pub(super) fn forget_quiet(&self, now: Instant) {
        self.right.forget_quiet(now);
        self.wrong.forget_quiet(now);
        self.wrong_of_address.forget_quiet(now);
    }
}

/// A login under way. One whose outcome nobody waited for stays counted as failed.
pub(crate) struct Attempt<'a> {
    of: Option<(&'a LogIns, Key)>,
}

impl Attempt<'_> {
    /// One that is not counted.
    pub(super) fn unlimited() -> Self {
        Self { of: None }
    }

    /// It did not come to its password.
    pub(crate) fn forgive(self) {
        if let Some((all, key)) = &self.of {
            all.wrong.refund(key);
        }
    }

    /// It had the right password: it is no failure, and one of those that cost a session.
    pub(crate) fn succeeded(self) {
        if let Some((all, key)) = &self.of {
            all.wrong.refund(key);
            all.right.count(key.clone(), Instant::now());
        }
    }

    /// It did fail for its password: its address pays too.
    pub(crate) fn failed(self) {
        if let Some((all, key)) = &self.of {
            all.wrong_of_address.count(key.1, Instant::now());
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some((all, key)) = self.of.take() {
            all.end(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LimitSettings;

    fn limits() -> LogIns {
        LogIns::new(&LimitSettings::default().rates)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    /// One that need not wait for others.
    fn log_in<'a>(limits: &'a LogIns, account: &str, last: u8) -> Result<Attempt<'a>, Error> {
        limits.try_begin(&(account.to_owned(), address(last))).map(|attempt| attempt.expect("it waits for nobody"))
    }

    async fn begin<'a>(limits: &'a LogIns) -> Result<Attempt<'a>, Error> {
        limits.begin("ada".to_owned(), address(1)).await
    }

    #[test]
    fn the_sixth_wrong_password_waits_and_another_address_does_not() {
        let limits = limits();
        for _ in 0..5 {
            log_in(&limits, "ada", 1).unwrap().failed();
        }
        assert!(log_in(&limits, "ada", 1).err().unwrap().retry_after_ms().is_some());
        log_in(&limits, "ada", 2).unwrap();
        log_in(&limits, "bob", 1).unwrap();
    }

    #[tokio::test]
    async fn of_many_wrong_passwords_at_once_no_more_are_tried_than_one_after_the_other() {
        let limits = limits();
        let tries = (0..37).map(|_| async {
            let attempt = begin(&limits).await.ok()?;
            tokio::task::yield_now().await;
            attempt.failed();
            Some(())
        });
        let tried = futures_util::future::join_all(tries).await.into_iter().flatten().count();
        assert_eq!(tried, 5);
        assert!(limits.under_way.lock().is_empty());
    }

    #[tokio::test]
    async fn right_passwords_that_come_at_once_are_all_let_in() {
        let limits = limits();
        let tries = (0..20).map(|_| async {
            let attempt = begin(&limits).await?;
            tokio::task::yield_now().await;
            attempt.succeeded();
            Ok::<_, Error>(())
        });
        for outcome in futures_util::future::join_all(tries).await {
            outcome.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_others_is_told_to_come_back_before_long() {
        let limits = limits();
        let _under_way: Vec<_> = (0..5).map(|_| log_in(&limits, "ada", 1).unwrap()).collect();
        assert_eq!(begin(&limits).await.err().unwrap().code(), Error::busy().code());
        let many = (0..WAITING + 1).map(|_| begin(&limits));
        let outcomes = futures_util::future::join_all(many).await;
        assert!(outcomes.iter().all(Result::is_err));
        assert_eq!(limits.waiting.available_permits(), WAITING);
    }

    #[test]
    fn one_that_is_given_up_counts_as_failed() {
        let limits = limits();
        for _ in 0..5 {
            drop(log_in(&limits, "ada", 1).unwrap());
        }
        assert!(log_in(&limits, "ada", 1).is_err());
    }

    #[test]
    fn an_address_that_fails_with_many_accounts_waits() {
        let limits = limits();
        for account in 0..50 {
            log_in(&limits, &account.to_string(), 1).unwrap().failed();
        }
        assert!(log_in(&limits, "ada", 1).is_err());
        log_in(&limits, "ada", 2).unwrap();
    }

    #[test]
    fn a_right_password_is_no_failure() {
        let limits = limits();
        for _ in 0..10 {
            log_in(&limits, "ada", 1).unwrap().succeeded();
        }
        for _ in 0..5 {
            log_in(&limits, "ada", 1).unwrap().failed();
        }
        assert!(log_in(&limits, "ada", 1).is_err(), "five wrong ones, and none of the right ones");
    }

    #[test]
    fn whoever_signs_in_without_end_waits_and_nobody_else_does() {
        let limits = limits();
        let let_in = (0..200).map_while(|_| log_in(&limits, "ada", 1).ok()).map(Attempt::succeeded);
        assert_eq!(let_in.count(), 20);
        log_in(&limits, "ada", 2).unwrap();
        log_in(&limits, "bob", 1).unwrap();
    }
}
