//! Sign-up.

use subtle::ConstantTimeEq;

use crate::account::{OwnUser, ServerRole, Settings, SignUp, SignedIn, sql};
use crate::channel::Role;
use crate::chat::Chat;
use crate::command::{Command, Cx, LaneKey};
use crate::effect::{Actor, Audience};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, SessionId, UserId};
use crate::invite;
use crate::member::{self, Member};
use crate::server::SignUpMode;
use crate::session::{self, Device, Token};
use crate::text::{DisplayName, Username, fold, look};

/// Make an account for the acting user and session id, with its first session.
#[derive(Debug, Clone)]
struct CreateAccount {
    username: Username,
    name_look: String,
    display_name: DisplayName,
    password_hash: String,
    /// Whether the code that an unowned server asks for was given, or none is asked for.
    may_own: bool,
    mode: SignUpMode,
    /// The hash of the invitation's code, if one was given.
    invite: Option<[u8; 32]>,
    token_hash: [u8; 32],
    device: Device,
    general: ChannelId,
}

impl Command for CreateAccount {
    const NAME: &'static str = "signup";
    type Reply = OwnUser;

    fn lane(&self, _: &Actor) -> LaneKey {
        LaneKey::of(&self.name_look)
    }

    fn channel(&self) -> Option<ChannelId> {
        Some(self.general)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<OwnUser> {
        let (id, session, now) = (cx.actor.user, cx.actor.session, cx.now());
        let account = sql::NewAccount {
            id,
            username: &self.username,
            name_key: fold(self.username.as_str()),
            name_look: &self.name_look,
            display_name: &self.display_name,
            display_key: fold(self.display_name.as_str()),
            password_hash: &self.password_hash,
        };
        if !sql::insert(cx.db(), &account, now).await? {
            return Err(Error::name_taken("username"));
        }
        let owns = sql::claim_server(cx.db(), id).await?;
        if owns && !self.may_own {
            return Err(Error::invalid_field(
                "setupCode",
                "invalid",
                "is not the one that the server printed at its start",
            ));
        }
        match (owns, self.mode, self.invite) {
            // Somebody must own the server, and nobody could have invited them.
            (true, ..) | (false, SignUpMode::Open, None) => {}
            (false, SignUpMode::Closed, _) => return Err(closed()),
            (false, SignUpMode::Invite, None) => return Err(invite::needed()),
            (false, SignUpMode::Open | SignUpMode::Invite, Some(hash)) => {
                if !invite::sql::take(cx.db(), &hash, now).await? {
                    return Err(invite::not_good());
                }
            }
        }
        session::sql::insert(cx.db(), session, id, &self.token_hash, &self.device, now).await?;
        let role = if owns { Role::Owner } else { Role::Member };
        member::sql::add(cx.db(), self.general, id, role, now).await?;

        let member = Member { channel_id: self.general, user_id: id };
        cx.emit(Audience::Channel(self.general), Event::MemberJoined(member));
        let role = if owns { ServerRole::Owner } else { ServerRole::Member };
        Ok(OwnUser { id, username: self.username, display_name: self.display_name, role, settings: Settings {} })
    }
}

/// Who is let in to make an account.
#[derive(Debug, Clone)]
pub struct Door {
    /// Who may.
    pub mode: SignUpMode,
    /// What the first account, which owns the server, must know where others can reach it.
    pub setup_code: Option<String>,
}

impl Door {
    /// Whoever comes, the first one without a code.
    pub const OPEN: Self = Self { mode: SignUpMode::Open, setup_code: None };
}

fn closed() -> Error {
    Error::forbidden("this server takes no new accounts")
}

impl Chat {
    /// Whether somebody with this body would be let in, before anything costly is done. `Ok(true)`: by an invitation.
    ///
    /// Errors: `FORBIDDEN` where sign-up is closed, `INVALID` at `inviteCode` where one is needed, or is not good.
    pub async fn may_sign_up(&self, body: &SignUp, mode: SignUpMode) -> Result<bool> {
        let hash = body.invite_code.as_deref().and_then(invite::hash);
        let now = self.now();
        let (owned, good) = self
            .read(async |conn| {
                let good = match &hash {
                    Some(hash) => invite::sql::is_good(conn, hash, now).await?,
                    None => false,
                };
                Ok((sql::has_owner(conn).await?, good))
            })
            .await?;
        match (owned, mode, hash) {
            (false, ..) | (true, SignUpMode::Open, None) => Ok(false),
            (true, SignUpMode::Closed, _) => Err(closed()),
            (true, SignUpMode::Invite, None) => Err(invite::needed()),
            (true, SignUpMode::Open | SignUpMode::Invite, Some(_)) if good => Ok(true),
            (true, SignUpMode::Open | SignUpMode::Invite, Some(_)) => Err(invite::not_good()),
        }
    }

    /// Make an account and sign its first device in. The first account owns the server.
    ///
    /// Errors: `CONFLICT` for a name that is or looks taken, `INVALID` for a wrong setup code and for an invitation that
    /// is missing or not good, `FORBIDDEN` where sign-up is closed, `BUSY` when too many passwords are being hashed.
    pub async fn sign_up(&self, body: SignUp, device: Device, door: &Door) -> Result<SignedIn> {
        let env = self.env();
        let user = UserId::from_uuid(env.uuid());
        let session = SessionId::from_uuid(env.uuid());
        let token = Token::new(env);
        let display_name = match body.display_name {
            Some(name) => name,
            // Every user name is a valid display name.
            None => DisplayName::try_from(body.username.as_str().to_owned()).map_err(Error::internal)?,
        };
        let given = body.setup_code.unwrap_or_default();
        let may_own = door.setup_code.as_ref().is_none_or(|code| bool::from(code.as_bytes().ct_eq(given.as_bytes())));
        let password_hash = self.passwords().hash(body.password.expose().to_owned(), env.random()).await?;
        let create = CreateAccount {
            name_look: look(body.username.as_str()),
            username: body.username,
            display_name,
            password_hash,
            may_own,
            mode: door.mode,
            invite: body.invite_code.as_deref().and_then(invite::hash),
            token_hash: token.hash(),
            device: device.bounded(),
            general: self.general(),
        };
        let user = self.perform(user, session, create).await?;
        Ok(SignedIn { user, session, token })
    }
}
