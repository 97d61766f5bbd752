//! The tables of the chat servers in `docs/benchmarks.md`.

use std::fmt::Write as _;

use anyhow::Result;

use super::talk::{Outcome, Receivers};
use super::{Case, Options, Place, Results};
use crate::conditions::{machine, said, today};
use crate::report::{short, thousands};

pub(super) fn markdown(options: &Options, places: &[Place], results: &Results) -> Result<String> {
    let mut out = String::new();
    let _ =
        writeln!(out, "- {} Node.js {}; {}.", machine()?, said("node", &["--version"])?, said("psql", &["--version"])?);
    let _ = writeln!(
        out,
        "- Measured on {}; server on one core, load on the other, PostgreSQL on either. Medians of {} rounds in turns, {} s \
         each after {} s of warm-up.",
        today()?,
        options.rounds,
        options.seconds,
        options.warm_up
    );
    sends(&mut out, options, places, results);
    idle(&mut out, results);
    growth(&mut out, options, places, results);
    Ok(out)
}

fn sends(out: &mut String, options: &Options, places: &[Place], results: &Results) {
    if results.sends.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n| {} sends of each in flight | | sends/s | ÷ sample | server CPU, µs | sample ÷ it | PostgreSQL, µs | p50, ms | \
         p99, ms | reads/s | lost | others |\n|{}",
        options.in_flight,
        " --- |".repeat(12)
    );
    for &users in &options.users {
        for receivers in [Receivers::Listen, Receivers::Acknowledge] {
            let case = Case { users, receivers };
            let of = |place| median(results, case, place);
            let sample = of(Place::Sample);
            for &place in places {
                let Some(outcome) = of(place) else { continue };
                let does = if receivers == Receivers::Listen { "listen" } else { "acknowledge" };
                let times = |ratio: fn(&Outcome, &Outcome) -> f64| {
                    let ratio = sample.filter(|_| place != Place::Sample).map(|sample| ratio(&outcome, &sample));
                    ratio.map(|ratio| format!("{ratio:.1}")).unwrap_or_default()
                };
                let _ = writeln!(
                    out,
                    "| {users} users who {does} | {} | {} | {} | {} | {} | {} | {:.2} | {:.2} | {} | {} | {:.0} % |",
                    place.title(),
                    thousands(outcome.per_second),
                    times(|ours, sample| ours.per_second / sample.per_second),
                    short(outcome.cpu),
                    times(|ours, sample| sample.cpu / ours.cpu),
                    short(outcome.database),
                    outcome.p50,
                    outcome.p99,
                    thousands(outcome.reads),
                    outcome.lost,
                    outcome.foreign * 100.0,
                );
            }
        }
    }
}

/// The median of each figure over the rounds; what was lost is the sum.
fn median(results: &Results, case: Case, place: Place) -> Option<Outcome> {
    let rounds: Vec<&Outcome> =
        results.sends.iter().filter(|(c, p, _)| *c == case && *p == place).map(|(.., outcome)| outcome).collect();
    let of = |figure: fn(&Outcome) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(|outcome| figure(outcome)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some(Outcome {
        per_second: of(|outcome| outcome.per_second)?,
        cpu: of(|outcome| outcome.cpu)?,
        database: of(|outcome| outcome.database)?,
        p50: of(|outcome| outcome.p50)?,
        p99: of(|outcome| outcome.p99)?,
        reads: of(|outcome| outcome.reads)?,
        foreign: of(|outcome| outcome.foreign)?,
        lost: rounds.iter().map(|outcome| outcome.lost).sum(),
    })
}

fn idle(out: &mut String, results: &Results) {
    if results.idle.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n| Memory of the server for an idle connection that is signed in | KB |\n| --- | --- |");
    for (place, bytes) in &results.idle {
        let _ = writeln!(out, "| {} | {:.1} |", place.title(), bytes / 1024.0);
    }
}

fn growth(out: &mut String, options: &Options, places: &[Place], results: &Results) {
    if results.growth.is_empty() {
        return;
    }
    let _ = write!(out, "\n| p50 in µs (CPU of the server + of PostgreSQL), messages in the channel | |");
    for messages in &options.messages {
        let _ = write!(out, " {} |", thousands(*messages as f64));
    }
    let _ = writeln!(out, "\n|{}", " --- |".repeat(2 + options.messages.len()));
    for &place in places {
        let rows = || results.growth.iter().filter(move |(p, _)| *p == place).map(|(_, growth)| growth);
        let mut questions: Vec<&str> = Vec::new();
        for row in rows() {
            if !questions.contains(&row.question) {
                questions.push(row.question);
            }
        }
        for question in questions {
            let _ = write!(out, "| {question} | {} |", place.title());
            for &messages in &options.messages {
                let _ = match rows().find(|row| row.question == question && row.messages == messages) {
                    Some(row) => {
                        let cpu = [row.cpu, row.database].map(thousands).join(" + ");
                        write!(out, " {} ({cpu}) |", thousands(row.p50))
                    }
                    None => write!(out, " – |"),
                };
            }
            out.push('\n');
        }
    }
}
