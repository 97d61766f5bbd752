//! Two chat servers that speak one vocabulary, in turns: Hearth, and the public sample that the vocabulary comes from.

mod account;
mod crew;
mod growth;
mod place;
mod postgres;
mod report;
mod talk;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use self::account::Account;
use self::crew::Crew;
use self::growth::Growth;
use self::place::Running;
use self::postgres::Postgres;
use self::talk::{Outcome, Receivers};
use crate::load::{Entry, Load};

/// How long the server rests before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(2);

/// What is measured, and where the servers are.
#[derive(Args, Debug)]
pub struct Options {
    /// Hearth's server
    #[arg(long)]
    pub hearth: PathBuf,
    /// The folder `server/` of a copy of socketio/socket.io-chat-platform, with its packages installed; it is left out
    /// without it
    #[arg(long)]
    pub sample: Option<PathBuf>,
    /// Where databases are made for both: the sample takes no other place, user or password than this
    #[arg(long, default_value = "postgres://postgres:changeit@127.0.0.1:5432")]
    pub postgres: String,
    /// A folder for Hearth's data, on the disk that is to be measured; what lies in it is removed
    #[arg(long)]
    pub data: PathBuf,
    /// Servers to run, in turns
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Place::ALL)]
    pub servers: Vec<Place>,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Part::ALL)]
    pub parts: Vec<Part>,
    /// Users in the channel, for each measurement of sending
    #[arg(long, value_delimiter = ',', default_values_t = [20, 100])]
    pub users: Vec<usize>,
    /// Messages of each user on their way
    #[arg(long, default_value_t = 4)]
    pub in_flight: usize,
    /// How often every server has its turn with sending
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Seconds under load before a measurement
    #[arg(long, default_value_t = 2.0)]
    pub warm_up: f64,
    /// Seconds that are measured
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// Messages in a channel, for each measurement of what grows with them
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000, 1_000_000])]
    pub messages: Vec<u64>,
    /// Idle connections whose memory is measured
    #[arg(long, default_value_t = 2000)]
    pub idle: usize,
    /// The core of the server; the load runs where it was started, PostgreSQL where it likes
    #[arg(long, default_value_t = 0)]
    pub core: usize,
    /// The Markdown file whose tables are replaced; they are printed when left out
    #[arg(long)]
    pub write: Option<PathBuf>,
}

/// A server with its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// The sample's server, on PostgreSQL.
    Sample,
    /// Hearth on SQLite.
    Sqlite,
    /// Hearth on PostgreSQL.
    Postgres,
}

impl Place {
    const ALL: [Self; 3] = [Self::Sample, Self::Sqlite, Self::Postgres];
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Sends: how many, what they cost, how long they take.
    Sends,
    /// Memory of idle connections.
    Idle,
    /// Questions whose answer must not cost more with more messages stored.
    Growth,
}

impl Part {
    const ALL: [Self; 3] = [Self::Sends, Self::Idle, Self::Growth];
}

/// One way to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Case {
    users: usize,
    receivers: Receivers,
}

/// Everything that was found.
#[derive(Debug, Default)]
struct Results {
    sends: Vec<(Case, Place, Outcome)>,
    /// Bytes for each connection.
    idle: Vec<(Place, f64)>,
    growth: Vec<(Place, Growth)>,
}

/// Measures and reports.
///
/// # Errors
/// A server or PostgreSQL is not there, or a server does not answer as it should.
pub fn run(options: &Options) -> Result<()> {
    let postgres = Postgres::at(&options.postgres)?;
    let places: Vec<Place> =
        (options.servers.iter().copied()).filter(|place| *place != Place::Sample || options.sample.is_some()).collect();
    ensure!(!places.is_empty(), "there is no server to measure");
    let mut results = Results::default();
    for round in 0..options.rounds {
        for &place in &places {
            let running = Running::start(place, options, &postgres)?;
            let most = options.users.iter().copied().max().unwrap_or_default().max(2);
            let accounts = account::sign_up(&running, most)?;
            if options.parts.contains(&Part::Sends) {
                sends(options, &postgres, &running, &accounts, &mut results)?;
            }
            if round == 0 && options.parts.contains(&Part::Idle) {
                let each = idle(options, &running, &accounts)?;
                println!("{place:?}: {each:.0} bytes for an idle connection");
                results.idle.push((place, each));
            }
            if round == 0 && options.parts.contains(&Part::Growth) {
                for found in growth::run(options, &postgres, &running, &accounts)? {
                    println!("{place:?}: {found:?}");
                    results.growth.push((place, found));
                }
            }
            if let Some(file) = &options.write {
                let tables = report::markdown(options, &places, &results)?;
                crate::report::write(file, "bench chat", &tables)?;
            }
        }
    }
    if options.write.is_none() {
        println!("\n{}", report::markdown(options, &places, &results)?);
    }
    Ok(())
}

fn sends(
    options: &Options,
    postgres: &Postgres,
    running: &Running,
    accounts: &[Account],
    results: &mut Results,
) -> Result<()> {
    for &users in &options.users {
        for receivers in [Receivers::Listen, Receivers::Acknowledge] {
            let mut crew = Crew::open(running, &accounts[..users])?;
            let channel = crew.channel_of_all()?;
            let outcome = talk::run(options, postgres, running, &mut crew, &channel, receivers)?;
            println!("{:?}, {users} users, {receivers:?}: {outcome:?}", running.place);
            results.sends.push((Case { users, receivers }, running.place, outcome));
        }
    }
    Ok(())
}

/// What the server keeps for a connection that is signed in and says nothing.
fn idle(options: &Options, running: &Running, accounts: &[Account]) -> Result<f64> {
    let cookies = accounts.iter().map(|account| account.cookie.clone()).collect();
    let mut load = Load::signed_in(running.server.address(), cookies)?;
    // The first of each person, so that what is kept for a person is there already.
    load.open(accounts.len(), Entry::WebSocket)?;
    load.rest(SETTLE)?;
    let before = running.server.memory()?;
    load.open(options.idle, Entry::WebSocket)?;
    load.rest(SETTLE)?;
    Ok(running.server.memory()?.saturating_sub(before) as f64 / options.idle as f64)
}
