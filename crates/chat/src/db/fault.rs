//! What a database error means for the transaction in which it came up.

use sqlx::error::ErrorKind;

/// What to do about a database error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Two transactions stood in each other's way (deadlock, serialisation, lock): roll back and run all of it again.
    Repeat,
    /// The statement failed and the connection is fine: its savepoint can be rolled back.
    Statement,
    /// The connection is of no more use.
    Connection,
    /// The disk does not keep what it was given: go on and the promise of durability is a lie.
    Disk,
}

// Primary result codes of SQLite; an extended code holds its primary code in the low byte.
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_NOTADB: u32 = 26;
/// No room for the shared-memory file of the WAL: a full disk, not a broken one.
const SQLITE_IOERR_SHMSIZE: u32 = SQLITE_IOERR | (19 << 8);

/// What the database or the system said, without what the driver puts around it.
pub(super) fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(error) => error.to_string(),
        error => error.to_string(),
    }
}

impl Fault {
    /// Judge an error.
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::ColumnNotFound(_)
                | sqlx::Error::Decode(_)
                | sqlx::Error::Encode(_)
                | sqlx::Error::RowNotFound
                | sqlx::Error::TypeNotFound { .. } => Self::Statement,
                _ => Self::Connection,
            };
        };
        let code = database.code().unwrap_or_default();
        if database.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
            return Self::of_sqlite(code.parse().unwrap_or_default(), &database.kind());
        }
        match &*code {
            // serialization_failure, deadlock_detected, lock_not_available
            "40001" | "40P01" | "55P03" => Self::Repeat,
            // connection_exception, operator_intervention (but 57014, a statement's time is up), system_error
            code if code.starts_with("08") || code.starts_with("58") => Self::Connection,
            code if code.starts_with("57") && code != "57014" => Self::Connection,
            // insufficient_resources such as a full disk: nothing works on this connection's transaction
            code if code.starts_with("53") => Self::Connection,
            _ => Self::Statement,
        }
    }

    fn of_sqlite(code: u32, kind: &ErrorKind) -> Self {
        if !matches!(kind, ErrorKind::Other) {
            return Self::Statement;
        }
        match (code & 0xFF, code) {
            (_, SQLITE_IOERR_SHMSIZE) => Self::Connection,
            (SQLITE_BUSY | SQLITE_LOCKED, _) => Self::Repeat,
            (SQLITE_IOERR | SQLITE_CORRUPT | SQLITE_NOTADB, _) => Self::Disk,
            (SQLITE_FULL | SQLITE_CANTOPEN, _) => Self::Connection,
            _ => Self::Statement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_fsync_error_stops_the_server_and_a_full_disk_does_not() {
        assert_eq!(Fault::of_sqlite(SQLITE_IOERR | (4 << 8), &ErrorKind::Other), Fault::Disk);
        assert_eq!(Fault::of_sqlite(SQLITE_FULL, &ErrorKind::Other), Fault::Connection);
        assert_eq!(Fault::of_sqlite(SQLITE_IOERR_SHMSIZE, &ErrorKind::Other), Fault::Connection);
    }

    #[test]
    fn a_broken_constraint_costs_its_savepoint_alone() {
        assert_eq!(Fault::of_sqlite(2067, &ErrorKind::UniqueViolation), Fault::Statement);
    }
}
