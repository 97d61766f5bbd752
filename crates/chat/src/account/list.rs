//! Accounts as whoever runs the server sees them.

use crate::account::{ServerRole, sql};
use crate::chat::Chat;
use crate::error::Result;
use crate::id::UserId;
use crate::text::{DisplayName, Username, fold};
use crate::time::Time;

/// Accounts that are read at once.
const PAGE: i64 = 500;

/// An account as whoever runs the server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: UserId,
    /// The name to sign in with.
    pub username: Username,
    /// How the person wants to be called.
    pub display_name: DisplayName,
    /// What they are on this server.
    pub role: ServerRole,
    /// When the account was made.
    pub created_at: Time,
    /// Since when it may not sign in, if so.
    pub disabled_at: Option<Time>,
    /// Devices that are signed in.
    pub sessions: i64,
    /// When one of them was last used, to within a few minutes.
    pub last_used_at: Option<Time>,
}

impl Chat {
    /// The account of this name, however it is written.
    pub async fn account(&self, name: &str) -> Result<Option<Account>> {
        let key = fold(name);
        let found = self.read(async |conn| sql::accounts_from(conn, &key, 1).await).await?;
        Ok(found.into_iter().find(|account| fold(account.username.as_str()) == key))
    }

    /// Some accounts in the order of their names: those after the one of this name, from the first without one. Empty when
    /// there are no more.
    pub async fn accounts_after(&self, name: Option<&Username>) -> Result<Vec<Account>> {
        // No name holds it: this is the first text after the name itself.
        let from = name.map(|name| format!("{}\u{1}", fold(name.as_str()))).unwrap_or_default();
        self.read(async |conn| sql::accounts_from(conn, &from, PAGE).await).await
    }
}
