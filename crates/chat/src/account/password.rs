//! Passwords: Argon2id, off the async threads, and never more of it at once than there are cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Blocks of 1 KiB that are asked for at least, used or not: above 32 MiB glibc maps an allocation by itself and gives
/// it back at once, below it keeps up to one per thread that ever hashed. What is not touched takes no memory.
const MAPPED_BLOCKS: usize = 33 * 1024;

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
    /// `waiting`: how many requests may wait for a core.
    pub(crate) fn new(cost: PasswordCost, waiting: u32) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.parallel, None);
        let params = params.map_err(|error| Error::internal(error.to_string()))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (running, admitted) = (Arc::new(Semaphore::new(cores)), Arc::new(Semaphore::new(cores + waiting as usize)));
        Ok(Self { params, running, admitted, checks: AtomicU64::new(0) })
    }

    pub(crate) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// A hash of the password, as a PHC string.
    pub(crate) async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String> {
        let recipe = Recipe { algorithm: Algorithm::Argon2id, version: Version::V0x13, params: self.params.clone() };
        self.off_thread(move || recipe.phc(password.as_bytes(), &salt)).await?
    }

    /// Whether the password has this hash. Without a hash the same work is done, and the answer is no: how long it
    /// takes does not say whether there is such an account.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.nobodys_hash(),
        };
        Ok(self.off_thread(move || has_hash(password.as_bytes(), &hash)).await?? && known)
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

/// How a hash is made.
struct Recipe {
    algorithm: Algorithm,
    version: Version,
    params: Params,
}

impl Recipe {
    fn output(&self, password: &[u8], salt: &[u8]) -> Result<Output> {
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let blocks = self.params.block_count();
        let mut memory = Vec::with_capacity(blocks.max(MAPPED_BLOCKS));
        memory.resize(blocks, Block::new());
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..self.params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
        argon2.hash_password_into_with_memory(password, salt, output, &mut memory).map_err(fault)?;
        Output::new(output).map_err(fault)
    }

    fn phc(&self, password: &[u8], salt: &[u8]) -> Result<String> {
        let hash = PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params).map_err(fault)?,
            salt: Some(Salt::new(salt).map_err(fault)?),
            hash: Some(self.output(password, salt)?),
        };
        Ok(hash.to_string())
    }
}

fn has_hash(password: &[u8], hash: &str) -> Result<bool> {
    let hash = PasswordHash::new(hash).map_err(fault)?;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err(Error::internal("a stored password hash is incomplete"));
    };
    let recipe = Recipe {
        algorithm: Algorithm::try_from(hash.algorithm.as_str()).map_err(fault)?,
        version: hash.version.map(Version::try_from).transpose().map_err(fault)?.unwrap_or_default(),
        params: Params::try_from(&hash).map_err(fault)?,
    };
    // `Output` compares in constant time.
    Ok(recipe.output(password, salt)? == *expected)
}

fn fault(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Passwords {
        Passwords::new(PasswordCost { memory_kib: 8, passes: 1, parallel: 1 }, 32).expect("valid parameters")
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
    async fn a_password_costs_what_owasp_asks_for_at_least() {
        let passwords = Passwords::new(PasswordCost::default(), 1).unwrap();
        let hash = passwords.hash("correct horse".to_owned(), [7; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.nobodys_hash().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "nobody's costs the same");
    }

    #[tokio::test]
    async fn one_core_hashes_one_password_and_whoever_would_wait_behind_too_many_is_told_that_the_server_is_busy() {
        let passwords = Arc::new(cheap());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Every core hashes a password.
        let all = u32::try_from(cores).unwrap();
        let running = Arc::clone(&passwords.running).acquire_many_owned(all).await.unwrap();
        let verify = |passwords: &Arc<Passwords>| {
            let passwords = Arc::clone(passwords);
            tokio::spawn(async move { passwords.verify("anything".to_owned(), None).await })
        };
        let waiting: Vec<_> = (0..cores + 32).map(|_| verify(&passwords)).collect();
        while passwords.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.checks(), 0, "none begins before a core is free");
        let refused = passwords.verify("anything".to_owned(), None).await.unwrap_err();
        assert_eq!(refused.code(), crate::error::Code::Busy);
        drop(running);
        for verified in waiting {
            assert!(!verified.await.unwrap().unwrap());
        }
        assert!(!passwords.verify("anything".to_owned(), None).await.unwrap());
    }

    /// Resident memory of this process, in KiB.
    #[cfg(target_os = "linux")]
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The allocator keeps an arena per thread; a crowd that signs in must not leave one full of blocks in each.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn what_hashing_took_is_given_back_whatever_the_number_of_threads() {
        let cost = PasswordCost::default();
        let hash = || {
            let params = Params::new(cost.memory_kib, 1, 1, None).unwrap();
            let recipe = Recipe { algorithm: Algorithm::Argon2id, version: Version::V0x13, params };
            recipe.phc(b"correct horse", &[7; 16]).unwrap();
        };
        hash();
        let before = resident();
        let all_done = std::sync::Barrier::new(9);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    (0..2).for_each(|_| hash());
                    all_done.wait();
                    all_done.wait();
                });
            }
            all_done.wait();
            let kept = resident().saturating_sub(before);
            all_done.wait();
            assert!(kept < u64::from(2 * cost.memory_kib), "{kept} KiB are kept");
        });
    }
}
