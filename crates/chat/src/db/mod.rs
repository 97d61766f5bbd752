//! The database: one SQL text for SQLite and PostgreSQL.

mod backup;
mod bulk;
mod fault;
mod lock;
mod migrate;
mod open;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

use sqlx::{PgConnection, SqliteConnection};

pub use backup::{BackupError, Sessions};
pub(crate) use bulk::{Bulk, chunks};
pub(crate) use fault::Fault;
pub use lock::Lock;
pub use open::{Database, OpenError, Prepare};
pub(crate) use open::{Db, Opening};
pub(crate) use reader::Reading;
pub(crate) use writer::Writer;

/// A connection of either kind, inside a transaction.
pub(crate) enum Conn<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'c mut PgConnection),
}

/// Runs one expression on whichever database it is: written once, checked by the compiler for both.
macro_rules! on_db {
    ($db:expr, $conn:ident => $body:expr) => {
        match $db {
            $crate::db::Conn::Sqlite(connection) => {
                let $conn: &mut sqlx::SqliteConnection = &mut **connection;
                $body
            }
            $crate::db::Conn::Postgres(connection) => {
                let $conn: &mut sqlx::PgConnection = &mut **connection;
                $body
            }
        }
    };
}
pub(crate) use on_db;
