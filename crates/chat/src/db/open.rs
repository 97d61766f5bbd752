//! Opening a database: connecting, checking that it keeps what it is given, migrating.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, SqlitePool};

use super::fault::said;
use super::migrate::migrate;
use super::{Conn, Reading, Writer};
use crate::error::Error;
use crate::time::Time;

/// Read connections on SQLite: each is a thread; more than a few only wait for the same disk.
const SQLITE_READERS: u32 = 4;
/// Read connections on PostgreSQL.
const POSTGRES_READERS: u32 = 8;
/// An unused read connection is closed after this.
const READER_IDLE: Duration = Duration::from_secs(300);
/// Every statement of ours finds its rows by an index. PostgreSQL keeps the plan of a prepared one, and one that it made while
/// the tables were small reads all of a table for every row long after they are not: measured, up to 290 µs of its CPU for a
/// message instead of 25. These costs rule such plans out; statements whose costs look so high must not be compiled, either.
const PLANS: [(&str, &str); 4] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("jit", "off")];
/// Prepared statements kept per connection: all there are, with their chunk sizes.
const STATEMENTS: usize = 256;

/// Where the data lives.
#[derive(Clone)]
pub enum Database {
    /// A file of ours; it and its folder are made if they are missing.
    Sqlite(PathBuf),
    /// A PostgreSQL server: `postgres://user:password@host:port/database`.
    Postgres(String),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            // The address may hold a password.
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

/// Why the database cannot be used: each one sentence for whoever starts the server.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the database file cannot be made.
    #[error("the data folder {} cannot be made: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is something else where the folder should be.
    #[error("{} is not a folder: name the one that the database lies in", .0.display())]
    NoFolder(PathBuf),
    /// The folder or the file cannot be written to.
    #[error("the database {} cannot be written to: {reason}", .path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system or the database said.
        reason: String,
    },
    /// The address of the PostgreSQL server makes no sense.
    #[error("the database address is not of the form postgres://user:password@host:port/database")]
    Address,
    /// A newer program has written this database.
    #[error(
        "the database was written by a newer version of this program (it knows the change {found:?}, this version ends with {known:?}): start that version, or restore a backup from before it"
    )]
    Newer {
        /// A migration that this program does not know.
        found: String,
        /// The newest that it knows.
        known: &'static str,
    },
    /// An older program has written this database, and perhaps still does.
    #[error(
        "the database is of an older version, and only the server brings it up to date: back it up, then start the server with this version"
    )]
    Older,
    /// Nothing has been written yet.
    #[error("the database is empty: start the server on it first")]
    Empty,
    /// The database would acknowledge what it may lose.
    #[error("the database does not keep what it acknowledges: {setting} is {found:?}, must be {wanted:?}")]
    NotDurable {
        /// Which setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The database cannot hold every text.
    #[error("the database's encoding is {0}, must be UTF8: create it with ENCODING 'UTF8'")]
    Encoding(String),
    /// The database does not hold what it should.
    #[error("the database's contents cannot be read: {0}")]
    Content(String),
    /// The password cost makes no sense.
    #[error("passwords cannot be hashed at this cost: {0}")]
    Passwords(String),
    /// The database cannot be reached, or lets nobody in.
    #[error("the database {place} cannot be opened: {said}")]
    Closed {
        /// Which: the file, or `at` a server's host, port and database.
        place: String,
        /// What the system or the database said.
        said: String,
    },
    /// Anything else that the database said.
    #[error("the database cannot be opened: {0}")]
    Database(String),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(said(&error))
    }
}

impl OpenError {
    /// The server lets nobody in, or there is none.
    pub(super) fn closed(server: &PgConnectOptions, error: &sqlx::Error) -> Self {
        let host = server.get_socket().map_or_else(|| server.get_host().into(), |socket| socket.to_string_lossy());
        let database = server.get_database().unwrap_or(server.get_username());
        Self::Closed { place: format!("at {host}:{}/{database}", server.get_port()), said: said(error) }
    }
}

/// How a database is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    /// Longest that one statement may take.
    pub(crate) statement: Duration,
    pub(crate) now: Time,
    pub(crate) prepare: Prepare,
}

/// What may be done to a database before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepare {
    /// One of an older version is brought up to date: the server's part.
    Fully,
    /// An empty one is filled with what must be there; one of an older version is refused.
    IfEmpty,
    /// It stays as it is: one that is empty or of an older version is refused.
    Not,
}

/// An open database: a pool to read from, and what it takes to open a lane's own connection.
pub(crate) enum Db {
    /// SQLite.
    Sqlite { options: Box<SqliteConnectOptions>, readers: SqlitePool },
    /// PostgreSQL.
    Postgres { options: Box<PgConnectOptions>, readers: PgPool },
}

impl Db {
    /// Connect, check, migrate, and see to what must be there from the first start on; the last two in one
    /// transaction.
    pub(crate) async fn open<T>(
        database: &Database,
        opening: Opening,
        found: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T, Error>,
    ) -> Result<(Self, T), OpenError> {
        let Opening { statement, now, prepare } = opening;
        let (db, mut writer) = match database {
            Database::Sqlite(path) => Self::open_sqlite(path, statement).await?,
            Database::Postgres(url) => Self::open_postgres(url, statement).await?,
        };
        migrate(&mut writer.conn(), now, prepare).await?;
        let found = found(&mut writer.conn()).await.map_err(|error| OpenError::Content(error.to_string()))?;
        match prepare {
            // A restored copy gets its epoch from its server.
            Prepare::Not => writer.rollback().await?,
            Prepare::Fully | Prepare::IfEmpty => writer.commit().await?,
        }
        writer.close().await?;
        Ok((db, found))
    }

