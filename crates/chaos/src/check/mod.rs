//! The checker: judges a history, whoever wrote it.
//!
//! It knows nothing of the server and little of clients; it looks for what must never be seen, whatever happened.

mod log;
mod marks;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::history::{Record, Res, Row};

/// What must never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something acknowledged is not there.
    Lost,
    /// Something refused is there.
    Refused,
    /// One message twice.
    Duplicate,
    /// Two orders of the same messages.
    Order,
    /// A place without its message, or a client that was not told everything.
    Gap,
    /// Two answers to the same `clientId`.
    Answer,
    /// Something came to somebody who was not to have it any more.
    Intruder,
    /// A read mark went back, or past the head, or differs between devices.
    Mark,
    /// What was seen is not what is stored.
    Log,
    /// Too little happened to say anything.
    Empty,
}

/// One thing that must never be.
#[derive(Debug, Clone)]
pub struct Anomaly {
    /// Of which kind.
    pub kind: Kind,
    /// What exactly.
    pub says: String,
}

/// How little may have happened before a history says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Least {
    /// Acknowledged messages.
    pub acked: usize,
    /// Messages shown.
    pub shown: usize,
}

/// What a history shows.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Attempts to send.
    pub attempts: usize,
    /// Messages that were acknowledged.
    pub acked: usize,
    /// Attempts whose outcome nobody knows.
    pub unknown: usize,
    /// Messages shown to somebody.
    pub shown: usize,
    /// Edits and deletions that were acknowledged.
    pub edited: usize,
    /// What must never be.
    pub anomalies: Vec<Anomaly>,
}

impl Verdict {
    fn add(&mut self, kind: Kind, says: String) {
        self.anomalies.push(Anomaly { kind, says });
    }

    /// How many anomalies there are of each kind.
    pub fn by_kind(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        self.anomalies.iter().for_each(|anomaly| *counts.entry(anomaly.kind).or_default() += 1);
        counts
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} messages acknowledged in {} attempts ({} of unknown outcome), {} shown, {} edited or deleted: {} anomalies",
            self.acked,
            self.attempts,
            self.unknown,
            self.shown,
            self.edited,
            self.anomalies.len()
        )?;
        let mut told: HashMap<Kind, usize> = HashMap::new();
        for anomaly in &self.anomalies {
            let count = told.entry(anomaly.kind).or_default();
            *count += 1;
            if *count <= TOLD_OF_A_KIND {
                writeln!(f, "  {:?}: {}", anomaly.kind, anomaly.says)?;
            }
        }
        for (kind, count) in self.by_kind() {
            writeln!(f, "  {count} × {kind:?}")?;
        }
        Ok(())
    }
}

/// More of one kind say nothing new.
const TOLD_OF_A_KIND: usize = 10;

/// Where a message is: channel and place.
type Place<'a> = (&'a str, i64);

/// Whose message it is: channel and `clientId`.
type Name<'a> = (&'a str, &'a str);

/// A history in the order that a judge needs.
#[derive(Default)]
struct Case<'a> {
    records: &'a [Record],
    /// Each channel as the first node tells it.
    log: BTreeMap<&'a str, &'a [Row]>,
    rows: HashMap<Place<'a>, &'a Row>,
    /// When each message was first attempted.
    first_attempt: HashMap<Name<'a>, f64>,
    quiesce: Option<f64>,
}

impl<'a> Case<'a> {
    fn of(records: &'a [Record]) -> Self {
        let mut case = Case { records, ..Case::default() };
        for record in records {
            match record {
                Record::Log { chan, rows, .. } if !case.log.contains_key(&**chan) => {
                    case.log.insert(chan, rows);
                    case.rows.extend(rows.iter().map(|row| ((&**chan, row.seq), row)));
                }
                Record::Send { t0, chan, cmid, .. } => {
                    let first = case.first_attempt.entry((chan, cmid)).or_insert(*t0);
                    *first = first.min(*t0);
                }
                Record::Quiesce { t } => case.quiesce = Some(*t),
                _ => {}
            }
        }
        case
    }

    /// When the message at this place was first attempted; nothing where nobody recorded it.
    fn sent_at(&self, chan: &str, cmid: Option<&str>) -> Option<f64> {
        self.first_attempt.get(&(chan, cmid?)).copied()
    }

    fn head(&self, chan: &str) -> i64 {
        self.log.get(chan).and_then(|rows| rows.last()).map_or(0, |row| row.seq)
    }
}

/// Judges a history.
pub fn judge(records: &[Record], least: Least) -> Verdict {
    let case = Case::of(records);
    let mut verdict = Verdict::default();
    log::judge(&case, &mut verdict);
    seen::judge(&case, &mut verdict);
    marks::judge(&case, &mut verdict);
    for record in records {
        match record {
            Record::Send { res, .. } => {
                verdict.attempts += 1;
                verdict.unknown += usize::from(*res == Res::Info);
            }
            Record::Recv { stray: false, .. } => verdict.shown += 1,
            Record::Edit { .. } => verdict.edited += 1,
            _ => {}
        }
    }
    if verdict.acked < least.acked.max(1) || verdict.shown < least.shown.max(1) {
        let says = format!("{} acknowledged and {} shown, of at least {least:?}", verdict.acked, verdict.shown);
        verdict.add(Kind::Empty, says);
    }
    if case.quiesce.is_none() {
        verdict.add(Kind::Empty, "the history has no end: no `quiesce`".to_owned());
    }
    verdict
}
