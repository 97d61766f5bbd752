//! What one account may make, and be put into: nobody fills the server, or the lists of others.

mod sql;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::command::Cx;
use crate::error::{Error, Result};
use crate::id::UserId;

/// Channels that somebody may be in, direct conversations not counted: more than anybody reads. Whoever is there leaves
/// one to enter another. Lanes do not wait for each other over it: where there are several, whoever enters one on each at
/// once comes in everywhere, and stands above it by one for every other lane.
pub const CHANNELS_MAX: i64 = 500;
/// Direct conversations from which on nobody is put into further ones of three or more: two people can always talk.
/// Nobody leaves one, so this is far beyond what comes together in years.
pub const CONVERSATIONS_MAX: i64 = 2_000;
/// The time over which what is made counts.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// Pay for what the acting person makes: one for a channel, one for each person whom they put into something. It is paid
/// inside the transaction that makes it, and a refusal takes it back. Errors: `RATE_LIMITED` with when to come back.
pub(crate) async fn pay(cx: &mut Cx<'_>, count: usize) -> Result<()> {
    let Some(per_hour) = cx.world.made_per_hour else { return Ok(()) };
    let (user, now) = (cx.actor.user, cx.now().as_millis());
    let window = i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX);
    let cost = (window / i64::from(per_hour.max(1))).saturating_mul(i64::try_from(count).unwrap_or(i64::MAX));
    if sql::charge(cx.db(), user, now, cost, now + window).await? {
        return Ok(());
    }
    let until = sql::made_until(cx.db(), user).await?.max(now);
    let wait = u64::try_from(until.saturating_add(cost) - (now + window)).unwrap_or_default();
    Err(Error::rate_limited(Duration::from_millis(wait)))
}

/// Refuse if one of these people, who have just been put into a channel, is in more of them than they may. Errors:
/// `CONFLICT`.
pub(crate) async fn require_room(cx: &mut Cx<'_>, people: &[UserId], direct: bool) -> Result<()> {
    let user = cx.actor.user;
    let crowded = sql::crowded(cx.db(), people, direct).await?;
    match (crowded.is_empty(), crowded.contains(&user)) {
        (true, _) => Ok(()),
        (false, true) if direct => Err(Error::conflict("you are in as many group conversations as one can be")),
        (false, true) => Err(Error::conflict("you are in as many channels as one can be: leave one first")),
        (false, false) => Err(Error::conflict("one of them is in as many as one can be")),
    }
}
