//! `chaos`: drives a server through faults and judges it; or judges a history that somebody else has written.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chaos::check::{Kind, Least, judge};
use chaos::history::load;
use chaos::run::{Outcome, run};
use chaos::setting::Setting;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Drives a server through faults, and judges what its clients saw.
#[derive(Parser, Debug)]
struct Arguments {
    /// Judge this history, and drive nothing.
    #[arg(long, value_name = "FILE", exclusive = true)]
    check: Option<PathBuf>,

    /// The server's binary.
    #[arg(long, value_name = "FILE", default_value = "target/debug/hearth")]
    server: PathBuf,

    /// A server with seeded faults: show that each of them is found.
    #[arg(long, value_name = "FILE")]
    mutants: Option<PathBuf>,

    /// Where initdb and pg_ctl are; with it the database is PostgreSQL, without it SQLite.
    #[arg(long, value_name = "FOLDER")]
    postgres: Option<PathBuf>,

    /// What decides everything that chance does; by default another one each time.
    #[arg(long)]
    seed: Option<u64>,

    /// Go on until so many kills,
    #[arg(long, default_value_t = 3)]
    kills: usize,

    /// and so many acknowledged messages,
    #[arg(long, default_value_t = 1_000)]
    acked: usize,

    /// but no longer than this, in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,

    /// The official clients' program, e2e/protocol/chaos.mjs; without it they take no part.
    #[arg(long, value_name = "FILE")]
    official: Option<PathBuf>,

    /// Idle connections that come back together after each kill; then there are no other faults.
    #[arg(long, default_value_t = 0)]
    crowd: usize,

    /// Keep the data on the usual disk, which is never full.
    #[arg(long)]
    large_disk: bool,

    /// The server has no fail points, being a release build.
    #[arg(long)]
    release: bool,

    /// The machine has other work, and little time: what falls short of a promised time, or of what was to be done, is
    /// told and not judged.
    #[arg(long)]
    patient: bool,

    /// Where the history goes.
    #[arg(long, value_name = "FILE", default_value = "chaos.jsonl")]
    history: PathBuf,
}

/// Where distributions put libfaketime.
const CLOCKS: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
];

/// The seeded faults, and as what each is found.
const MUTANTS: [(&str, &[Kind]); 7] = [
    ("ack-before-commit", &[Kind::Lost]),
    ("no-unique-key", &[Kind::Duplicate, Kind::Answer]),
    ("sync-gap", &[Kind::Gap]),
    ("read-mark-overwritten", &[Kind::Mark]),
    ("late-revocation", &[Kind::Intruder]),
    ("membership-before-registering", &[Kind::Intruder]),
    ("no-gap-fetch", &[Kind::Gap]),
];

/// Some need a kill or a reload within a few milliseconds: what one run does not meet, another does.
const MUTANT_RUNS: usize = 3;

/// The one that is a client's.
const CARELESS: &str = "no-gap-fetch";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.context("no runtime").and_then(|runtime| runtime.block_on(until_interrupted(&arguments)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever ends it, what it has started and mounted goes with it.
async fn until_interrupted(arguments: &Arguments) -> Result<bool> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = act(arguments) => outcome,
        _ = terminate.recv() => bail!("interrupted"),
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
}

async fn act(arguments: &Arguments) -> Result<bool> {
    if let Some(file) = &arguments.check {
        let verdict = judge(&load(file)?, Least { acked: 1, shown: 1 });
        print!("{verdict}");
        return Ok(verdict.anomalies.is_empty());
    }
    let setting = setting(arguments)?;
    println!("seed {}, history {}", setting.seed, setting.history.display());
    if setting.clock.is_none() {
        println!("not tried: steps of the clock (libfaketime is not installed)");
    }
    if let Some(seeded) = &arguments.mutants {
        return mutants(&setting, seeded).await;
    }
    let outcome = run(&setting).await?;
    report(&outcome);
    let short = outcome.falls_short(&setting);
    short.iter().for_each(|short| println!("falls short: {short}"));
    let is_good = outcome.verdict.anomalies.is_empty() && outcome.unanswered == 0 && outcome.stuck.is_empty();
    Ok(is_good && (short.is_empty() || arguments.patient))
}

fn setting(arguments: &Arguments) -> Result<Setting> {
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs(),
    };
    Ok(Setting {
        server: arguments.server.clone(),
        environment: BTreeMap::new(),
        postgres: arguments.postgres.clone(),
        seed,
        kills: arguments.kills,
        acked: arguments.acked,
        most: Duration::from_secs(arguments.seconds),
        official: arguments.official.clone(),
        crowd: arguments.crowd,
        clock: CLOCKS.iter().map(PathBuf::from).find(|library| library.is_file()),
        small_disk: !arguments.large_disk,
        fail_points: !arguments.release,
        fetches_gaps: true,
        history: arguments.history.clone(),
    })
}

fn report(outcome: &Outcome) {
    let longest = |times: Vec<Duration>| times.into_iter().max().unwrap_or_default().as_secs_f64();
    let starts = longest(outcome.suffered.iter().filter_map(|suffered| suffered.start).collect());
    let normal = longest(outcome.suffered.iter().map(|suffered| suffered.normal).collect());
    println!(
        "{:.0} s, {} faults, {} of them kills; the slowest start {starts:.2} s, the longest until normal {normal:.2} s, \
         the longest answer {:.2} s, {} without an answer",
        outcome.took.as_secs_f64(),
        outcome.suffered.len(),
        outcome.kills(),
        outcome.longest / 1000.0,
        outcome.unanswered
    );
    let mut counts = BTreeMap::<_, usize>::new();
    for suffered in outcome.suffered.iter().filter(|suffered| suffered.came_by) {
        *counts.entry(suffered.fault).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|(fault, count)| format!("{count} × {fault}")).collect();
    println!("{}", counts.join(", "));
    print!("{}", outcome.verdict);
    if !outcome.stuck.is_empty() {
        println!("could not go on: {}", outcome.stuck.join(", "));
    }
}

/// Runs against each seeded fault; whether all were found, as what they are.
async fn mutants(setting: &Setting, seeded: &std::path::Path) -> Result<bool> {
    let mut rows = Vec::new();
    for (name, kinds) in MUTANTS {
        println!("── {name}");
        let mut setting = setting.clone();
        if name == CARELESS {
            setting.fetches_gaps = false;
        } else {
            setting.server = seeded.to_owned();
            setting.environment.insert("HEARTH_SEEDED_FAULT".to_owned(), name.to_owned());
        }
        let (mut found, mut is_found) = (BTreeMap::new(), false);
        for _ in 0..MUTANT_RUNS {
            let outcome = run(&setting).await?;
            print!("{}", outcome.verdict);
            found = outcome.verdict.by_kind();
            is_found = kinds.iter().any(|kind| found.contains_key(kind));
            if is_found {
                break;
            }
            setting.seed += 1;
        }
        let found: Vec<_> = found.iter().map(|(kind, count)| format!("{count} × {kind:?}")).collect();
        rows.push((
            is_found,
            format!("| {name} | {} | {} |", if is_found { "found" } else { "NOT FOUND" }, found.join(", ")),
        ));
    }
    println!("| seeded fault | | as |\n| --- | --- | --- |");
    rows.iter().for_each(|(_, row)| println!("{row}"));
    Ok(rows.iter().all(|(is_found, _)| *is_found))
}
