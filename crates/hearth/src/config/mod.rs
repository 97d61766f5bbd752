//! What the operator can set: flags, then `HEARTH_*` environment, then defaults.
//!
//! A mistake is one clear sentence at start; a [`Settings`] that exists is consistent.

mod limits;
mod units;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use chat::text::DisplayName;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use url::Url;

pub use limits::{CountLimits, Deadlines, LimitSettings, RateLimits, SizeLimits};
pub use units::{Bytes, Rate, Span};

/// Where everything is stored.
#[derive(Args, Debug, Clone)]
pub struct DatabaseArgs {
    /// Folder of the SQLite database. The server makes it when it does not exist.
    #[arg(long, global = true, env = "HEARTH_DATA", default_value = "./data", value_name = "FOLDER")]
    pub data: PathBuf,

    /// Database to use instead of SQLite in the data folder: postgres://user:password@host/name
    #[arg(long, global = true, env = "HEARTH_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// File that holds the database URL, for secrets that must not stand in the environment.
    #[arg(long, global = true, env = "HEARTH_DATABASE_URL_FILE", value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<PathBuf>,
}

/// Everything that the server can be told.
#[derive(Args, Debug, Clone)]
pub struct ServeArgs {
    /// Address and port to listen on. The first account owns the server, so nothing listens to the world unasked.
    #[arg(
        long,
        env = "HEARTH_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "ADDR:PORT",
        value_parser = parse_address
    )]
    pub listen: SocketAddr,

    /// Where everything is stored.
    #[command(flatten)]
    pub database: DatabaseArgs,

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

    /// What the server is called.
    #[arg(long, env = "HEARTH_NAME", default_value = "Hearth", value_name = "NAME")]
    pub name: String,

    /// Who may create an account.
    #[arg(long, env = "HEARTH_SIGNUP", value_enum, default_value = "open", value_name = "WHO")]
    pub signup: SignUpMode,

    /// What to log: a level, or a filter such as `info,hearth=debug`.
    #[arg(long, env = "HEARTH_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// How log lines look.
    #[arg(long, env = "HEARTH_LOG_FORMAT", value_enum, default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Address and port of a listener for /metrics alone. Must be loopback, unless there is a token.
    #[arg(long, env = "HEARTH_METRICS_LISTEN", value_name = "ADDR:PORT", value_parser = parse_address)]
    pub metrics_listen: Option<SocketAddr>,

    /// File with a token; with it /metrics answers `Authorization: Bearer`, on the server's own port too.
    #[arg(long, env = "HEARTH_METRICS_TOKEN_FILE", value_name = "FILE")]
    pub metrics_token_file: Option<PathBuf>,

    /// Rates and counts per person and address. `off` is for load tests; sizes, queues and deadlines always hold.
    #[arg(long, env = "HEARTH_RATE_LIMITS", value_enum, default_value = "on", value_name = "SWITCH")]
    pub rate_limits: Switch,

    /// Every single limit.
    #[command(flatten)]
    pub limits: LimitSettings,
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
    /// What the server is called.
    pub name: String,
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
    /// To what.
    pub limits: LimitSettings,
    /// Who may ask for the metrics, and where.
    pub metrics: MetricsSettings,
}

impl Database {
    /// Reads where everything is stored.
    pub fn from_args(args: &DatabaseArgs) -> Result<Self> {
        let (setting, database_url) = match &args.database_url_file {
            Some(path) => ("HEARTH_DATABASE_URL_FILE", Some(read_secret(path).context("HEARTH_DATABASE_URL_FILE")?)),
            None => ("HEARTH_DATABASE_URL", args.database_url.clone()),
        };
        match database_url {
            None => Ok(Self::Folder(args.data.clone())),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Ok(Self::Postgres(url)),
            Some(_) => bail!(
                "{setting}: the URL must begin with postgres:// (leave the setting out to use SQLite in HEARTH_DATA)"
            ),
        }
    }
}

impl From<&Database> for chat::Database {
    fn from(database: &Database) -> Self {
        match database {
            Database::Folder(folder) => Self::Sqlite(folder.join("hearth.db")),
            Database::Postgres(url) => Self::Postgres(url.clone()),
        }
    }
}

/// Who may ask for the metrics, and where.
#[derive(Clone, Default)]
pub struct MetricsSettings {
    /// A listener of their own.
    pub listen: Option<SocketAddr>,
    /// What whoever asks must know; with one the server's own port answers too.
    pub token: Option<String>,
}

impl MetricsSettings {
    fn from_args(args: &ServeArgs) -> Result<Self> {
        let token = args.metrics_token_file.as_deref().map(read_secret).transpose();
        let token = token.context("HEARTH_METRICS_TOKEN_FILE")?;
        if token.as_ref().is_some_and(|token| token.len() < TOKEN_LENGTH) {
            bail!("HEARTH_METRICS_TOKEN_FILE: a token has at least {TOKEN_LENGTH} characters");
        }
        if let Some(listen) = args.metrics_listen.filter(|listen| token.is_none() && !listen.ip().is_loopback()) {
            bail!(
                "HEARTH_METRICS_LISTEN: {listen} can be reached from outside: listen on 127.0.0.1, or set \
                 HEARTH_METRICS_TOKEN_FILE"
            );
        }
        Ok(Self { listen: args.metrics_listen, token })
    }
}

