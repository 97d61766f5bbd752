//! Medians, ratios, and the tables in `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::peer::Peer;
use crate::scenario::{Bar, Outcome, Scenario};

/// Between these marks a file is rewritten by every run of that command; what a person wrote around them stays.
fn marks(command: &str) -> [String; 2] {
    ["start", "end"].map(|end| format!("<!-- cargo xtask {command}: {end} -->\n"))
}

/// The facts that the figures hold for.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The day, as `2026-01-31`.
    pub date: String,
    /// Processor, number of cores, memory, kernel.
    pub machine: String,
    /// What was compared, each with its version.
    pub versions: String,
    /// How it was measured: rounds, seconds, cores.
    pub method: String,
}

/// All outcomes of a run.
#[derive(Debug, Default)]
pub struct Results {
    rounds: Vec<(Scenario, Peer, Vec<Outcome>)>,
    failed: Vec<(Scenario, Peer)>,
}

impl Results {
    /// One more round.
    pub fn add(&mut self, scenario: &Scenario, peer: Peer, outcome: Outcome) {
        let known = self.rounds.iter_mut().find(|(s, p, _)| s.name == scenario.name && *p == peer);
        match known {
            Some((.., rounds)) => rounds.push(outcome),
            None => self.rounds.push((*scenario, peer, vec![outcome])),
        }
    }

    /// A round that gave no outcome.
    pub fn fail(&mut self, scenario: &Scenario, peer: Peer) {
        self.failed.push((*scenario, peer));
    }

    fn scenarios(&self) -> Vec<Scenario> {
        let mut found: Vec<Scenario> = Vec::new();
        for (scenario, ..) in &self.rounds {
            if found.iter().all(|known| known.name != scenario.name) {
                found.push(*scenario);
            }
        }
        found
    }

    /// The median of a figure over the rounds; none where it was not measured.
    fn median(&self, scenario: &str, peer: Peer, figure: impl Fn(&Outcome) -> f64) -> Option<f64> {
        let (.., rounds) = self.rounds.iter().find(|(s, p, _)| s.name == scenario && *p == peer)?;
        let mut values: Vec<f64> = rounds.iter().map(figure).collect();
        // A single zero is a figure too small for the clock; nothing but zeros is a figure that was not measured.
        if values.iter().all(|value| *value == 0.0) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let upper = *values.get(values.len() / 2)?;
        let lower = values[(values.len() - 1) / 2];
        Some(f64::midpoint(lower, upper))
    }

    /// Everything as Markdown.
    #[must_use]
    pub fn markdown(&self, conditions: &Conditions) -> String {
        let mut out = String::new();
        for line in [&conditions.machine, &conditions.versions, &conditions.method] {
            let _ = writeln!(out, "- {line}");
        }
        let _ = writeln!(out, "- Measured on {}. {}", conditions.date, self.disturbance());
        for (scenario, peer) in &self.failed {
            let _ = writeln!(out, "- A round of {} failed: {}.", peer.title(), scenario.title);
        }
        self.cpu_table(&mut out);
        self.memory_table(&mut out);
        self.time_table(&mut out);
        out
    }

    /// How much other programs disturbed it.
    fn disturbance(&self) -> String {
        let rounds = self.rounds.iter().flat_map(|(.., rounds)| rounds);
        let mut foreign: Vec<f64> = rounds.clone().map(|round| round.foreign).collect();
        foreign.sort_by(f64::total_cmp);
        let median = foreign.get(foreign.len() / 2).copied().unwrap_or_default() * 100.0;
        let most = foreign.last().copied().unwrap_or_default() * 100.0;
        let lost: u64 = rounds.map(|round| round.lost).sum();
        format!(
            "Other programs used {median:.0} % of a core in the median round, {most:.0} % in the worst; \
             {lost} deliveries were lost."
        )
    }

    fn cpu_table(&self, out: &mut String) {
        header(out, "CPU of the server, µs each (program + kernel)", &["÷ raw", "bar"]);
        for scenario in self.scenarios() {
            let _ = write!(out, "| {} |", scenario.title);
            for peer in Peer::ALL {
                let cpu = self.median(scenario.name, peer, Outcome::cpu);
                let user = self.median(scenario.name, peer, |outcome| outcome.user).unwrap_or_default();
                match cpu {
                    Some(cpu) => drop(write!(out, " {} ({} + {}) |", short(cpu), short(user), short(cpu - user))),
                    None => out.push_str(" – |"),
                }
            }
            let ours = self.median(scenario.name, Peer::Socketio, Outcome::cpu);
            let raw = self.median(scenario.name, Peer::Raw, Outcome::cpu);
            let ratio = ours.zip(raw).map(|(ours, raw)| ours / raw);
            let _ = write!(out, " {} |", ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default());
            let _ = match scenario.cpu_bar {
                Some(Bar::TimesRaw(times)) => writeln!(out, " ≤ {times}{} |", verdict(ratio, times)),
                Some(Bar::Micros(micros)) => writeln!(out, " ≤ {micros} µs{} |", verdict(ours, micros)),
                None => writeln!(out, "  |"),
            };
        }
    }

    fn memory_table(&self, out: &mut String) {
        let measured = |scenario: &Scenario| {
            Peer::ALL.iter().any(|&peer| self.median(scenario.name, peer, |outcome| outcome.memory).is_some())
        };
        if !self.scenarios().iter().any(measured) {
            return;
        }
        header(out, "Memory of the server, KB for each connection", &["bar"]);
        for scenario in self.scenarios().iter().filter(|scenario| measured(scenario)) {
            let _ = write!(out, "| {} |", scenario.title);
            for peer in Peer::ALL {
                let memory = self.median(scenario.name, peer, |outcome| outcome.memory);
                let _ = write!(out, " {} |", memory.map_or("–".to_owned(), |memory| format!("{:.1}", memory / 1024.0)));
            }
            let ours = self.median(scenario.name, Peer::Socketio, |outcome| outcome.memory);
            let _ = match scenario.memory_bar {
                Some(bar) => writeln!(out, " ≤ {:.0}{} |", bar / 1024.0, verdict(ours, bar)),
                None => writeln!(out, "  |"),
            };
        }
    }

