//! Every limit that an operator can set, in one place, each with its reason. Lengths of names, messages and pages belong
//! to the protocol and are the same everywhere.

use clap::{Args, FromArgMatches as _};

use super::units::{Bytes, Rate, Span, within};

/// Rates, counts, sizes and deadlines.
#[derive(Args, Debug, Clone)]
pub struct LimitSettings {
    /// How often.
    #[command(flatten)]
    pub rates: RateLimits,
    /// How many.
    #[command(flatten)]
    pub counts: CountLimits,
    /// How large.
    #[command(flatten)]
    pub sizes: SizeLimits,
    /// How long.
    #[command(flatten)]
    pub deadlines: Deadlines,
}

/// How often somebody may do what.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Rates, as often:at once")]
pub struct RateLimits {
    /// Messages that a person sends. Fast typists send one a second; a pasted dialogue comes as a burst.
    #[arg(
        id = "limit-send",
        long = "limit-send",
        env = "HEARTH_LIMIT_SEND",
        default_value = "5/s:20",
        value_name = "RATE"
    )]
    pub send: Rate,

    /// What a person reads: opening the application and switching through channels reads a lot at once.
    #[arg(
        id = "limit-read",
        long = "limit-read",
        env = "HEARTH_LIMIT_READ",
        default_value = "50/s:300",
        value_name = "RATE"
    )]
    pub read: Rate,

    /// Everything else that a person does: joining, creating, looking for people.
    #[arg(
        id = "limit-other",
        long = "limit-other",
        env = "HEARTH_LIMIT_OTHER",
        default_value = "10/s:30",
        value_name = "RATE"
    )]
    pub other: Rate,

    /// Signs of typing of a person; the client repeats itself every three seconds for each channel.
    #[arg(
        id = "limit-typing",
        long = "limit-typing",
        env = "HEARTH_LIMIT_TYPING",
        default_value = "4/s:8",
        value_name = "RATE"
    )]
    pub typing: Rate,

    /// Right passwords for one account from one address: each costs a password hash and a session.
    #[arg(
        id = "limit-login",
        long = "limit-login",
        env = "HEARTH_LIMIT_LOGIN",
        default_value = "60/h:20",
        value_name = "RATE"
    )]
    pub login: Rate,

    /// Wrong passwords for one account from one address. The account itself is never locked: that would let anyone lock
    /// anyone out.
    #[arg(
        id = "limit-failed-login",
        long = "limit-failed-login",
        env = "HEARTH_LIMIT_FAILED_LOGIN",
        default_value = "10/h:5",
        value_name = "RATE"
    )]
    pub failed_login: Rate,

    /// Wrong passwords from one address, whatever the account: one office is one address.
    #[arg(
        id = "limit-failed-login-address",
        long = "limit-failed-login-address",
        env = "HEARTH_LIMIT_FAILED_LOGIN_ADDRESS",
        default_value = "50/h:50",
        value_name = "RATE"
    )]
    pub failed_login_address: Rate,

    /// New accounts from one address: a course that signs up together. Whoever is invited is not counted.
    #[arg(
        id = "limit-signup",
        long = "limit-signup",
        env = "HEARTH_LIMIT_SIGNUP",
        default_value = "100/h:100",
        value_name = "RATE"
    )]
    pub signup: Rate,
}

/// How many of what there may be.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Counts")]
pub struct CountLimits {
    /// Sockets of one person at once: every tab of every device, with room to spare.
    #[arg(id = "limit-user-sockets", long = "limit-user-sockets", env = "HEARTH_LIMIT_USER_SOCKETS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..), value_name = "COUNT")]
    pub user_sockets: u32,

    /// Signed-in sockets of one address: a large office behind one, with several tabs each.
    #[arg(id = "limit-address-sockets", long = "limit-address-sockets", env = "HEARTH_LIMIT_ADDRESS_SOCKETS", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..), value_name = "COUNT")]
    pub address_sockets: u32,

    /// Sockets of one address that have not said yet who they are.
    #[arg(id = "limit-address-strangers", long = "limit-address-strangers", env = "HEARTH_LIMIT_ADDRESS_STRANGERS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..), value_name = "COUNT")]
    pub address_strangers: u32,

    /// Sessions of one person. One more, and the one that was not used for the longest time ends.
    #[arg(id = "limit-user-sessions", long = "limit-user-sessions", env = "HEARTH_LIMIT_USER_SESSIONS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000), value_name = "COUNT")]
    pub user_sessions: u32,

    /// Channels that a person makes in an hour, and memberships of others in channels and conversations, all of them at once
    /// if need be. A whole course is put into its channel at once; for whoever wants to be a nuisance it is little.
    #[arg(id = "limit-made-per-hour", long = "limit-made-per-hour", env = "HEARTH_LIMIT_MADE_PER_HOUR", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000), value_name = "COUNT")]
    pub made_per_hour: u32,

    /// Commands of one socket that may wait for their answer; then its reading stops.
    #[arg(id = "limit-in-flight", long = "limit-in-flight", env = "HEARTH_LIMIT_IN_FLIGHT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_024), value_name = "COUNT")]
    pub in_flight: u32,

