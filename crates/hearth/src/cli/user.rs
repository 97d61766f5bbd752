//! `hearth user`: accounts, for whoever runs the server. Each change is in the database when the command ends; a running
//! server cuts whom it concerns within a second.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use chat::account::{Account, NewAccount, ServerRole};
use chat::text::{DisplayName, Password, Username};
use clap::{Args, Subcommand, ValueEnum};

use super::data::{Data, Fresh};
use super::say::say;
use super::table::{table, time};
use crate::config::DatabaseArgs;

/// Letters and digits that are not mistaken for each other when they are read and typed.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
/// Characters of a password that is made up here: 80 bits.
const PASSWORD_LENGTH: usize = 16;
/// Most bytes that are read as a password.
const PASSWORD_MAX: u64 = 4096;

#[derive(Args, Debug)]
pub(super) struct UserArgs {
    #[command(flatten)]
    database: DatabaseArgs,

    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Make an account and print its password, if none is given
    Create {
        /// The name to sign in with
        name: String,
        /// How to be called
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// What the person is on this server; a new owner takes the place of the old one
        #[arg(long, value_enum, default_value = "member", value_name = "ROLE")]
        role: Role,
        #[command(flatten)]
        password: GivenPassword,
    },
    /// List every account
    List,
    /// Replace a password and sign the person out everywhere; prints the new one, if none is given
    SetPassword {
        /// The name to sign in with
        name: String,
        #[command(flatten)]
        password: GivenPassword,
    },
    /// Give the server to somebody (`owner`)
    Role {
        /// The name to sign in with
        name: String,
        /// What the person shall be
        #[arg(value_enum, value_name = "ROLE")]
        role: Role,
    },
    /// Sign somebody out everywhere, and let them in no more. What they wrote stays
    Disable {
        /// The name to sign in with
        name: String,
    },
    /// Let somebody in again
    Enable {
        /// The name to sign in with
        name: String,
    },
}

/// A password from outside: never an argument, which everybody on the machine could read.
#[derive(Args, Debug)]
struct GivenPassword {
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The one to whom the server belongs
    Owner,
    /// Everybody else
    Member,
}

pub(super) async fn run(args: UserArgs) -> Result<ExitCode> {
    let fresh = if matches!(args.what, What::Create { .. }) { Fresh::Make } else { Fresh::Refuse };
    // Before the database is opened: whoever types may take their time.
    let password = match &args.what {
        What::Create { password, .. } | What::SetPassword { password, .. } => Some(password.get()?),
        What::List | What::Role { .. } | What::Disable { .. } | What::Enable { .. } => None,
    };
    let data = Data::open(&args.database, fresh).await?;
    let done = act(&data, args.what, password).await;
    data.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(data: &Data, what: What, password: Option<Given>) -> Result<()> {
    let password = || password.expect("it was read for whoever needs one");
    match what {
        What::Create { name, display_name, role, .. } => create(data, name, display_name, role, password()).await,
        What::List => list(data).await,
        What::SetPassword { name, .. } => {
            let account = find(data, &name).await?;
            let (password, made) = password();
            data.chat.set_password(account.id, &password).await?;
            say(format_args!("{} is signed out everywhere and has a new password", account.username))?;
            tell(made.as_deref())
        }
        What::Role { name, role } => give(data, &name, role).await,
        What::Disable { name } => {
            let account = find(data, &name).await?;
            if account.role == ServerRole::Owner {
                bail!(
                    "{} owns the server: give it to somebody else first (hearth user role NAME owner)",
                    account.username
                );
            }
            data.chat.set_disabled(account.id, true).await?;
            say(format_args!("{} is signed out everywhere and cannot sign in", account.username))
        }
        What::Enable { name } => {
            let account = find(data, &name).await?;
            data.chat.set_disabled(account.id, false).await?;
            say(format_args!("{} can sign in", account.username))
        }
    }
}

async fn find(data: &Data, name: &str) -> Result<Account> {
    data.chat.account(name).await?.ok_or_else(|| anyhow!("there is no account called {name:?} (hearth user list)"))
}

async fn create(
    data: &Data,
    name: String,
    display_name: Option<String>,
    role: Role,
    (password, made): Given,
) -> Result<()> {
    let username = Username::try_from(name).map_err(|error| anyhow!("the name {error}"))?;
    let display_name = display_name.map(DisplayName::try_from).transpose();
    let display_name = display_name.map_err(|error| anyhow!("the display name {error}"))?;
    let account = NewAccount { username: username.clone(), display_name, password };
    data.chat.add_account(account, role == Role::Owner).await.with_context(|| username.to_string())?;
    say(format_args!("{username} can sign in{}", if role == Role::Owner { " and owns the server" } else { "" }))?;
    tell(made.as_deref())
}

async fn list(data: &Data) -> Result<()> {
    let mut rows = Vec::new();
    let mut last: Option<Username> = None;
    loop {
        let page = data.chat.accounts_after(last.as_ref()).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.username.clone());
        rows.extend(page.iter().map(|account| {
            let role = match account.role {
                ServerRole::Owner => "owner",
                ServerRole::Member => "member",
            };
            let state = account.disabled_at.map_or_else(String::new, |at| format!("disabled {}", time(at)));
            [
                account.username.to_string(),
                account.display_name.to_string(),
                role.to_owned(),
                time(account.created_at),
                account.sessions.to_string(),
                account.last_used_at.map(time).unwrap_or_default(),
                state,
            ]
        }));
    }
    say(table(["NAME", "DISPLAY NAME", "ROLE", "CREATED (UTC)", "SESSIONS", "LAST SEEN", "STATE"], &rows))
}

async fn give(data: &Data, name: &str, role: Role) -> Result<()> {
    let account = find(data, name).await?;
    match (role, account.role) {
        (Role::Owner, _) if account.disabled_at.is_some() => {
            bail!("{} is disabled and could not sign in (hearth user enable NAME)", account.username)
        }
        (Role::Owner, _) => {
            data.chat.hand_over(account.id).await?;
            say(format_args!("{} owns the server", account.username))
        }
        (Role::Member, ServerRole::Owner) => bail!(
            "somebody must own the server: give it to another, and {} is a member (hearth user role NAME owner)",
            account.username
        ),
        (Role::Member, ServerRole::Member) => say(format_args!("{} is a member", account.username)),
    }
}

/// A password, and its text if it was made up here.
type Given = (Password, Option<String>);

impl GivenPassword {
    /// Reads the password, or makes one up.
    fn get(&self) -> Result<Given> {
        if !self.password_stdin {
            let made = made_up()?;
            let password = Password::try_from(made.clone()).map_err(|error| anyhow!("the password {error}"))?;
            return Ok((password, Some(made)));
        }
        let mut text = String::new();
        std::io::stdin().take(PASSWORD_MAX).read_to_string(&mut text).context("the password cannot be read")?;
        // What echo and files end with is not part of it.
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        Ok((Password::try_from(text).map_err(|error| anyhow!("the password {error}"))?, None))
    }
}

fn tell(made: Option<&str>) -> Result<()> {
    made.map_or(Ok(()), |password| say(format_args!("password: {password}")))
}

/// A password that nobody has seen yet.
pub(super) fn made_up() -> Result<String> {
    let mut random = [0_u8; PASSWORD_LENGTH];
    getrandom::fill(&mut random).context("the system has no randomness")?;
    Ok(random.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect())
}
