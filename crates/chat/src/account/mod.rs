//! Accounts: who may sign in, and how a password is kept.

mod change_password;
mod disable;
mod hand_over;
mod list;
mod login;
mod password;
mod set_password;
mod signup;
pub(crate) mod sql;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::chat::Chat;
use crate::error::Result;
use crate::id::{SessionId, UserId};
use crate::session::Token;
use crate::text::{DisplayName, PASSWORD_LENGTH, Password, Username, fold};
use crate::wire::{payload, wire};

pub use list::Account;
pub use password::PasswordCost;
pub(crate) use password::Passwords;
pub use signup::{Door, NewAccount};

payload! {
    /// Body of `POST /api/signup`.
    pub struct SignUp {
        /// The name to sign in with.
        pub username: Username,
        /// The password to sign in with.
        pub password: Password,
        /// How to be called; the user name if absent.
        pub display_name: Option<DisplayName>,
        /// What a member handed out, where sign-up is by invitation.
        pub invite_code: Option<String>,
        /// What the server printed at its start, for the first account of a server that others can reach.
        pub setup_code: Option<String>,
    }
}

payload! {
    /// Body of `POST /api/login`. Any text is taken, so that a wrong name and a wrong password are refused alike.
    pub struct LogIn {
        /// The user name.
        pub username: String,
        /// The password.
        pub password: Secret,
    }
}

payload! {
    /// Body of `POST /api/password`.
    pub struct ChangePassword {
        /// The password until now. Any text is taken, as at sign-in.
        pub current: Secret,
        /// The password from now on.
        pub new: Password,
    }
}

/// Most characters of a typed user name that are looked at: no name is as long, even before it is folded.
const TYPED_NAME_MAX: usize = 256;

impl LogIn {
    /// What the account is looked up by: one key for every way of writing a name. Whoever counts attempts counts by it,
    /// or each spelling would have a count of its own.
    pub fn name_key(&self) -> String {
        // NUL is in no name, and PostgreSQL refuses it in a text.
        let typed: String = self.username.replace('\0', "\u{FFFD}").chars().take(TYPED_NAME_MAX).collect();
        fold(&typed)
    }
}

/// A password of any shape, as sign-in takes it. Serialises nowhere and shows itself to no log.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for verification. What is longer than any password that there is comes cut to one character
    /// more, so that its length costs nobody anything.
    pub fn expose(&self) -> String {
        self.0.chars().take(PASSWORD_LENGTH.1 + 1).collect()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What somebody is on the server as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum ServerRole {
    /// The one to whom the server belongs.
    Owner,
    /// Everybody else.
    Member,
}

wire! {
    /// Oneself: the answer of `POST /api/signup`, `POST /api/login` and `GET /api/self`.
    pub struct OwnUser {
        /// Identity.
        pub id: UserId,
        /// The name to sign in with.
        pub username: Username,
        /// How to be called.
        pub display_name: DisplayName,
        /// What one is on this server.
        pub role: ServerRole,
        /// What one has set for oneself.
        pub settings: Settings,
    }
}

/// What somebody has set for themselves. Nothing can be set yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "object"))]
pub struct Settings {}

/// Somebody who has just signed up or in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Oneself.
    pub user: OwnUser,
    /// The device.
    pub session: SessionId,
    /// The secret for its cookie.
    pub token: Token,
}

/// What another process on the same database may have changed, so that nobody was told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Access {
    /// How often who may sign in was changed. When it moves, sessions may have ended.
    pub rev: i64,
    /// Whom the server belongs to.
    pub owner: Option<UserId>,
}

impl Chat {
    /// What may have been changed beside this server.
    pub async fn access(&self) -> Result<Access> {
        self.read(async |conn| sql::access(conn).await).await
    }

    /// Oneself. Nothing if the account is gone.
    pub async fn own_user(&self, user: UserId) -> Result<Option<OwnUser>> {
        self.read(async |conn| sql::own(conn, user).await).await
    }

    /// Whether nobody has an account yet.
    pub async fn is_empty(&self) -> Result<bool> {
        self.read(async |conn| sql::nobody(conn).await).await
    }

    /// Whether the server belongs to somebody.
    pub async fn has_owner(&self) -> Result<bool> {
        self.read(async |conn| sql::has_owner(conn).await).await
    }

    /// How many passwords were hashed or verified since the start.
    pub fn password_checks(&self) -> u64 {
        self.passwords().checks()
    }
}
