//! An invitation is taken back.

use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::error::{Error, Result};
use crate::id::InviteId;
use crate::invite::sql;
use crate::wire::Empty;

#[derive(Debug, Clone)]
struct RevokeInvite {
    id: InviteId,
}

impl Command for RevokeInvite {
    const NAME: &'static str = "invite:revoke";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let now = cx.now();
        if sql::revoke(cx.db(), self.id, now).await? { Ok(Empty {}) } else { Err(Error::not_found("invitation")) }
    }
}

impl Chat {
    /// Take an invitation back; whoever has signed up with it stays. `NOT_FOUND` if there is none with this id, or it was
    /// taken back already.
    pub async fn revoke_invite(&self, id: InviteId) -> Result<()> {
        self.perform_ours(RevokeInvite { id }).await.map(drop)
    }
}
