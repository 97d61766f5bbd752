//! All SQL on invitations.

use crate::db::{Conn, on_db};
use crate::error::Result;
use crate::id::InviteId;
use crate::invite::Invite;
use crate::time::Time;

/// Keep a new invitation.
pub(super) async fn insert(
    conn: &mut Conn<'_>,
    id: InviteId,
    code_hash: &[u8; 32],
    max_uses: i64,
    now: Time,
    expires_at: Time,
) -> Result<()> {
    let sql = "INSERT INTO invite (id, code_hash, max_uses, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    on_db!(conn, c => sqlx::query(sql)
        .bind(id)
        .bind(code_hash.as_slice())
        .bind(max_uses)
        .bind(now)
        .bind(expires_at)
        .execute(c).await.map(drop))?;
    Ok(())
}

/// Every invitation, the newest first.
pub(super) async fn all(conn: &mut Conn<'_>, most: i64) -> Result<Vec<Invite>> {
    let sql = "SELECT id, uses, max_uses, created_at, expires_at, revoked_at FROM invite ORDER BY id DESC LIMIT $1";
    Ok(on_db!(conn, c => sqlx::query_as(sql).bind(most).fetch_all(c).await)?)
}

/// Whether somebody may sign up with the invitation of this code.
pub(crate) async fn is_good(conn: &mut Conn<'_>, code_hash: &[u8; 32], now: Time) -> Result<bool> {
    let sql = "SELECT id FROM invite \
               WHERE code_hash = $1 AND uses < max_uses AND revoked_at IS NULL AND expires_at > $2";
    let row: Option<(InviteId,)> =
        on_db!(conn, c => sqlx::query_as(sql).bind(code_hash.as_slice()).bind(now).fetch_optional(c).await)?;
    Ok(row.is_some())
}

/// Use the invitation of this code once. False if it is not good, or somebody was faster.
pub(crate) async fn take(conn: &mut Conn<'_>, code_hash: &[u8; 32], now: Time) -> Result<bool> {
    let sql = "UPDATE invite SET uses = uses + 1 \
               WHERE code_hash = $1 AND uses < max_uses AND revoked_at IS NULL AND expires_at > $2";
    let taken = on_db!(conn, c => sqlx::query(sql).bind(code_hash.as_slice()).bind(now).execute(c).await
        .map(|result| result.rows_affected()))?;
    Ok(taken > 0)
}

/// Take an invitation back. False if there is none with this id, or it was taken back already.
pub(super) async fn revoke(conn: &mut Conn<'_>, id: InviteId, now: Time) -> Result<bool> {
    let sql = "UPDATE invite SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    let revoked = on_db!(conn, c => sqlx::query(sql).bind(id).bind(now).execute(c).await
        .map(|result| result.rows_affected()))?;
    Ok(revoked > 0)
}