    /// With a connection on which a transaction has begun, so that whether the file can be written to is known.
    async fn open_sqlite(path: &Path, statement: Duration) -> Result<(Self, Writer), OpenError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder)?;
        }
        // It may be there; SQLite itself says what is wrong with one that cannot be made.
        let _ = make_file(path);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(statement)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let readers = PoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(statement)
            .idle_timeout(READER_IDLE)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().optimize_on_close(false, None));
        let db = Self::Sqlite { options: Box::new(options), readers };

        let unwritable = |error: sqlx::Error| match error.as_database_error().and_then(|e| e.code()).as_deref() {
            // SQLITE_READONLY, SQLITE_CANTOPEN and their extended codes.
            Some(code) if code.parse::<u32>().is_ok_and(|code| matches!(code & 0xFF, 8 | 14)) => {
                OpenError::NotWritable { path: path.to_owned(), reason: said(&error) }
            }
            _ => OpenError::Closed { place: path.display().to_string(), said: said(&error) },
        };
        let mut writer = db.writer().await.map_err(unwritable)?;
        if let Writer::Sqlite(connection) = &mut writer {
            let (mode,): (String,) = sqlx::query_as("PRAGMA journal_mode").fetch_one(&mut **connection).await?;
            require("journal_mode", &mode, "wal")?;
            let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous").fetch_one(&mut **connection).await?;
            require("synchronous", &synchronous.to_string(), "2")?;
        }
        writer.begin().await.map_err(unwritable)?;
        Ok((db, writer))
    }

    async fn open_postgres(url: &str, statement: Duration) -> Result<(Self, Writer), OpenError> {
        let milliseconds = statement.as_millis().to_string();
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| OpenError::Address)?
            .application_name("hearth")
            .options([
                ("synchronous_commit", "on"),
                ("statement_timeout", milliseconds.as_str()),
                ("idle_in_transaction_session_timeout", "10000"),
            ])
            .options(PLANS)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let readers = PoolOptions::new()
            .max_connections(POSTGRES_READERS)
            .acquire_timeout(statement)
            .idle_timeout(READER_IDLE)
            .connect_lazy_with(options.clone());
        let mut writer =
            Writer::Postgres(Box::new(options.connect().await.map_err(|error| OpenError::closed(&options, &error))?));
        let db = Self::Postgres { options: Box::new(options), readers };
        if let Writer::Postgres(connection) = &mut writer {
            let (commit,): (String,) = sqlx::query_as("SHOW synchronous_commit").fetch_one(&mut **connection).await?;
            require("synchronous_commit", &commit, "on")?;
            let (encoding,): (String,) = sqlx::query_as("SHOW server_encoding").fetch_one(&mut **connection).await?;
            if encoding != "UTF8" {
                return Err(OpenError::Encoding(encoding));
            }
            let (fsync,): (String,) = sqlx::query_as("SHOW fsync").fetch_one(&mut **connection).await?;
            if fsync != "on" {
                tracing::warn!("PostgreSQL runs with fsync off: a power cut loses acknowledged messages");
            }
        }
        writer.begin().await?;
        Ok((db, writer))
    }

    /// A connection for a lane.
    pub(crate) async fn writer(&self) -> Result<Writer, sqlx::Error> {
        Ok(match self {
            Self::Sqlite { options, .. } => Writer::Sqlite(Box::new(options.connect().await?)),
            Self::Postgres { options, .. } => Writer::Postgres(Box::new(options.connect().await?)),
        })
    }

    /// A snapshot to read from.
    pub(crate) async fn reading(&self) -> Result<Reading, sqlx::Error> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Reading::Sqlite(readers.begin().await?),
            Self::Postgres { readers, .. } => {
                Reading::Postgres(readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Has PostgreSQL look at what the messages are like. It plans by that, and until autovacuum comes by, within a minute, it
    /// would take a table that has grown for the small one that it was, and read whole channels for a single message.
    pub(crate) async fn renew_statistics(&self) {
        let Self::Postgres { readers, .. } = self else { return };
        if let Err(error) = sqlx::raw_sql("ANALYZE message").execute(readers).await {
            tracing::debug!(%error, "the statistics of messages are not renewed");
        }
    }

    /// Close the readers.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { readers, .. } => readers.close().await,
            Self::Postgres { readers, .. } => readers.close().await,
        }
    }
}

/// Make the data folder for its owner alone: it holds password hashes.
pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => OpenError::NoFolder(folder.to_owned()),
        _ => OpenError::Folder { path: folder.to_owned(), source },
    })
}

/// Make the database file for its owner alone, whoever may enter a folder that was there before; what SQLite lays beside
/// it gets the same mode.
pub(super) fn make_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

pub(super) fn require(setting: &'static str, found: &str, wanted: &'static str) -> Result<(), OpenError> {
    if found.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(OpenError::NotDurable { setting, found: found.to_owned(), wanted })
}
