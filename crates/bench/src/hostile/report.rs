//! The table of an attack in `docs/benchmarks.md`.

use std::fmt::Write as _;

use anyhow::Result;

use super::{Fared, Outcome, Plan, Standing};
use crate::conditions::{machine, said, today};
use crate::report::thousands;

/// Healthy clients may wait so many times longer while others attack.
const BAR: f64 = 2.0;

/// The conditions and the figures.
pub(super) fn markdown(plan: &Plan, outcome: &Outcome) -> Result<String> {
    let mut out = String::new();
    let n = |count: usize| thousands(count as f64);
    let _ = writeln!(out, "- {} {}.", machine()?, said("rustc", &["--version"])?);
    let _ = writeln!(
        out,
        "- Measured on {}; server on one core, load and attack together on the other; *others*: \
        what other programs used of a core meanwhile.",
        today()?
    );
    let _ = writeln!(
        out,
        "- {} healthy clients in a room, {} deliveries a second; {} more in it that never read; {} unfinished \
         handshakes; {} clients that each hold all but the last byte of a frame of 1 MB; one that sends {} events as fast \
         as they are taken. {} deliveries to healthy clients were lost.\n",
        n(plan.healthy),
        thousands(plan.pace as f64),
        n(plan.stalled),
        n(plan.half_open),
        n(plan.unfinished),
        n(plan.flood),
        outcome.lost,
    );
    let _ = writeln!(
        out,
        "| | memory, MB | at most | connections | sockets | descriptors | p50, ms | p99, ms | p99 ÷ before | others |"
    );
    let _ = writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    row(&mut out, "before", &outcome.before, None, Some((&outcome.calm, String::new())));
    for (at, round) in (1..).zip(&outcome.rounds) {
        let ratio = round.fared.p99 / outcome.calm.p99;
        let verdict = if ratio <= BAR { "met" } else { "**missed**" };
        let verdict = format!("{ratio:.2}, ≤ {BAR} {verdict}");
        row(&mut out, &format!("attack {at}"), &round.full, Some(round.peak), Some((&round.fared, verdict)));
        let label = format!("{:.0} s after it", round.rid.as_secs_f64());
        row(&mut out, &label, &round.after, None, None);
        let _ = writeln!(out, "| after `malloc_trim` | {} | | | | | | | | |", megabytes(round.held));
    }
    if let Some(last) = outcome.rounds.last() {
        let times: Vec<String> =
            outcome.rounds.iter().map(|round| format!("{:.1}", round.flood.as_secs_f64())).collect();
        let _ = writeln!(
            out,
            "\nThe flood was answered within {} s. The server ended {} connections that did not read and {} that answered \
             no ping; nobody left by themselves.",
            times.join(" and "),
            n(last.after.stalled as usize),
            n(last.after.silent as usize),
        );
    }
    Ok(out)
}

fn row(out: &mut String, label: &str, standing: &Standing, peak: Option<u64>, fared: Option<(&Fared, String)>) {
    let _ = write!(
        out,
        "| {label} | {} | {} | {} | {} | {} |",
        megabytes(standing.memory),
        peak.map(megabytes).unwrap_or_default(),
        thousands(standing.sessions as f64),
        thousands(standing.sockets as f64),
        thousands(standing.descriptors as f64),
    );
    let _ = match fared {
        Some((fared, verdict)) => {
            writeln!(out, " {:.2} | {:.2} | {verdict} | {:.0} % |", fared.p50, fared.p99, fared.foreign * 100.0)
        }
        None => writeln!(out, " | | | |"),
    };
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
