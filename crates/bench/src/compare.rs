//! The servers side by side, one load after the other.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::conditions::{machine, said, today};
use crate::peer::{Peer, Places};
use crate::report::{self, Conditions, Results};
use crate::scenario::{Outcome, Scenario, Timing};
use crate::server::{QUIET, wait_for_quiet};

/// What the server of the crate socketioxide is made of.
const SOCKETIOXIDE_LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/socketioxide/Cargo.lock");

/// What is measured, and how long.
#[derive(Args, Debug)]
pub struct Options {
    /// Loads to run, by name; all when left out
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Servers to run: node, socketioxide, raw, socketio, recovery
    #[arg(long, value_delimiter = ',')]
    servers: Vec<String>,
    /// How often every server has its turn with every load
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds under load before the measurement
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// Seconds that are measured
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Seconds to wait for a quiet machine, and to measure again when other programs disturbed it, each time
    #[arg(long, default_value_t = 60.0)]
    patience: f64,
    /// The core of the server; the load runs where it was started
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// The Markdown file whose tables are replaced; they are printed when left out
    #[arg(long)]
    write: Option<PathBuf>,
    /// The folder of Node's server, with its packages installed
    #[arg(long)]
    node: PathBuf,
    /// The server of the crate socketioxide
    #[arg(long)]
    socketioxide: PathBuf,
}

/// Runs every load on every server, in turns. A measurement that fails is said and left out; the others go on.
///
/// # Errors
/// There is no such load, the tables cannot be written, or, after all the others, a measurement failed.
pub fn run(options: &Options) -> Result<()> {
    let places = Places { node: options.node.clone(), socketioxide: options.socketioxide.clone() };
    let conditions = conditions(options)?;
    let peers: Vec<Peer> = Peer::ALL
        .into_iter()
        .filter(|peer| options.servers.is_empty() || options.servers.iter().any(|name| name == peer.name()))
        .collect();
    let (mut results, mut failed) = (Results::default(), 0);
    for scenario in Scenario::named(&options.only)? {
        for round in 1..=options.rounds {
            for &peer in peers.iter().filter(|&&peer| scenario.suits(peer)) {
                match undisturbed(&scenario, peer, &places, options) {
                    Ok(outcome) => {
                        say(&scenario, round, peer, &outcome);
                        results.add(&scenario, peer, outcome);
                    }
                    Err(error) => {
                        eprintln!("{:<15} {round} {:<13} failed: {error:#}", scenario.name, peer.name());
                        results.fail(&scenario, peer);
                        failed += 1;
                    }
                }
            }
        }
        // After each load, so that what is measured is not lost with a run that is broken off.
        if let Some(file) = &options.write {
            report::write(file, "bench", &results.markdown(&conditions))?;
        }
    }
    if options.write.is_none() {
        println!("\n{}", results.markdown(&conditions));
    }
    ensure!(failed == 0, "{failed} measurements failed; the tables hold the others");
    Ok(())
}

fn say(scenario: &Scenario, round: u32, peer: Peer, outcome: &Outcome) {
    println!(
        "{:<15} {round} {:<13} {:8.2} µs ({:.2} + {:.2}), {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {:.1} KB, lost {}, \
         others {:.0} %",
        scenario.name,
        peer.name(),
        outcome.cpu(),
        outcome.user,
        outcome.system,
        outcome.per_second,
        outcome.p50,
        outcome.p99,
        outcome.memory / 1024.0,
        outcome.lost,
        outcome.foreign * 100.0,
    );
}

/// Measures, and as long as patience lasts measures again when other programs disturbed it. Returns the least disturbed
/// outcome.
fn undisturbed(scenario: &Scenario, peer: Peer, places: &Places, options: &Options) -> Result<Outcome> {
    let timing =
        Timing { warm_up: Duration::from_secs_f64(options.warm_up), window: Duration::from_secs_f64(options.seconds) };
    let (started, patience) = (Instant::now(), Duration::from_secs_f64(options.patience));
    let mut best: Option<Outcome> = None;
    loop {
        wait_for_quiet(patience.saturating_sub(started.elapsed()))?;
        let outcome = scenario.run(peer, places, options.core, timing)?;
        let least = best.filter(|best| best.foreign <= outcome.foreign).unwrap_or(outcome);
        if least.foreign <= QUIET || started.elapsed() >= patience {
            return Ok(least);
        }
        best = Some(least);
    }
}

fn conditions(options: &Options) -> Result<Conditions> {
    Ok(Conditions {
        date: today()?,
        machine: machine()?,
        versions: format!(
            "socket.io {} on Node.js {}; socketioxide {}; `socketio` and the raw server of this tree, {}.",
            locked(&options.node.join("node_modules/socket.io/package.json"), "\"version\": \"")?,
            said("node", &["--version"])?.trim_start_matches('v'),
            locked(Path::new(SOCKETIOXIDE_LOCK), "name = \"socketioxide\"\nversion = \"")?,
            said("rustc", &["--version"])?,
        ),
        method: format!(
            "Medians of {} rounds in turns, {} s each after {} s of warm-up; server on core {}, load on another.",
            options.rounds, options.seconds, options.warm_up, options.core
        ),
    })
}

/// The quoted value behind the mark.
fn locked(file: &Path, mark: &str) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let value = text.split_once(mark).and_then(|(_, rest)| rest.split('"').next());
    Ok(value.with_context(|| format!("{} names no version", file.display()))?.to_owned())
}
