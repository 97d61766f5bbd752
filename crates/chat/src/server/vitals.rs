//! How the server stands, for whoever looks after it.

use std::time::Duration;

use crate::chat::Chat;
use crate::error::Result;
use crate::server::{MEMBERS_MAX, sql};
use crate::time::Time;

/// Sessions that were used this lately say where people come from.
const LATELY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How the server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    /// Accounts.
    pub accounts: i64,
    /// People who used a session in the last seven days.
    pub people: i64,
    /// Addresses that they came from.
    pub addresses: i64,
    /// One of these.
    pub address: Option<String>,
    /// The latest time that anything was stored at: a clock before it goes wrong, or went.
    pub latest: Option<Time>,
    /// The clock of a database on another machine, and the database's size in bytes.
    pub database: Option<(Time, i64)>,
}

impl Chat {
    /// How many have an account and are not disabled, counted up to a thousand.
    pub async fn members(&self) -> Result<u32> {
        let count = self.read(async |conn| sql::members(conn, MEMBERS_MAX.into()).await).await?;
        Ok(u32::try_from(count).unwrap_or(MEMBERS_MAX))
    }

    /// How the server stands.
    pub async fn vitals(&self) -> Result<Vitals> {
        let since = self.now().before(LATELY);
        self.read(async |conn| {
            let (people, addresses, address) = sql::origins(conn, since).await?;
            Ok(Vitals {
                accounts: sql::accounts(conn).await?,
                people,
                addresses,
                address,
                latest: sql::latest(conn).await?,
                database: sql::clock_and_size(conn).await?,
            })
        })
        .await
    }
}
