//! A copy of the whole database, taken while a server works on it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::fault::said;
use super::open::make_file;
use super::{Database, OpenError};
use crate::id::Epoch;

/// What a copy shall hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// Who is signed in is signed in on the restored server too, also whoever has been signed out since.
    Keep,
    /// Everybody signs in again.
    Forget,
}

/// Why there is no copy: each one sentence for whoever asked for it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something at its place.
    #[error("{} is there already: name a file that is not", .0.display())]
    Exists(PathBuf),
    /// There is nothing to copy.
    #[error("there is no database at {}", .0.display())]
    Nothing(PathBuf),
    /// SQLite would take the copy for a part of the database.
    #[error("{} is a file of the database itself: choose another name", .0.display())]
    Part(PathBuf),
    /// It cannot be reached, or its address makes no sense.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file cannot be written.
    #[error("{} cannot be written: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `pg_dump` cannot be run.
    #[error(
        "pg_dump, which copies a PostgreSQL database, cannot be run: {0} (it comes with PostgreSQL's client programs)"
    )]
    NoDump(std::io::Error),
    /// `pg_dump` gave up.
    #[error("pg_dump failed: {0}")]
    Dump(String),
    /// The copy is not what it should be.
    #[error("the copy is damaged and was removed: {0}")]
    Damaged(String),
    /// The database said something else.
    #[error("the database cannot be copied: {0}")]
    Database(String),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(said(&error))
    }
}

impl Database {
    /// Write a consistent copy to `file`, which must not exist. The copy has no epoch; a server that is restored from it
    /// draws its own at its first start, so that clients drop what they know. From SQLite it is a database file, from PostgreSQL the SQL
    /// that `pg_dump` writes.
    pub async fn backup(&self, file: &Path, sessions: Sessions) -> Result<(), BackupError> {
        if file.exists() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        if let Self::Sqlite(path) = self
            && !path.exists()
        {
            return Err(BackupError::Nothing(path.clone()));
        }
        if let Self::Sqlite(path) = self
            && is_part(file, path)
        {
            return Err(BackupError::Part(file.to_owned()));
        }
        let failed = |source| BackupError::File { path: file.to_owned(), source };
        // Under a name that nobody has: nothing is replaced or removed but what was made here. Password hashes are nobody
        // else's. SQLite takes an empty file as none.
        let number = getrandom::u64().map_err(|error| failed(std::io::Error::other(error)))?;
        let partial = file.with_added_extension(format!("{number:016x}.partial"));
        make_file(&partial).map_err(failed)?;
        let copied = match self {
            Self::Sqlite(path) => copy_sqlite(path, &partial, sessions).await,
            Self::Postgres(url) => copy_postgres(url, &partial, sessions).await,
        };
        let kept = copied.and_then(|()| {
            std::fs::File::open(&partial).and_then(|copy| copy.sync_all()).map_err(failed)?;
            name(&partial, file)
        });
        if kept.is_err() {
            let _ = std::fs::remove_file(&partial);
        }
        kept
    }
}

/// Whether SQLite keeps a part of the database under that name, now or while somebody writes: it would replace what it finds.
fn is_part(file: &Path, database: &Path) -> bool {
    let folder = |path: &Path| path.parent().map(|folder| std::fs::canonicalize(Path::new(".").join(folder)).ok());
    let (Some(name), Some(whole)) = (file.file_name(), database.file_name()) else { return false };
    let part = name.as_encoded_bytes().strip_prefix(whole.as_encoded_bytes());
    part.is_some_and(|part| [&b"-wal"[..], b"-shm", b"-journal"].contains(&part)) && folder(file) == folder(database)
}

/// Gives the copy its name, unless somebody has taken it meanwhile.
fn name(partial: &Path, file: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: file.to_owned(), source };
    match std::fs::hard_link(partial, file) {
        Ok(()) => std::fs::remove_file(partial).map_err(failed),
        Err(_) if file.exists() => Err(BackupError::Exists(file.to_owned())),
        // There are file systems without links.
        Err(_) => std::fs::rename(partial, file).map_err(failed),
    }
}

