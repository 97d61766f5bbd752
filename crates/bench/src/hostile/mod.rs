//! The crate `socketio` with hostile clients: what it holds for them, what it gives back, and how the others fare meanwhile.

mod attack;
mod client;
mod report;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use self::attack::Attack;
use self::client::Client;
use crate::load::{Entry, Load};
use crate::peer::beside;
use crate::scenario::room::Room;
use crate::scenario::{Pace, percentile};
use crate::server::{Program, Server};

/// How often the memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the server may take to be rid of everybody: its longest deadline is 45 s.
const RID: Duration = Duration::from_secs(100);
/// What everybody hears before the measurement, so that those who do not read are full: more than the system keeps for
/// one of them, and less than ends it at once.
const FILL: (u64, usize) = (40, 8 * 1024);

/// How the attack is measured.
#[derive(Args, Debug)]
pub struct Options {
    /// Who attacks
    #[command(flatten)]
    pub plan: Plan,
    /// The core of the server; the load runs where it was started
    #[arg(long, default_value_t = 0)]
    pub core: usize,
    /// The Markdown file whose tables are replaced; they are printed when left out
    #[arg(long)]
    pub write: Option<PathBuf>,
}

/// Who attacks, and whom.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// Clients that read what they get
    #[arg(long, default_value_t = 500)]
    pub healthy: usize,
    /// Deliveries to them a second
    #[arg(long, default_value_t = 20_000)]
    pub pace: u64,
    /// Clients in the room that never read
    #[arg(long, default_value_t = 1000)]
    pub stalled: usize,
    /// Handshakes that are never finished: half of them within the HTTP request, half before CONNECT
    #[arg(long, default_value_t = 1000)]
    pub half_open: usize,
    /// Clients that each hold all but the last byte of a frame of a megabyte
    #[arg(long, default_value_t = 50)]
    pub unfinished: usize,
    /// Events that one more client sends as fast as it can
    #[arg(long, default_value_t = 200_000)]
    pub flood: usize,
    /// Seconds measured without and with them; shorter than the server's patience with who does not read
    #[arg(long, default_value_t = 8.0)]
    pub seconds: f64,
    /// How often they attack the same server
    #[arg(long, default_value_t = 2)]
    pub attacks: usize,
}

/// What the server has and knows at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its resident memory, in bytes.
    pub memory: u64,
    /// Its open files and sockets.
    pub descriptors: usize,
    /// Connections, by its own count.
    pub sessions: u64,
    /// Sockets of namespaces, by its own count.
    pub sockets: u64,
    /// What waits for peers that do not read, in bytes, by its own count.
    pub queued: u64,
    /// Connections that ended since they did not read.
    pub stalled: u64,
    /// Connections that ended since they answered no ping.
    pub silent: u64,
}

/// How the healthy ones fared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fared {
    /// Half of the deliveries took less than this, in milliseconds.
    pub p50: f64,
    /// 99 of 100 took less than this, in milliseconds.
    pub p99: f64,
    /// How much other programs used of the machine meanwhile, in cores.
    pub foreign: f64,
}

/// One attack.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// While everybody was there and the flood ran.
    pub fared: Fared,
    /// Once everybody is there.
    pub full: Standing,
    /// The most memory that was seen, in bytes.
    pub peak: u64,
    /// From the first event of the flood to the last answer.
    pub flood: Duration,
    /// How long after the measurement the server was rid of everybody, who held on.
    pub rid: Duration,
    /// When it was.
    pub after: Standing,
    /// Its resident memory then, once the C library has given back what was free, in bytes.
    pub held: u64,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// With the healthy ones alone.
    pub before: Standing,
    /// How they fared then.
    pub calm: Fared,
    /// The attacks, one after the other.
    pub rounds: Vec<Round>,
    /// Deliveries to healthy clients that never came.
    pub lost: u64,
}

/// Measures and reports.
///
/// # Errors
/// The server fails, or the healthy ones are not served.
pub fn run(options: &Options) -> Result<()> {
    let server = Server::start(&program()?, Some(options.core))?;
    let outcome = attack(&server, &options.plan)?;
    let tables = report::markdown(&options.plan, &outcome)?;
    match &options.write {
        Some(file) => crate::report::write(file, "bench hostile", &tables),
        None => {
            println!("{tables}");
            Ok(())
        }
    }
}

/// The server that is attacked, built together with this program.
///
/// # Errors
/// It was not built.
pub fn program() -> Result<Program> {
    Ok(Program::new("`socketio`", vec![beside("socketio-server")?]))
}

