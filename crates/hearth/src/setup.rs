//! The one-time code that keeps a stranger from owning a server that is reachable before its owner has signed up.

use anyhow::{Context as _, Result};

/// Letters and digits that are not mistaken for each other when they are read from a log and typed.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// 16 characters of 5 bits: 80 bits, far beyond guessing within the sign-up limit.
const LENGTH: usize = 16;

/// The code of this start of the server. It is told in the log, once, and is worthless when the server has its owner.
pub(crate) struct SetupCode(String);

impl SetupCode {
    /// A code that nobody has seen yet.
    pub(crate) fn generate() -> Result<Self> {
        let mut random = [0_u8; LENGTH];
        getrandom::fill(&mut random).context("the system has no randomness")?;
        let letters = random.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        Ok(Self(letters.iter().collect()))
    }

    /// What somebody has typed, without what typing adds.
    pub(crate) fn tidy(given: &str) -> String {
        given.trim().to_ascii_uppercase()
    }

    /// The code, to be told to whoever can read the log.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_was_typed_in_haste_is_the_code() {
        let code = SetupCode::generate().unwrap();
        assert_eq!(SetupCode::tidy(&format!(" {}\n", code.expose().to_lowercase())), code.expose());
    }

    #[test]
    fn every_start_has_a_code_of_its_own() {
        assert_ne!(SetupCode::generate().unwrap().expose(), SetupCode::generate().unwrap().expose());
    }
}