/// `VACUUM INTO` reads one snapshot; a server goes on writing meanwhile.
async fn copy_sqlite(path: &Path, copy: &Path, sessions: Sessions) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: copy.to_owned(), source };
    let source = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut connection = source
        .connect()
        .await
        .map_err(|error| OpenError::Closed { place: path.display().to_string(), said: said(&error) })?;
    let begun = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'server'";
    if sqlx::query_scalar::<_, i64>(begun).fetch_one(&mut connection).await? == 0 {
        return Err(OpenError::Empty.into());
    }
    let name = copy.to_str().ok_or_else(|| failed(std::io::ErrorKind::InvalidFilename.into()))?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await?;
    connection.close().await?;

    let mut connection = SqliteConnectOptions::new().filename(copy).disable_statement_logging().connect().await?;
    sqlx::query("UPDATE server SET epoch = $1").bind(Epoch::NONE).execute(&mut connection).await?;
    if sessions == Sessions::Forget {
        // What is deleted stays readable in the file unless it is overwritten.
        sqlx::query("PRAGMA secure_delete = ON").execute(&mut connection).await?;
        sqlx::query("DELETE FROM session").execute(&mut connection).await?;
    }
    let (verdict,): (String,) = sqlx::query_as("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    if verdict == "ok" { Ok(()) } else { Err(BackupError::Damaged(verdict)) }
}

/// `pg_dump` reads one snapshot too. What makes the copy another is said at its end, in the same transaction for whoever
/// restores it in one.
async fn copy_postgres(url: &str, copy: &Path, sessions: Sessions) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: copy.to_owned(), source };
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Address)?.disable_statement_logging();
    let mut connection = options.connect().await.map_err(|error| OpenError::closed(&options, &error))?;
    let begun = "SELECT CAST(quote_ident(current_schema()) AS TEXT), to_regclass('server') IS NOT NULL";
    let (schema, has_begun): (String, bool) = sqlx::query_as(begun).fetch_one(&mut connection).await?;
    connection.close().await?;
    if !has_begun {
        return Err(OpenError::Empty.into());
    }

    let dump = std::fs::File::options().append(true).open(copy).map_err(failed)?;
    let (address, password) = without_password(url);
    let mut command = Command::new("pg_dump");
    command.args(["--format=plain", "--no-owner", "--no-privileges", "--encoding=UTF8"]);
    if sessions == Sessions::Forget {
        command.arg(format!("--exclude-table-data={schema}.session"));
    }
    // Whoever lists processes reads their arguments.
    command.arg("--dbname").arg(address).envs(password.map(|password| ("PGPASSWORD", password)));
    command.stdin(Stdio::null()).stdout(dump.try_clone().map_err(failed)?).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .map_err(|error| BackupError::Dump(error.to_string()))?;
    let output = output.map_err(BackupError::NoDump)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(BackupError::Dump(said.lines().next().unwrap_or("without a word").to_owned()));
    }
    let epoch = Epoch::NONE.as_uuid();
    let mut end = format!(
        "\n-- A restored server is another one: its clients drop what they know.\nUPDATE {schema}.server SET epoch = '{epoch}';\n"
    );
    if sessions == Sessions::Forget {
        end.push_str(&format!("DELETE FROM {schema}.session;\n"));
    }
    (&dump).write_all(end.as_bytes()).map_err(failed)
}

/// The address as it may be seen, as `pg_dump` knows it, and the password that stood in it.
fn without_password(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.find('/').map_or(rest, |end| &rest[..end]);
    let credentials = authority.rsplit_once('@').map(|(credentials, _)| credentials);
    let (address, mut password) = match credentials.and_then(|credentials| credentials.split_once(':')) {
        Some((user, password)) => {
            let length = user.len() + 1 + password.len();
            (format!("{scheme}://{user}{}", &rest[length..]), Some(decoded(password)))
        }
        None => (format!("{scheme}://{rest}"), None),
    };
    let mut kept = Vec::new();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            // Of our driver alone.
            "statement-cache-capacity" => {}
            "password" => password = Some(decoded(value)),
            // Which knows these under two names.
            "ssl-mode" | "ssl-root-cert" | "ssl-cert" | "ssl-key" => {
                kept.push(format!("{}={value}", key.replace('-', "")));
            }
            _ => kept.push(format!("{key}={value}")),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    (format!("{address}{query}"), password)
}

