//! Sign-in.

use crate::account::{LogIn, SignedIn, sql};
use crate::chat::Chat;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::session::{Device, OpenSession, Token};
use crate::text::PASSWORD_LENGTH;

impl Chat {
    /// Sign a device in.
    ///
    /// Errors: `UNAUTHENTICATED`, the same for a wrong name and a wrong password, after exactly one verification
    /// each; `BUSY` when too many passwords are being verified.
    pub async fn log_in(&self, body: LogIn, device: Device) -> Result<SignedIn> {
        let wrong = || Error::unauthenticated("invalid credentials");
        // Longer than any password that there is: verified as far, so that its length costs nobody anything.
        let password: String = body.password.expose().chars().take(PASSWORD_LENGTH.1 + 1).collect();
        let name_key = body.name_key();
        let found = self.read(async |conn| sql::credentials(conn, &name_key).await).await?;
        let (user, hash) = found.unzip();
        if !self.passwords().verify(password, hash).await? {
            return Err(wrong());
        }
        let user = user.ok_or_else(wrong)?;

        let session = SessionId::from_uuid(self.env().uuid());
        let token = Token::new(self.env());
        let open = OpenSession { token_hash: token.hash(), device: device.bounded() };
        self.perform(user, session, open).await?;
        let user = self.own_user(user).await?.ok_or_else(wrong)?;
        Ok(SignedIn { user, session, token })
    }
}
