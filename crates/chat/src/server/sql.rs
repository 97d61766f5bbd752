//! All SQL on how the server as a whole stands.

use crate::db::{Conn, on_db};
use crate::error::Result;
use crate::time::Time;

/// How many people used a session since, and from how many addresses; one of these.
pub(super) async fn origins(conn: &mut Conn<'_>, since: Time) -> Result<(i64, i64, Option<String>)> {
    let sql = "SELECT COUNT(DISTINCT user_id), COUNT(DISTINCT address), MIN(address) FROM session \
               WHERE last_used_at > $1";
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(since).fetch_one(c).await)?)
}

/// How many accounts there are.
pub(super) async fn accounts(conn: &mut Conn<'_>) -> Result<i64> {
    let (count,): (i64,) = on_db!(conn, c => sqlx::query_as("SELECT COUNT(*) FROM account").fetch_one(c).await)?;
    Ok(count)
}

/// How many accounts there are that are not disabled, counted up to a maximum.
pub(super) async fn members(conn: &mut Conn<'_>, max: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM account WHERE disabled_at IS NULL LIMIT $1) AS counted";
    let (count,): (i64,) = on_db!(conn, c => sqlx::query_as(sql).bind(max).fetch_one(c).await)?;
    Ok(count)
}

/// The latest time that anything was stored at.
pub(super) async fn latest(conn: &mut Conn<'_>) -> Result<Option<Time>> {
    let sql = "SELECT MAX(at) FROM (SELECT MAX(last_used_at) AS at FROM session UNION ALL \
               SELECT MAX(last_message_at) FROM channel UNION ALL SELECT MAX(created_at) FROM account) AS stored";
    let row: Option<(Option<Time>,)> = on_db!(conn, c => sqlx::query_as(sql).fetch_optional(c).await)?;
    Ok(row.and_then(|(at,)| at))
}

/// The clock of a database that has one of its own, and how large the database is, in bytes, where it knows.
pub(super) async fn clock_and_size(conn: &mut Conn<'_>) -> Result<Option<(Time, i64)>> {
    let Conn::Postgres(connection) = conn else { return Ok(None) };
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT), \
               pg_database_size(current_database())";
    Ok(Some(sqlx::query_as(sql).fetch_one(&mut **connection).await?))
}