    /// Sign-ins that wait for a core to hash on, beside one per core; whoever comes then is told to come back.
    #[arg(id = "limit-passwords-waiting", long = "limit-passwords-waiting", env = "HEARTH_LIMIT_PASSWORDS_WAITING", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "COUNT")]
    pub passwords_waiting: u32,
}

/// How large what may be.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Sizes and queues")]
pub struct SizeLimits {
    /// Largest packet that a socket may send: a message at its longest, several times over.
    #[arg(
        id = "limit-packet",
        long = "limit-packet",
        env = "HEARTH_LIMIT_PACKET",
        default_value = "64KiB",
        value_parser = within::<Bytes>("16KiB", "64MiB"),
        value_name = "SIZE"
    )]
    pub packet: Bytes,

    /// Largest body of an HTTP request.
    #[arg(
        id = "limit-body",
        long = "limit-body",
        env = "HEARTH_LIMIT_BODY",
        default_value = "64KiB",
        value_parser = within::<Bytes>("16KiB", "64MiB"),
        value_name = "SIZE"
    )]
    pub body: Bytes,

    /// What may wait for one socket to read it; one that is further behind is closed, comes back and catches up.
    #[arg(
        id = "limit-outbound",
        long = "limit-outbound",
        env = "HEARTH_LIMIT_OUTBOUND",
        default_value = "1MiB",
        value_parser = within::<Bytes>("64KiB", "1GiB"),
        value_name = "SIZE"
    )]
    pub outbound: Bytes,

    /// What may wait for all sockets together; the largest queues are closed first. A quarter of memory if not set.
    #[arg(
        id = "limit-outbound-total",
        long = "limit-outbound-total",
        env = "HEARTH_LIMIT_OUTBOUND_TOTAL",
        value_parser = within::<Bytes>("1MiB", "1024GiB"),
        value_name = "SIZE"
    )]
    pub outbound_total: Option<Bytes>,

    /// Memory that one password hash takes (Argon2id).
    #[arg(
        id = "password-memory",
        long = "password-memory",
        env = "HEARTH_PASSWORD_MEMORY",
        default_value = "19MiB",
        value_parser = within::<Bytes>("8KiB", "4GiB"),
        value_name = "SIZE"
    )]
    pub password_memory: Bytes,

    /// Passes of one password hash over its memory (Argon2id).
    #[arg(id = "password-passes", long = "password-passes", env = "HEARTH_PASSWORD_PASSES", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "COUNT")]
    pub password_passes: u32,
}

/// How long what may take.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Deadlines")]
pub struct Deadlines {
    /// A client that goes on asking at three times its rate for this long is cut off.
    #[arg(
        id = "limit-flood",
        long = "limit-flood",
        env = "HEARTH_LIMIT_FLOOD",
        default_value = "10s",
        value_parser = within::<Span>("1s", "1h"),
        value_name = "SPAN"
    )]
    pub flood: Span,

    /// How long a socket may take nothing of what waits for it.
    #[arg(
        id = "limit-stall",
        long = "limit-stall",
        env = "HEARTH_LIMIT_STALL",
        default_value = "10s",
        value_parser = within::<Span>("1s", "1h"),
        value_name = "SPAN"
    )]
    pub stall: Span,

    /// How long a socket may stay without having said who it is.
    #[arg(
        id = "limit-authenticate",
        long = "limit-authenticate",
        env = "HEARTH_LIMIT_AUTHENTICATE",
        default_value = "10s",
        value_parser = within::<Span>("1s", "1h"),
        value_name = "SPAN"
    )]
    pub authenticate: Span,

    /// How long the reading of a socket may stand still because too many of its commands wait.
    #[arg(
        id = "limit-pause",
        long = "limit-pause",
        env = "HEARTH_LIMIT_PAUSE",
        default_value = "30s",
        value_parser = within::<Span>("1s", "1h"),
        value_name = "SPAN"
    )]
    pub pause: Span,

    /// Longest that one database statement may take.
    #[arg(
        id = "limit-statement",
        long = "limit-statement",
        env = "HEARTH_LIMIT_STATEMENT",
        default_value = "2s",
        value_parser = within::<Span>("100ms", "1h"),
        value_name = "SPAN"
    )]
    pub statement: Span,

    /// Within which every command is answered, whatever is down.
    #[arg(
        id = "limit-command",
        long = "limit-command",
        env = "HEARTH_LIMIT_COMMAND",
        default_value = "5s",
        value_parser = within::<Span>("100ms", "1h"),
        value_name = "SPAN"
    )]
    pub command: Span,
}

impl Default for LimitSettings {
    /// What holds where nothing is set.
    fn default() -> Self {
        let defaults = LimitSettings::augment_args(clap::Command::new("hearth")).mut_args(|arg| arg.env(None::<&str>));
        Self::from_arg_matches(&defaults.get_matches_from(["hearth"])).expect("every limit has a default")
    }
}