    fn time_table(&self, out: &mut String) {
        header(out, "Each second, and latency in ms (p50 / p99)", &[]);
        for scenario in self.scenarios() {
            let _ = write!(out, "| {} |", scenario.title);
            for peer in Peer::ALL {
                let rate = self.median(scenario.name, peer, |outcome| outcome.per_second);
                let latency = self.median(scenario.name, peer, |outcome| outcome.p50).zip(self.median(
                    scenario.name,
                    peer,
                    |outcome| outcome.p99,
                ));
                match (rate, latency) {
                    (Some(rate), Some((p50, p99))) => {
                        let _ = write!(out, " {} ({p50:.2} / {p99:.2}) |", thousands(rate));
                    }
                    (Some(rate), None) => drop(write!(out, " {} |", thousands(rate))),
                    (None, _) => out.push_str(" – |"),
                }
            }
            out.push('\n');
        }
    }
}

fn header(out: &mut String, title: &str, more: &[&str]) {
    let columns = Peer::ALL.iter().map(|peer| peer.title()).chain(more.iter().copied());
    let columns: Vec<&str> = std::iter::once(title).chain(columns).collect();
    let _ = writeln!(out, "\n| {} |\n|{}", columns.join(" | "), " --- |".repeat(columns.len()));
}

/// Whether a bar is reached.
fn verdict(value: Option<f64>, bar: f64) -> &'static str {
    match value {
        Some(value) if value <= bar => ", met",
        Some(_) => ", **missed**",
        None => "",
    }
}

/// A figure with about three digits.
pub(crate) fn short(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Puts the tables into a file, between the marks of a command, such as `bench`.
///
/// # Errors
/// The file cannot be read or written, or has no such marks.
pub fn write(file: &Path, command: &str, tables: &str) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = between(&text, &marks(command), tables)
        .with_context(|| format!("{} has no marks of `{command}`", file.display()))?;
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn between(text: &str, [start, end]: &[String; 2], tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(start.as_str())?;
    let (_, after) = rest.split_once(end.as_str())?;
    Some([before, start, tables, end, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(user: f64, system: f64) -> Outcome {
        Outcome { user, system, ..Outcome::default() }
    }

    fn scenario(name: &str) -> Scenario {
        Scenario::named(&[name.to_owned()]).unwrap()[0]
    }

    fn conditions() -> Conditions {
        let text = String::new;
        Conditions { date: text(), machine: text(), versions: text(), method: text() }
    }

    #[test]
    fn a_bar_is_judged_by_the_medians() {
        let room = scenario("room-1000");
        let mut results = Results::default();
        // The worst round of each would turn the verdict.
        for (user, raw, ours) in [(0.0, 4.0, 4.8), (0.1, 5.0, 5.5), (3.0, 5.0, 99.0)] {
            results.add(&room, Peer::Raw, outcome(user, raw - user));
            results.add(&room, Peer::Socketio, outcome(1.0, ours - 1.0));
        }
        let row = "– | – | 5.00 (0.10 + 4.90) | 5.50 (1.00 + 4.50) | – | 1.10 | ≤ 1.2, met |";
        let tables = results.markdown(&conditions());
        assert!(tables.contains(row), "{tables}");
        results.add(&room, Peer::Socketio, outcome(1.0, 8.0));
        let tables = results.markdown(&conditions());
        assert!(tables.contains("| 1.45 | ≤ 1.2, **missed** |"), "{tables}");
    }

    #[test]
    fn a_round_that_failed_is_told_and_the_others_count() {
        let echo = scenario("echo");
        let mut results = Results::default();
        results.add(&echo, Peer::Raw, outcome(1.0, 1.0));
        results.fail(&echo, Peer::Node);
        let tables = results.markdown(&conditions());
        assert!(tables.contains("- A round of Node socket.io failed: echo with ack, 100 sockets.\n"), "{tables}");
        assert!(tables.contains("| – | – | 2.00 (1.00 + 1.00) |"), "{tables}");
    }

    #[test]
    fn memory_is_shown_where_it_was_measured() {
        let mut results = Results::default();
        results.add(&scenario("echo"), Peer::Socketio, outcome(1.0, 1.0));
        assert!(!results.markdown(&conditions()).contains("Memory"));
        results.add(&scenario("idle"), Peer::Socketio, Outcome { memory: 5120.0, ..outcome(1.0, 1.0) });
        let tables = results.markdown(&conditions());
        assert!(tables.contains("| 5.0 | – | ≤ 4, **missed** |"), "{tables}");
    }

    #[test]
    fn a_run_replaces_the_tables_and_nothing_else() {
        let [mine, other] = [marks("bench"), marks("bench hostile")];
        let [start, end] = &mine;
        let old = format!("# Title\n{}other\n{}text\n{start}old\n{end}\nmore\n", other[0], other[1]);
        let new = between(&old, &mine, "new\n").unwrap();
        assert_eq!(new, old.replace("old", "new"));
        assert_eq!(between("no marks", &mine, "new"), None);
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(["7", "123", "60,000", "1,234,568"], [7.0, 123.0, 60_000.0, 1_234_567.8].map(thousands));
    }
}
