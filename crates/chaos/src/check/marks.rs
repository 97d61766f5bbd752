//! Read marks: only forward, never past the head, the same on every device.

use std::collections::BTreeMap;

use super::{Case, Kind, Verdict};
use crate::history::Record;

/// A mark that was told, or acknowledged.
struct Told {
    t0: f64,
    t1: f64,
    upto: i64,
    /// It was asked for and its answer shows it; else it was set.
    seen: bool,
}

pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let mut all: BTreeMap<(&str, &str), Vec<Told>> = BTreeMap::new();
    for record in case.records {
        let (user, chan, told) = match record {
            Record::Read { t0, t1, user, chan, upto } => {
                (user, chan, Told { t0: *t0, t1: *t1, upto: *upto, seen: false })
            }
            Record::Mark { t0, t1, user, chan, upto, head, proc } => {
                if upto > head {
                    verdict.add(Kind::Mark, format!("{chan}: {proc} has read up to {upto} of {head}"));
                }
                (user, chan, Told { t0: *t0, t1: *t1, upto: *upto, seen: true })
            }
            _ => continue,
        };
        all.entry((user, chan)).or_default().push(told);
    }
    for ((user, chan), told) in &mut all {
        only_forward(verdict, user, chan, told);
        let quiesce = case.quiesce.unwrap_or(f64::INFINITY);
        let mut at_the_end = told.iter().filter(|mark| mark.seen && mark.t0 >= quiesce).map(|mark| mark.upto);
        if let Some(first) = at_the_end.next()
            && let Some(other) = at_the_end.find(|other| *other != first)
        {
            verdict.add(Kind::Mark, format!("{chan}: {user} has read up to {first} and up to {other}"));
        }
    }
}

/// What was asked for after something had been told or acknowledged shows no less.
fn only_forward(verdict: &mut Verdict, user: &str, chan: &str, told: &[Told]) {
    let mut by_end: Vec<_> = told.iter().collect();
    by_end.sort_by(|one, other| one.t1.total_cmp(&other.t1));
    let mut by_begin: Vec<_> = told.iter().filter(|mark| mark.seen).collect();
    by_begin.sort_by(|one, other| one.t0.total_cmp(&other.t0));
    let (mut least, mut ended) = (0, by_end.into_iter().peekable());
    for mark in by_begin {
        while let Some(before) = ended.next_if(|before| before.t1 <= mark.t0) {
            least = least.max(before.upto);
        }
        if mark.upto < least {
            verdict.add(Kind::Mark, format!("{chan}: {user} had read up to {least}, then up to {}", mark.upto));
        }
    }
}