/// Attacks a server, as planned.
///
/// # Errors
/// The server fails, the healthy ones are not served, or somebody who attacks is still there after 100 seconds.
pub fn attack(server: &Server, plan: &Plan) -> Result<Outcome> {
    let mut control = Control::new(server)?;
    let mut load = Load::new(server.address())?;
    load.open(plan.healthy, Entry::WebSocket)?;
    let mut stage = Stage { server, room: Room::new(&mut load), pace: Pace::PerSecond(plan.pace), peak: 0 };
    let window = Duration::from_secs_f64(plan.seconds);
    stage.watch(window / 4, |_| Ok(false))?;
    let before = control.standing()?;
    let calm = stage.fare(window, |_| Ok(false))?;
    let mut outcome = Outcome { before, calm, rounds: Vec::new(), lost: 0 };
    for _ in 0..plan.attacks {
        outcome.rounds.push(round(&mut stage, &mut control, plan, &before)?);
    }
    outcome.lost = stage.room.drain()?;
    Ok(outcome)
}

fn round(stage: &mut Stage<'_>, control: &mut Control<'_>, plan: &Plan, before: &Standing) -> Result<Round> {
    let window = Duration::from_secs_f64(plan.seconds);
    stage.peak = 0;
    let (address, planned) = (stage.server.address(), plan.clone());
    let arrival = std::thread::spawn(move || Attack::start(address, &planned));
    stage.watch(RID, |_| Ok(arrival.is_finished()))?;
    let attack = arrival.join().ok().context("those who attack panicked")??;
    stage.room.shout(FILL.0, FILL.1)?;
    let full = control.standing()?;

    let flood = attack.flood(plan.flood)?;
    let started = Instant::now();
    let fared = stage.fare(RID, |_| Ok(flood.is_finished() && started.elapsed() >= window))?;
    let flood = flood.join().ok().context("the flood panicked")??;

    // They hold on: it is the server that has to end them.
    let started = Instant::now();
    let mut after = control.standing()?;
    stage.watch(RID, |_| {
        after = control.standing()?;
        Ok(after.sessions <= before.sessions && after.descriptors <= before.descriptors)
    })?;
    ensure!(after.sessions <= before.sessions, "{} connections remain of {full:?}", after.sessions);
    ensure!(after.descriptors <= before.descriptors, "{} descriptors remain of {full:?}", after.descriptors);
    let rid = started.elapsed();
    control.ask("trim")?;
    let held = stage.server.memory()?;
    drop(attack);
    Ok(Round { fared, full, peak: stage.peak, flood, rid, after, held })
}

/// The healthy ones, who talk all the time, and the server, which is watched.
struct Stage<'a> {
    server: &'a Server,
    room: Room<'a>,
    pace: Pace,
    peak: u64,
}

impl Stage<'_> {
    /// Talks for so long, or until `done`, and tells how that went.
    fn fare(&mut self, time: Duration, done: impl FnMut(&Self) -> Result<bool>) -> Result<Fared> {
        let meter = self.server.meter()?;
        self.room.take_latencies();
        self.watch(time, done)?;
        let (mut latencies, usage) = (self.room.take_latencies(), meter.stop()?);
        let (p50, p99) = (percentile(&mut latencies, 50), percentile(&mut latencies, 99));
        Ok(Fared { p50, p99, foreign: usage.foreign })
    }

    /// Talks for so long, or until `done`.
    fn watch(&mut self, time: Duration, mut done: impl FnMut(&Self) -> Result<bool>) -> Result<()> {
        let until = self.room.elapsed() + time;
        while self.room.elapsed() < until {
            self.room.speak(self.pace, self.room.elapsed() + LOOK_EVERY)?;
            self.peak = self.peak.max(self.server.memory()?);
            if done(self)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A client that asks the server for its account.
struct Control<'a> {
    server: &'a Server,
    address: SocketAddr,
}

impl<'a> Control<'a> {
    fn new(server: &'a Server) -> Result<Self> {
        let mut control = Self { server, address: server.address() };
        // The first question is not like the later ones: what it needs is allocated.
        control.standing()?;
        Ok(control)
    }

    /// The memory is taken first: the question costs some.
    fn standing(&mut self) -> Result<Standing> {
        let (memory, descriptors) = (self.server.memory()?, self.server.descriptors()?);
        let answer = self.ask("stats")?;
        let mut figures = answer.split(',').map(str::parse::<u64>);
        let mut figure = || figures.next().transpose().ok().flatten().with_context(|| format!("no figures: {answer}"));
        Ok(Standing {
            memory,
            descriptors,
            sessions: figure()?,
            sockets: figure()?,
            queued: figure()?,
            stalled: figure()?,
            silent: figure()?,
        })
    }

    /// Asks on a connection of its own, which counts in the answer. Returns what stands between its brackets.
    fn ask(&mut self, event: &str) -> Result<String> {
        let mut client = Client::connect(self.address, false)?;
        client.open(self.address)?;
        client.join()?;
        client.send(format!("420[\"{event}\"]").as_bytes())?;
        loop {
            if let Some(answer) = client.next()?.strip_prefix("430[") {
                return Ok(answer.trim_end_matches(']').to_owned());
            }
        }
    }
}
