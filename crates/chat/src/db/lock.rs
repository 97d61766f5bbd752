//! One server at a time: two on one database would each deliver only what was said to themselves.

use std::fs::{File, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::time::{Instant, sleep, timeout};

use super::open::make_folder;
use super::{Database, OpenError};

/// Names the lock of PostgreSQL that a server holds in its database: any number that nobody else uses.
const SERVING: i64 = 7_021_994_410_352;
/// How often it is looked whether the lock still stands, and how long that may take.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a lock is waited for: PostgreSQL may take a moment to notice that a server has died, and a command beside the
/// server that makes a database holds the lock meanwhile.
const FREE_WITHIN: Duration = Duration::from_secs(3);
/// How long PostgreSQL may take to answer whoever asks for the lock.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(100);

/// The right to serve a database, held until it is dropped or the process ends, however it ends.
pub struct Lock(Held);

enum Held {
    /// A file beside the database: the system gives its lock back with the process.
    File { _file: File },
    /// A session of PostgreSQL, whose end gives its lock back.
    Session { options: Box<PgConnectOptions>, session: Option<Session> },
}

struct Session {
    connection: PgConnection,
    backend: Backend,
}

/// One process of PostgreSQL, for all time: its number may come again, not at the same moment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Backend {
    pid: i32,
    started: String,
}

impl Database {
    /// Take the right to serve this database. Nothing if another server has it and keeps it for some seconds.
    pub async fn lock(&self) -> Result<Option<Lock>, OpenError> {
        if let Some(lock) = self.try_lock().await? {
            return Ok(Some(lock));
        }
        tracing::info!("the lock of the database is taken: waiting for it for {} s at most", FREE_WITHIN.as_secs());
        let until = Instant::now() + FREE_WITHIN;
        while Instant::now() < until {
            sleep(RETRY).await;
            if let Some(lock) = self.try_lock().await? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Take the right to serve this database, if nobody has it at this moment.
    pub async fn try_lock(&self) -> Result<Option<Lock>, OpenError> {
        match self {
            Self::Sqlite(path) => lock_file(path),
            Self::Postgres(url) => {
                let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Address)?;
                let options = options.application_name("hearth lock").disable_statement_logging();
                let answered = timeout(ANSWERS_WITHIN, Session::open(&options)).await;
                let answered = answered.unwrap_or_else(|_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into())));
                let session = answered.map_err(|error| OpenError::closed(&options, &error))?;
                Ok(session.map(|session| Lock(Held::Session { options: Box::new(options), session: Some(session) })))
            }
        }
    }
}

fn lock_file(path: &Path) -> Result<Option<Lock>, OpenError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let unwritable =
        |error: std::io::Error| OpenError::NotWritable { path: path.to_owned(), reason: error.to_string() };
    let lock = path.with_extension("lock");
    // Whoever can open it could hold it, and keep the server from starting.
    let file = File::options().create(true).append(true).mode(0o600).open(&lock).map_err(unwritable)?;
    std::fs::set_permissions(&lock, Permissions::from_mode(0o600)).map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(Held::File { _file: file }))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unwritable(error)),
    }
}

impl Lock {
    /// Ends when another server has taken the right: the database was away, and the other one was faster. As long as the
    /// database is away nothing is decided.
    pub async fn lost(&mut self) {
        let Held::Session { options, session } = &mut self.0 else { return std::future::pending().await };
        let mut last = None;
        loop {
            if let Some(held) = session {
                sleep(LOOK_EVERY).await;
                if matches!(timeout(LOOK_EVERY, held.ask()).await, Ok(Ok(()))) {
                    continue;
                }
                tracing::warn!("the session that holds the lock on the database is gone: taking the lock again");
                last = session.take().map(|held| held.backend);
            }
            match timeout(LOOK_EVERY, Session::again(options, last.as_ref())).await {
                Ok(Ok(Again::Ours(again))) => {
                    tracing::info!("the lock on the database is held again");
                    *session = Some(again);
                }
                Ok(Ok(Again::Anothers)) => return,
                // Ended by us a moment ago, or the database is away.
                Ok(Ok(Again::Ending) | Err(_)) | Err(_) => sleep(RETRY).await,
            }
        }
    }
}

/// What became of an attempt to take a lock again.
enum Again {
    Ours(Session),
    /// Our own old session had it, which has been told to end.
    Ending,
    Anothers,
}

impl Session {
    async fn open(options: &PgConnectOptions) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = options.connect().await?;
        let (locked,): (bool,) =
            sqlx::query_as("SELECT pg_try_advisory_lock($1)").bind(SERVING).fetch_one(&mut connection).await?;
        if !locked {
            return Ok(None);
        }
        let sql = "SELECT pid, CAST(backend_start AS TEXT) AS started FROM pg_stat_activity \
                   WHERE pid = pg_backend_pid()";
        let backend = sqlx::query_as(sql).fetch_one(&mut connection).await?;
        Ok(Some(Self { connection, backend }))
    }

    /// Take the lock again after its session was lost. Where that session still has it, because PostgreSQL has not
    /// noticed, it is ended.
    async fn again(options: &PgConnectOptions, last: Option<&Backend>) -> Result<Again, sqlx::Error> {
        if let Some(session) = Self::open(options).await? {
            return Ok(Again::Ours(session));
        }
        let mut connection = options.connect().await?;
        // The two halves of a 64-bit number, as pg_locks shows it.
        let sql = "SELECT a.pid, CAST(a.backend_start AS TEXT) AS started FROM pg_locks l \
                   JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database \
                   WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database() \
                   AND (CAST(l.classid AS BIGINT) << 32) + CAST(l.objid AS BIGINT) = $1";
        let holder: Option<Backend> = sqlx::query_as(sql).bind(SERVING).fetch_optional(&mut connection).await?;
        match holder {
            Some(holder) if Some(&holder) == last => {
                sqlx::query("SELECT pg_terminate_backend($1)").bind(holder.pid).execute(&mut connection).await?;
                Ok(Again::Ending)
            }
            Some(_) => Ok(Again::Anothers),
            None => Ok(Again::Ending),
        }
    }

    async fn ask(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(&mut self.connection).await.map(drop)
    }
}
