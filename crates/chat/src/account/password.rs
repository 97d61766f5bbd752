//! Passwords: Argon2id, off the async threads, and never more of it at once than there are cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Requests that wait for a core: beyond that, somebody is trying to keep the machine busy.
const WAITING: usize = 32;

/// What a password hash costs whoever makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Parallel lanes.
    pub parallel: u32,
}

impl Default for PasswordCost {
    /// What OWASP's password storage cheat sheet asks of Argon2id at least: 19 MiB, two passes.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, parallel: 1 }
    }
}

/// Hashes and verifies passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    params: Params,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    checks: AtomicU64,
}

impl Passwords {
    pub(crate) fn new(cost: PasswordCost) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.parallel, None);
        let params = params.map_err(|error| Error::internal(error.to_string()))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (running, admitted) = (Arc::new(Semaphore::new(cores)), Arc::new(Semaphore::new(cores + WAITING)));
        Ok(Self { params, running, admitted, checks: AtomicU64::new(0) })
    }

    pub(crate) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// A hash of the password, as a PHC string.
    pub(crate) async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String> {
        let argon2 = self.argon2();
        let hash = move || argon2.hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string());
        self.off_thread(hash).await?.map_err(|error| Error::internal(error.to_string()))
    }

    /// Whether the password has this hash. Without a hash the same work is done, and the answer is no: how long it
    /// takes does not say whether there is such an account.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let argon2 = self.argon2();
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.nobodys_hash(),
        };
        let verify = move || {
            let hash = PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
            Ok::<_, Error>(argon2.verify_password(password.as_bytes(), &hash).is_ok())
        };
        Ok(self.off_thread(verify).await?? && known)
    }

    /// A hash that no password has, of the same cost.
    fn nobodys_hash(&self) -> String {
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        // 16 bytes of salt and 32 of hash in base64.
        format!("$argon2id$v=19$m={m},t={t},p={p}${}${}", "A".repeat(22), "A".repeat(43))
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Error::busy())?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(Error::internal)?;
        self.checks.fetch_add(1, Ordering::Relaxed);
        let work = move || {
            let done = work();
            // Held until the work is done, even if nobody waits for it any more.
            drop((admitted, running));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Passwords {
        Passwords::new(PasswordCost { memory_kib: 8, passes: 1, parallel: 1 }).expect("valid parameters")
    }

    #[tokio::test]
    async fn a_hash_is_of_its_password_alone() {
        let passwords = cheap();
        let hash = passwords.hash("correct horse".to_owned(), [7; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("battery staple".to_owned(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_name_costs_one_verification_too() {
        let passwords = cheap();
        assert!(!passwords.verify("anything".to_owned(), None).await.unwrap());
        assert_eq!(passwords.checks(), 1);
    }

    #[tokio::test]
    async fn whoever_would_wait_behind_too_many_is_told_that_the_server_is_busy() {
        let passwords = cheap();
        let everything = u32::try_from(passwords.admitted.available_permits()).unwrap();
        let held = Arc::clone(&passwords.admitted).try_acquire_many_owned(everything).unwrap();
        let refused = passwords.verify("anything".to_owned(), None).await.unwrap_err();
        assert_eq!(refused.code(), crate::error::Code::Busy);
        drop(held);
        assert!(!passwords.verify("anything".to_owned(), None).await.unwrap());
    }
}