impl Settings {
    /// Checks the arguments and reads the files that they name.
    pub fn from_args(args: &ServeArgs) -> Result<Self> {
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
        let name = DisplayName::try_from(args.name.clone()).map_err(|error| anyhow!("HEARTH_NAME {error}"))?;
        Ok(Self {
            listen: args.listen,
            database: Database::from_args(&args.database)?,
            name: name.to_string(),
            metrics: MetricsSettings::from_args(args)?,
            limits: args.limits.clone(),
            public_url,
            allowed_origins,
            trusted_proxies,
            signup: args.signup.into(),
            rate_limits: args.rate_limits == Switch::On,
        })
    }

    /// How the product is to be opened.
    pub fn chat_options(&self) -> chat::Options {
        let LimitSettings { counts, sizes, deadlines, .. } = &self.limits;
        let mut options = chat::Options::new((&self.database).into());
        options.password_cost.memory_kib = u32::try_from(sizes.password_memory.get() / 1024).unwrap_or(u32::MAX);
        options.password_cost.passes = sizes.password_passes;
        options.made_per_hour = self.rate_limits.then_some(counts.made_per_hour);
        options.limits = chat::Limits {
            sessions_per_user: counts.user_sessions,
            passwords_waiting: counts.passwords_waiting,
            statement: deadlines.statement.get(),
            command: deadlines.command.get(),
        };
        options
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

/// Fewest characters of a token for the metrics: beyond guessing.
const TOKEN_LENGTH: usize = 16;

/// An address to listen on.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "write an address and a port such as 127.0.0.1:3000, or 0.0.0.0:3000 for all addresses")
}

/// An address of the form `scheme://host[:port]`, with nothing behind it.
pub(crate) fn parse_origin_url(text: &str) -> Result<Url> {
    let url = match Url::parse(text.trim()) {
        Err(url::ParseError::RelativeUrlWithoutBase) => bail!("`{text}` must begin with http:// or https://"),
        url => url.with_context(|| format!("`{text}` is not a URL such as https://chat.example.org"))?,
    };
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
    use std::time::Duration;

    use super::*;

    #[derive(clap::Parser)]
    struct Alone {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn settings(args: &[&str]) -> Result<Settings> {
        let alone: Alone = clap::Parser::try_parse_from([&["hearth"], args].concat())?;
        Settings::from_args(&alone.serve)
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
    fn what_is_set_of_the_product_reaches_it() {
        let flags = [
            "--limit-user-sessions=3",
            "--limit-passwords-waiting=4",
            "--limit-statement=5s",
            "--limit-command=6s",
            "--limit-made-per-hour=7",
            "--password-memory=8MiB",
            "--password-passes=9",
        ];
        let options = settings(&flags).unwrap().chat_options();
        let seconds = Duration::from_secs;
        let limits =
            chat::Limits { sessions_per_user: 3, passwords_waiting: 4, statement: seconds(5), command: seconds(6) };
        assert_eq!((options.limits, options.made_per_hour), (limits, Some(7)));
        assert_eq!((options.password_cost.memory_kib, options.password_cost.passes), (8 * 1024, 9));
        let lifted = settings(&[&flags[..], &["--rate-limits=off"]].concat()).unwrap().chat_options();
        assert_eq!((lifted.limits, lifted.made_per_hour), (limits, None), "deadlines and queues always hold");
    }

    #[test]
    fn mistakes_are_one_sentence_that_names_the_setting() {
        for (args, wanted) in [
            (
                ["--listen", "3000"],
                "'3000' for '--listen <ADDR:PORT>': write an address and a port such as 127.0.0.1:3000",
            ),
            (["--name", ""], "HEARTH_NAME must have 1 to 64 characters"),
            (["--public-url", "chat.example.org"], "HEARTH_PUBLIC_URL: `chat.example.org` must begin with http://"),
            (["--public-url", "https://example.org/chat"], "HEARTH_PUBLIC_URL"),
            (["--allowed-origins", "ftp://x"], "HEARTH_ALLOWED_ORIGINS"),
            (["--trusted-proxies", "10.0.0.0/99"], "HEARTH_TRUSTED_PROXIES"),
            (["--database-url", "mysql://x"], "HEARTH_DATABASE_URL"),
            (["--database-url-file", "/does/not/exist"], "HEARTH_DATABASE_URL_FILE"),
            (["--metrics-listen", "0.0.0.0:9464"], "HEARTH_METRICS_LISTEN"),
            (["--metrics-token-file", "/does/not/exist"], "HEARTH_METRICS_TOKEN_FILE"),
            (["--limit-send", "5"], "--limit-send"),
            (["--limit-packet", "lots"], "--limit-packet"),
            (["--limit-user-sockets", "0"], "--limit-user-sockets"),
            (["--limit-packet", "1B"], "'1B' for '--limit-packet <SIZE>': it must be from 16KiB to 64MiB"),
            (["--password-memory", "1KiB"], "'1KiB' for '--password-memory <SIZE>': it must be from 8KiB to 4GiB"),
            (["--limit-statement", "30d"], "'30d' for '--limit-statement <SPAN>': it must be from 100ms to 1h"),
        ] {
            let error = settings(&args).err().unwrap_or_else(|| panic!("{args:?} was accepted"));
            assert!(format!("{error:#}").contains(wanted), "{args:?}: {error:#}");
        }
    }
}
