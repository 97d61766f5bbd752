//! The one connection of a write lane, and its transactions.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::Conn;

/// Runs a statement without parameters or rows.
async fn run(conn: &mut Conn<'_>, sql: &'static str) -> Result<(), sqlx::Error> {
    super::on_db!(conn, c => sqlx::query(sql).execute(c).await.map(drop))
}

/// A lane's own connection.
pub(crate) enum Writer {
    /// SQLite.
    Sqlite(Box<SqliteConnection>),
    /// PostgreSQL.
    Postgres(Box<PgConnection>),
}

impl Writer {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(connection) => Conn::Sqlite(connection),
            Self::Postgres(connection) => Conn::Postgres(connection),
        }
    }

    /// Begin to write. On SQLite with the write lock at once: taken later it can be refused in mid-transaction.
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        };
        run(&mut self.conn(), sql).await
    }

    /// As [`begin`](Self::begin), once no other transaction of this turn is under way: also one whose connection is lost,
    /// which the server may still be committing. SQLite has one writer anyway.
    pub(crate) async fn begin_in_turn(&mut self, turn: i64) -> Result<(), sqlx::Error> {
        let Self::Postgres(connection) = self else { return self.begin().await };
        // Both in one round trip. The lock goes when the transaction has ended and can be seen.
        let sql = AssertSqlSafe(format!("BEGIN; SELECT pg_advisory_xact_lock({turn})"));
        sqlx::raw_sql(sql).execute(&mut **connection).await.map(drop)
    }

    /// Make it durable.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        run(&mut self.conn(), "COMMIT").await
    }

    /// Undo it.
    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        run(&mut self.conn(), "ROLLBACK").await
    }

    /// A point to which one command alone can be undone.
    pub(crate) async fn savepoint(&mut self) -> Result<(), sqlx::Error> {
        run(&mut self.conn(), "SAVEPOINT act").await
    }

    /// Keep what was done since the savepoint.
    pub(crate) async fn keep(&mut self) -> Result<(), sqlx::Error> {
        run(&mut self.conn(), "RELEASE SAVEPOINT act").await
    }

    /// Undo what was done since the savepoint.
    pub(crate) async fn undo(&mut self) -> Result<(), sqlx::Error> {
        run(&mut self.conn(), "ROLLBACK TO SAVEPOINT act").await?;
        run(&mut self.conn(), "RELEASE SAVEPOINT act").await
    }

    /// Close in good order.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}
