//! An invitation is made.

use std::time::Duration;

use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::error::Result;
use crate::id::InviteId;
use crate::invite::{InviteCode, hash, sql};
use crate::time::Time;
use crate::wire::Empty;

#[derive(Debug, Clone)]
struct CreateInvite {
    id: InviteId,
    code_hash: [u8; 32],
    max_uses: u32,
    expires_at: Time,
}

impl Command for CreateInvite {
    const NAME: &'static str = "invite:create";
    type Reply = Empty;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Empty> {
        let now = cx.now();
        sql::insert(cx.db(), self.id, &self.code_hash, self.max_uses.into(), now, self.expires_at).await?;
        Ok(Empty {})
    }
}

impl Chat {
    /// Make an invitation by which `max_uses` people, at least one, may sign up within `life`. Its code is told now and
    /// never again.
    pub async fn create_invite(&self, max_uses: u32, life: Duration) -> Result<(InviteId, InviteCode)> {
        let id = InviteId::from_uuid(self.env().uuid());
        let code = InviteCode::new(self.env());
        let code_hash = hash(code.expose()).expect("a code has letters");
        let expires_at = self.now().after(life);
        self.perform_ours(CreateInvite { id, code_hash, max_uses: max_uses.max(1), expires_at }).await?;
        Ok((id, code))
    }
}
