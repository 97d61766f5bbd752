//! Runs the measurements: `cargo xtask bench`, which builds and installs what is compared and calls this.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bench::peer::{Peer, Places};
use bench::report::{self, Conditions, Results};
use bench::scenario::{Outcome, Scenario, Timing};
use bench::server::{QUIET, wait_for_quiet};
use clap::Parser;

/// What the server of the crate socketioxide is made of.
const SOCKETIOXIDE_LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/socketioxide/Cargo.lock");

/// Measure the Socket.IO servers side by side.
#[derive(Parser)]
struct Options {
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

fn main() -> Result<()> {
    let options = Options::parse();
    let places = Places { node: options.node.clone(), socketioxide: options.socketioxide.clone() };
    let conditions = conditions(&options)?;
    let peers: Vec<Peer> = Peer::ALL
        .into_iter()
        .filter(|peer| options.servers.is_empty() || options.servers.iter().any(|name| name == peer.name()))
        .collect();
    let mut results = Results::default();
    for scenario in Scenario::named(&options.only)? {
        for round in 1..=options.rounds {
            for &peer in peers.iter().filter(|&&peer| scenario.suits(peer)) {
                let outcome = undisturbed(&scenario, peer, &places, &options)?;
                println!(
                    "{:<15} {round} {:<13} {:8.2} µs ({:.2} + {:.2}), {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {:.1} KB, \
                     lost {}, others {:.0} %",
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
                results.add(&scenario, peer, outcome);
            }
        }
        // After each load, so that what is measured is not lost with a run that is broken off.
        if let Some(file) = &options.write {
            report::write(file, &results.markdown(&conditions))?;
        }
    }
    if options.write.is_none() {
        println!("\n{}", results.markdown(&conditions));
    }
    Ok(())
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
    let read = |file: &str| std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"));
    let cpu = read("/proc/cpuinfo")?;
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let memory = read("/proc/meminfo")?;
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().split(' ').next()?.parse().ok());
    let gib = kib.unwrap_or(0.0) / f64::from(1 << 20);
    Ok(Conditions {
        date: said("date", &["-u", "+%Y-%m-%d"])?,
        machine: format!(
            "{cores} cores of {}, {gib:.0} GiB, Linux {}.",
            model.unwrap_or(std::env::consts::ARCH),
            read("/proc/sys/kernel/osrelease")?.trim()
        ),
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

/// What a program prints.
fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("cannot start {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The quoted value behind the mark.
fn locked(file: &Path, mark: &str) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let value = text.split_once(mark).and_then(|(_, rest)| rest.split('"').next());
    Ok(value.with_context(|| format!("{} names no version", file.display()))?.to_owned())
}
