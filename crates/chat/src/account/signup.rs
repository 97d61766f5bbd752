//! Sign-up.

use subtle::ConstantTimeEq;
use uuid::Uuid;

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
use crate::text::{DisplayName, Password, Username, fold, look};

/// Make an account for the acting user and session id.
#[derive(Debug, Clone)]
struct CreateAccount {
    username: Username,
    name_look: String,
    display_name: DisplayName,
    password_hash: String,
    way: Way,
    general: ChannelId,
}

/// How an account comes to be.
#[derive(Debug, Clone)]
enum Way {
    /// Somebody signs up, and is signed in.
    SignUp {
        /// Whether the code that an unowned server asks for was given, or none is asked for.
        may_own: bool,
        mode: SignUpMode,
        /// The hash of the invitation's code, if one was given.
        invite: Option<[u8; 32]>,
        token_hash: [u8; 32],
        device: Device,
    },
    /// Whoever runs the server makes it; `owns`: the server is theirs.
    Made { owns: bool },
}

/// Whether somebody who signs up owns the server. Refuses whoever may not come in.
async fn let_in(
    cx: &mut Cx<'_>,
    user: UserId,
    may_own: bool,
    mode: SignUpMode,
    invite: Option<[u8; 32]>,
) -> Result<bool> {
    let owns = sql::claim_server(cx.db(), user).await?;
    if owns && !may_own {
        return Err(Error::invalid_field(
            "setupCode",
            "invalid",
            "is not the one that the server printed at its start",
        ));
    }
    let now = cx.now();
    match (owns, mode, invite) {
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
    Ok(owns)
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
        let account = sql::NewRow {
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
        let owns = match self.way {
            Way::SignUp { may_own, mode, invite, token_hash, device } => {
                let owns = let_in(cx, id, may_own, mode, invite).await?;
                session::sql::insert(cx.db(), session, id, &token_hash, &device, now).await?;
                owns
            }
            Way::Made { owns: true } => sql::hand_over(cx.db(), id, self.general).await?,
            Way::Made { owns: false } => false,
        };
        let role = if owns { Role::Owner } else { Role::Member };
        member::sql::add(cx.db(), self.general, id, role, now).await?;

        let member = Member { channel_id: self.general, user_id: id };
        cx.emit(Audience::Channel(self.general), Event::MemberJoined(member));
        let role = if owns { ServerRole::Owner } else { ServerRole::Member };
        Ok(OwnUser { id, username: self.username, display_name: self.display_name, role, settings: Settings {} })
    }
}

/// Who is to have an account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The name to sign in with.
    pub username: Username,
    /// How to be called; the user name if absent.
    pub display_name: Option<DisplayName>,
    /// The password to sign in with.
    pub password: Password,
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
        let given = body.setup_code.unwrap_or_default();
        let may_own = door.setup_code.as_ref().is_none_or(|code| bool::from(code.as_bytes().ct_eq(given.as_bytes())));
        let way = Way::SignUp {
            may_own,
            mode: door.mode,
            invite: body.invite_code.as_deref().and_then(invite::hash),
            token_hash: token.hash(),
            device: device.bounded(),
        };
        let account = NewAccount { username: body.username, display_name: body.display_name, password: body.password };
        let user = self.perform(user, session, self.create(account, way).await?).await?;
        Ok(SignedIn { user, session, token })
    }

    /// Make an account for somebody who does not sign up; `owns`: the server is theirs from then on.
    ///
    /// Errors: `CONFLICT` for a name that is or looks taken.
    pub async fn add_account(&self, account: NewAccount, owns: bool) -> Result<OwnUser> {
        let create = self.create(account, Way::Made { owns }).await?;
        let (user, nobody) = (UserId::from_uuid(self.env().uuid()), SessionId::from_uuid(Uuid::nil()));
        self.perform(user, nobody, create).await
    }

    async fn create(&self, account: NewAccount, way: Way) -> Result<CreateAccount> {
        let NewAccount { username, display_name, password } = account;
        let display_name = match display_name {
            Some(name) => name,
            // Every user name is a valid display name.
            None => DisplayName::try_from(username.as_str().to_owned()).map_err(Error::internal)?,
        };
        let password_hash = self.passwords().hash(password.expose().to_owned(), self.env().random()).await?;
        let name_look = look(username.as_str());
        Ok(CreateAccount { username, name_look, display_name, password_hash, way, general: self.general() })
    }
}
