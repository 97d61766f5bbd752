//! Invitations: codes by which a set number of people may sign up, for a set time.

mod create;
mod revoke;
pub(crate) mod sql;

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use crate::chat::Chat;
use crate::error::{Error, Result};
use crate::id::InviteId;
use crate::time::{Environment, Time};

/// Letters and digits that are not mistaken for each other when they are read out and typed: 5 bits each.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of a code: 80 bits, far beyond guessing.
const CODE_LENGTH: usize = 16;
/// Characters between two dashes, for whoever reads a code out.
const GROUP: usize = 4;
/// Invitations that a list holds at most: more than anybody looks through.
pub const LIST_MAX: i64 = 1_000;

/// An invitation, without its code: only the hash of that is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Invite {
    /// Identity.
    pub id: InviteId,
    /// How many have signed up with it.
    pub uses: i64,
    /// How many may.
    pub max_uses: i64,
    /// When it was made.
    pub created_at: Time,
    /// From when on it is worth nothing.
    pub expires_at: Time,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
}

/// What an invitation is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteState {
    /// Somebody may sign up with it.
    Good,
    /// As many as may have signed up.
    UsedUp,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl Invite {
    /// What it is worth now.
    pub fn state(&self, now: Time) -> InviteState {
        if self.revoked_at.is_some() {
            InviteState::Revoked
        } else if self.expires_at <= now {
            InviteState::Expired
        } else if self.uses >= self.max_uses {
            InviteState::UsedUp
        } else {
            InviteState::Good
        }
    }
}

/// What is handed out. Shows itself to no log.
pub struct InviteCode(String);

impl InviteCode {
    fn new(env: &Environment) -> Self {
        let letters = env.random::<CODE_LENGTH>().map(|byte| ALPHABET[usize::from(byte) % ALPHABET.len()]);
        let groups: Vec<_> = letters.chunks(GROUP).map(String::from_utf8_lossy).collect();
        Self(groups.join("-"))
    }

    /// The code itself, in groups: `ABCD-EFGH-JKLM-NPQR`.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InviteCode(…)")
    }
}

/// The hash of a code, however it was typed; nothing if no code was.
pub(crate) fn hash(typed: &str) -> Option<[u8; 32]> {
    let code: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    (!code.is_empty()).then(|| Sha256::digest(code).into())
}

pub(crate) fn needed() -> Error {
    Error::invalid_field("inviteCode", "required", "this server takes new accounts by invitation")
}

pub(crate) fn not_good() -> Error {
    Error::invalid_field("inviteCode", "invalid", "is used up, over, or none of this server's")
}

impl Chat {
    /// Every invitation, the newest first: at most [`LIST_MAX`].
    pub async fn invites(&self) -> Result<Vec<Invite>> {
        self.read(async |conn| sql::all(conn, LIST_MAX).await).await
    }
}
