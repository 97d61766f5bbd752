//! Migrations: the same steps for both databases, each applied once, in order.

use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::{Conn, OpenError, Prepare, on_db};
use crate::seeded::Seeded;
use crate::time::Time;

/// One step of the schema.
pub(super) struct Migration {
    pub(super) name: &'static str,
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// Every step, oldest first. Both folders must hold each, or this does not compile.
        pub(super) const MIGRATIONS: &[Migration] = &[$(Migration {
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),*];
    };
}

migrations!["0001_start", "0002_access", "0003_making"];

/// Names the lock under which PostgreSQL lets one server at a time migrate: any number that nobody else uses.
const MIGRATING: i64 = 7_021_994_410_351;

/// Bring the database up to this program, inside the transaction of `conn`. Refuses a database that a newer program
/// has written, and one of an older program or without anything unless it may be changed.
pub(super) async fn migrate(conn: &mut Conn<'_>, now: Time, prepare: Prepare) -> Result<(), OpenError> {
    if let Conn::Postgres(connection) = conn {
        // Two servers that start at once migrate one after the other; a large table may take its time.
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATING).execute(&mut **connection).await?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut **connection).await?;
    }
    let create = "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)";
    on_db!(conn, c => sqlx::query(create).execute(c).await.map(drop))?;
    let applied: Vec<(String,)> =
        on_db!(conn, c => sqlx::query_as("SELECT name FROM migration ORDER BY name").fetch_all(c).await)?;

    if let Some((unknown,)) = applied.iter().find(|(name,)| MIGRATIONS.iter().all(|known| known.name != name)) {
        let known = MIGRATIONS.last().map_or("none", |newest| newest.name);
        return Err(OpenError::Newer { found: unknown.clone(), known });
    }
    for step in MIGRATIONS {
        if applied.iter().any(|(name,)| name == step.name) {
            continue;
        }
        match prepare {
            Prepare::Not if applied.is_empty() => return Err(OpenError::Empty),
            Prepare::Not | Prepare::IfEmpty if !applied.is_empty() => return Err(OpenError::Older),
            Prepare::Fully | Prepare::IfEmpty | Prepare::Not => {}
        }
        let sql = match conn {
            Conn::Sqlite(_) => step.sqlite,
            Conn::Postgres(_) => step.postgres,
        };
        on_db!(conn, c => sqlx::raw_sql(AssertSqlSafe(sql).into_sql_str()).execute(c).await.map(drop))?;
        on_db!(conn, c => sqlx::query("INSERT INTO migration (name, applied_at) VALUES ($1, $2)")
            .bind(step.name).bind(now).execute(c).await.map(drop))?;
        tracing::info!(migration = step.name, "database migrated");
    }
    if Seeded::NoUniqueKey.is_sown() {
        on_db!(conn, c => sqlx::query("DROP INDEX IF EXISTS message_client").execute(c).await.map(drop))?;
    }
    Ok(())
}