/// Without the `%41` of an address.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use testkit::database::{Location, TempDatabase};

    use super::*;
    use crate::test_world::{World, options};

    async fn epoch_of(file: &Path) -> Epoch {
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        sqlx::query_scalar("SELECT epoch FROM server").fetch_one(&mut connection).await.unwrap()
    }

    #[test]
    fn a_password_does_not_stand_among_the_arguments() {
        for (url, seen, password) in [
            ("postgres://ann:p%40ss@host:5432/db", "postgres://ann@host:5432/db", Some("p@ss")),
            ("postgres://ann@host/db?sslmode=require", "postgres://ann@host/db?sslmode=require", None),
            ("postgres://ann:a:b@host/db?x=y@z", "postgres://ann@host/db?x=y@z", Some("a:b")),
            ("postgres:///db", "postgres:///db", None),
            ("postgres://h/db?statement-cache-capacity=9&ssl-mode=require", "postgres://h/db?sslmode=require", None),
            ("postgres://ann@h/db?password=s3cret", "postgres://ann@h/db", Some("s3cret")),
        ] {
            assert_eq!(without_password(url), (seen.to_owned(), password.map(ToOwned::to_owned)), "{url}");
        }
    }

    #[tokio::test]
    async fn a_copy_of_an_sqlite_database_opens_as_another_server() {
        let world = World::sqlite().await;
        let ann = world.person("ann").await;
        ann.say(world.chat.general(), "kept").await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy.db");
        let database = options(&world.database).database;
        for (sessions, signed_in) in [(Sessions::Keep, true), (Sessions::Forget, false)] {
            database.backup(&file, sessions).await.unwrap();
            let again = database.backup(&file, sessions).await.unwrap_err();
            assert!(matches!(again, BackupError::Exists(_)), "{again}");
            assert_eq!(epoch_of(&file).await, Epoch::NONE, "it draws its own at its first start");

            let restored = TempDatabase::sqlite();
            let Location::Sqlite(path) = restored.location() else { unreachable!() };
            std::fs::rename(&file, path).unwrap();
            let copy = World::on(Arc::new(restored)).await;
            assert_eq!(copy.chat.authenticate(&ann.token).await.unwrap().is_some(), signed_in, "{sessions:?}");
            let there = copy.log_in("ann").await;
            assert_eq!(there.contents(copy.chat.general()).await, ["kept"]);
        }
        let nothing = Database::Sqlite(folder.path().join("none.db")).backup(&file, Sessions::Keep).await.unwrap_err();
        assert!(matches!(nothing, BackupError::Nothing(_)), "{nothing}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half-made stays");
    }

    #[tokio::test]
    async fn a_copy_of_a_postgresql_database_is_restored_as_the_documentation_says() {
        let world = World::postgres().await;
        let ann = world.person("ann").await;
        ann.say(world.chat.general(), "kept").await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy.sql");
        let database = options(&world.database).database;
        database.backup(&file, Sessions::Keep).await.unwrap();
        ann.say(world.chat.general(), "late").await;
        let again = database.backup(&file, Sessions::Keep).await.unwrap_err();
        assert!(matches!(again, BackupError::Exists(_)), "{again}");

        let empty = TempDatabase::postgres().await;
        let Location::Postgres(url) = empty.location() else { unreachable!() };
        // What psql does not know.
        let url = url.split('?').next().unwrap();
        let restored = Command::new("psql")
            .args(["--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--file"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        let copy = World::on(Arc::new(empty)).await;
        let there = copy.log_in("ann").await;
        assert_eq!(there.contents(copy.chat.general()).await, ["kept"]);
        let epoch = |answer: serde_json::Value| answer["epoch"].clone();
        let ask = || serde_json::json!({ "channels": {} });
        // The clock of these tests gives every world the same ids, so it shows only that the copy had none and got one.
        let none = serde_json::json!(Epoch::NONE);
        assert!(std::fs::read_to_string(&file).unwrap().contains(none.as_str().unwrap()), "the copy has no epoch");
        assert_ne!(epoch(there.get("message:sync", ask()).await), none);
        assert!(copy.chat.authenticate(&ann.token).await.unwrap().is_some(), "who was signed in is");
    }
}
