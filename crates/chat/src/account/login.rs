//! Sign-in.

use crate::account::{LogIn, SignedIn, sql};
use crate::chat::Chat;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::session::{Device, OpenSession, Token};

impl Chat {
    /// Sign a device in.
    ///
    /// Errors: `UNAUTHENTICATED`, the same for a wrong name and a wrong password, after exactly one verification
    /// each; `FORBIDDEN` for the right ones of a disabled account; `BUSY` when too many passwords are being verified.
    pub async fn log_in(&self, body: LogIn, device: Device) -> Result<SignedIn> {
        let wrong = || Error::unauthenticated("invalid credentials");
        let name_key = body.name_key();
        let found = self.read(async |conn| sql::credentials_by_name(conn, &name_key).await).await?;
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        if !self.passwords().verify(body.password.expose(), hash).await? {
            return Err(wrong());
        }
        let account = found.ok_or_else(wrong)?;
        if account.disabled_at.is_some() {
            return Err(Error::account_disabled("username"));
        }

        let session = SessionId::from_uuid(self.env().uuid());
        let token = Token::new(self.env());
        let open = OpenSession { token_hash: token.hash(), device: device.bounded(), verified: account.password_hash };
        self.perform(account.id, session, open).await?;
        let user = self.own_user(account.id).await?.ok_or_else(wrong)?;
        Ok(SignedIn { user, session, token })
    }
}
