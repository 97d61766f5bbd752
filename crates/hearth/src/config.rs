//! What the operator can set: flags, then `HEARTH_*` environment, then defaults.
//!
//! A mistake is one clear sentence at start; a [`Settings`] that exists is consistent.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use ipnet::IpNet;
use url::Url;

/// Hearth, a chat server in one binary that any Socket.IO client can talk to.
///
/// Without any argument it keeps everything in ./data and serves http://localhost:3000.
#[derive(Parser, Debug, Clone)]
#[command(name = "hearth", version, max_term_width = 100)]
pub struct Args {
    /// Address and port to listen on. The first account owns the server, so nothing listens to the world unasked.
    #[arg(long, env = "HEARTH_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,

    /// Folder for the SQLite database. Made when it does not exist.
    #[arg(long, env = "HEARTH_DATA", default_value = "./data", value_name = "FOLDER")]
    pub data: PathBuf,

    /// Database to use instead of SQLite in the data folder: postgres://user:password@host/name
    #[arg(long, env = "HEARTH_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// File that holds the database URL, for secrets that must not stand in the environment.
    #[arg(long, env = "HEARTH_DATABASE_URL_FILE", value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<PathBuf>,

    /// Address that people type to reach this server, e.g. https://chat.example.org. Cookie and Origin rules follow it.
    #[arg(long, env = "HEARTH_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Further origins whose pages may talk to this server, separated by commas.
    #[arg(long, env = "HEARTH_ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<String>,

    /// Proxies whose X-Forwarded-For is believed: addresses or networks, separated by commas.
    #[arg(
        long,
        env = "HEARTH_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1/128"
    )]
    pub trusted_proxies: Vec<String>,

    /// Who may create an account.
    #[arg(long, env = "HEARTH_SIGNUP", value_enum, default_value = "open")]
    pub signup: SignUpMode,

    /// Rates and counts per person and address. `off` is for load tests; sizes, queues and deadlines always hold.
    #[arg(long, env = "HEARTH_RATE_LIMITS", value_enum, default_value = "on")]
    pub rate_limits: Switch,

    /// What to log: a level, or a filter such as `info,hearth=debug`.
    #[arg(long, env = "HEARTH_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// How log lines look.
    #[arg(long, env = "HEARTH_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
}

/// Who may create an account.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpMode {
    /// Anyone who reaches the server.
    Open,
    /// Whoever has an invitation (`hearth invite create`).
    Invite,
    /// Nobody, once the server has its owner.
    Closed,
}

impl From<SignUpMode> for chat::server::SignUpMode {
    fn from(mode: SignUpMode) -> Self {
        match mode {
            SignUpMode::Open => Self::Open,
            SignUpMode::Invite => Self::Invite,
            SignUpMode::Closed => Self::Closed,
        }
    }
}

/// A setting that is on or off.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// In force.
    On,
    /// Lifted.
    Off,
}

/// How log lines look.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Where everything is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite in this folder.
    Folder(PathBuf),
    /// PostgreSQL at this URL, which may hold a password.
    Postgres(String),
}

/// The checked settings that the server runs on.
#[derive(Clone)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where everything is stored.
    pub database: Database,
    /// Address that people type, when the operator has said one.
    pub public_url: Option<Url>,
    /// Origins that are allowed besides the server's own, in their serialised form.
    pub allowed_origins: Vec<String>,
    /// Networks whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may create an account.
    pub signup: chat::server::SignUpMode,
    /// Whether rates and counts are limited.
    pub rate_limits: bool,
}

impl Settings {
    /// Checks the arguments and reads the files that they name.
    pub fn from_args(args: &Args) -> Result<Self> {
        let database_url = match &args.database_url_file {
            Some(path) => Some(read_secret(path).context("HEARTH_DATABASE_URL_FILE")?),
            None => args.database_url.clone(),
        };
        let database = match database_url {
            None => Database::Folder(args.data.clone()),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Database::Postgres(url),
            Some(_) => {
                bail!("HEARTH_DATABASE_URL must begin with postgres:// (leave it out to use SQLite in HEARTH_DATA)")
            }
        };
        let public_url = args.public_url.as_deref().map(parse_origin_url).transpose().context("HEARTH_PUBLIC_URL")?;
        let allowed_origins = args
            .allowed_origins
            .iter()
            .map(|origin| parse_origin_url(origin).map(|url| url.origin().ascii_serialization()))
            .collect::<Result<_>>()
            .context("HEARTH_ALLOWED_ORIGINS")?;
        let trusted_proxies = args
            .trusted_proxies
            .iter()
            .map(|text| parse_network(text.trim()))
            .collect::<Result<_>>()
            .context("HEARTH_TRUSTED_PROXIES")?;
        Ok(Self {
            listen: args.listen,
            database,
            public_url,
            allowed_origins,
            trusted_proxies,
            signup: args.signup.into(),
            rate_limits: args.rate_limits == Switch::On,
        })
    }

    /// Whether people reach this server over TLS, by what the operator says.
    pub fn tls(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Whether strangers may be able to reach the sign-up page before the owner does.
    pub fn exposed(&self) -> bool {
        self.public_url.is_some() || !self.listen.ip().is_loopback()
    }
}

/// An address of the form `scheme://host[:port]`, with nothing behind it.
fn parse_origin_url(text: &str) -> Result<Url> {
    let url =
        Url::parse(text.trim()).with_context(|| format!("`{text}` is not a URL such as https://chat.example.org"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        bail!("`{text}` must begin with http:// or https://");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        bail!("`{text}` must be a scheme, a host and a port alone: Hearth is served at the root of its address");
    }
    Ok(url)
}

fn parse_network(text: &str) -> Result<IpNet> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .with_context(|| format!("`{text}` is neither an address nor a network such as 10.0.0.0/8"))
}

fn read_secret(path: &std::path::Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(args: &[&str]) -> Result<Settings> {
        let args = Args::try_parse_from([&["hearth"], args].concat())?;
        Settings::from_args(&args)
    }

    #[test]
    fn without_arguments_it_is_sqlite_on_loopback() {
        let settings = settings(&[]).unwrap();
        assert!(settings.database == Database::Folder("./data".into()));
        assert!(settings.listen.ip().is_loopback() && !settings.exposed() && !settings.tls());
    }

    #[test]
    fn a_public_url_decides_tls_and_exposure() {
        let settings = settings(&["--public-url", "https://chat.example.org"]).unwrap();
        assert!(settings.tls() && settings.exposed());
    }

    #[test]
    fn mistakes_are_one_sentence_that_names_the_setting() {
        for (args, wanted) in [
            (["--public-url", "chat.example.org"], "HEARTH_PUBLIC_URL"),
            (["--public-url", "https://example.org/chat"], "HEARTH_PUBLIC_URL"),
            (["--allowed-origins", "ftp://x"], "HEARTH_ALLOWED_ORIGINS"),
            (["--trusted-proxies", "10.0.0.0/99"], "HEARTH_TRUSTED_PROXIES"),
            (["--database-url", "mysql://x"], "HEARTH_DATABASE_URL"),
            (["--database-url-file", "/does/not/exist"], "HEARTH_DATABASE_URL_FILE"),
        ] {
            let error = settings(&args).err().unwrap_or_else(|| panic!("{args:?} was accepted"));
            assert!(format!("{error:#}").contains(wanted), "{args:?}: {error:#}");
        }
    }
}
