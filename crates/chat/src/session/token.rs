//! The secret that a device holds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::time::Environment;

/// 256 random bits as text. Serialises nowhere and shows itself to no log; only its SHA-256 is stored, so that whoever
/// reads the database cannot sign in with what is there.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    pub(crate) fn new(env: &Environment) -> Self {
        Self(URL_SAFE_NO_PAD.encode(env.random::<32>()))
    }

    /// The secret itself, for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Self::hash_of(&self.0)
    }

    pub(crate) fn hash_of(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}
