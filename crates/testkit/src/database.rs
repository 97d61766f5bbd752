//! Databases of either kind, fresh for each test and gone after it.

use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

/// Names the PostgreSQL server for tests: `postgres://postgres@127.0.0.1:PORT/postgres`.
pub const POSTGRES_VARIABLE: &str = "HEARTH_TEST_POSTGRES";

/// A database of its own, gone when this is dropped.
pub struct TempDatabase {
    place: Place,
}

enum Place {
    Sqlite { path: PathBuf, _folder: TempDir },
    Postgres { server: Box<PgConnectOptions>, name: String, url: String },
}

/// Where a database is.
#[derive(Debug, Clone, Copy)]
pub enum Location<'a> {
    /// A file, which need not exist yet.
    Sqlite(&'a Path),
    /// An address: `postgres://…`.
    Postgres(&'a str),
}

impl TempDatabase {
    /// A file in a folder of its own. The file is not made yet.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder for temporary files");
        Self { place: Place::Sqlite { path: folder.path().join("hearth.db"), _folder: folder } }
    }

    /// An empty database on the server that the environment names. Panics where it names none: a test that does not
    /// run must not look as if it had passed.
    pub async fn postgres() -> Self {
        let Ok(address) = std::env::var(POSTGRES_VARIABLE) else {
            panic!(
                "{POSTGRES_VARIABLE} is not set: `cargo xtask test` starts a PostgreSQL server and sets it, or set it \
                 to postgres://postgres@127.0.0.1:PORT/postgres of one of your own"
            );
        };
        let server: PgConnectOptions = address.parse().expect("an address of the form postgres://user@host:port/name");
        let name = format!("hearth_test_{}", uuid::Uuid::now_v7().simple());
        let create = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
        run(&server, create).await.expect("a new database on the test server");
        let url = server.clone().database(&name).to_url_lossy().to_string();
        Self { place: Place::Postgres { server: Box::new(server), name, url } }
    }

    /// Where it is.
    pub fn location(&self) -> Location<'_> {
        match &self.place {
            Place::Sqlite { path, .. } => Location::Sqlite(path),
            Place::Postgres { url, .. } => Location::Postgres(url),
        }
    }
}

async fn run(server: &PgConnectOptions, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = server.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}

impl Drop for TempDatabase {
    fn drop(&mut self) {
        let Place::Postgres { server, name, .. } = &self.place else { return };
        let (server, sql) = (server.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
        // The test's own runtime may be on its way down.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(run(&server, sql)))
        });
        // What stays behind is the test server's, which is as temporary; a panic here would hide the test's own.
        let _ = dropped.join();
    }
}
