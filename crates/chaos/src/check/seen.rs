//! What clients were shown against what is stored, and against what they were allowed to see.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Case, Kind, Verdict};
use crate::history::{Op, Record, digest};

/// How long after a revocation something may still come, in milliseconds.
const REVOCATION: f64 = 1000.0;

/// What one client was shown of one channel.
#[derive(Default)]
struct Shown<'a> {
    user: &'a str,
    /// Where it began to follow, if it said so.
    from: Option<i64>,
    seqs: Vec<i64>,
}

pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let mut all: BTreeMap<(&str, &str), Shown<'_>> = BTreeMap::new();
    for record in case.records {
        match record {
            Record::Recv { proc, user, chan, seq, stray: false, .. } => {
                let shown = all.entry((proc, chan)).or_default();
                shown.user = user;
                shown.seqs.push(*seq);
            }
            Record::Member { op: Op::Join, user, chan, proc: Some(proc), head: Some(head), .. } => {
                let shown = all.entry((proc, chan)).or_default();
                shown.user = user;
                shown.from.get_or_insert(*head);
            }
            _ => {}
        }
        as_stored(case, verdict, record);
    }
    let present = Present::of(case);
    for ((proc, chan), shown) in &all {
        in_order(verdict, proc, chan, shown);
        let last = shown.seqs.last().copied().or(shown.from).unwrap_or(0);
        let head = case.head(chan);
        if last < head && present.at_the_end(proc, shown.user, chan) {
            verdict.add(Kind::Gap, format!("{chan}: {proc} was shown {last} at the end, the head is {head}"));
        }
    }
    intruders(case, verdict);
}

/// A message is what is stored at its place.
fn as_stored(case: &Case<'_>, verdict: &mut Verdict, record: &Record) {
    match record {
        Record::Recv { proc, chan, seq, id, cmid, hash, .. } => match case.rows.get(&(&**chan, *seq)) {
            Some(row) if row.id == *id && row.cmid == *cmid && (row.changed || row.hash == *hash) => {}
            found => verdict.add(Kind::Log, format!("{chan}: {proc} was shown {cmid:?} at {seq}; there is {found:?}")),
        },
        Record::View { proc, chan, from, head, digest: held, .. } => {
            let rows = case.log.get(&**chan).copied().unwrap_or_default();
            let rows = rows.iter().filter(|row| (*from..=*head).contains(&row.seq));
            if digest(rows.map(|row| (row.seq, &*row.hash))) != *held {
                verdict
                    .add(Kind::Log, format!("{chan}: what {proc} holds from {from} to {head} is not what is stored"));
            }
        }
        _ => {}
    }
}

/// One after the other, none left out, none twice.
fn in_order(verdict: &mut Verdict, proc: &str, chan: &str, shown: &Shown<'_>) {
    let mut seen = HashSet::new();
    let mut last = shown.from;
    for &seq in &shown.seqs {
        if !seen.insert(seq) {
            verdict.add(Kind::Duplicate, format!("{chan}: {proc} was shown {seq} twice"));
        } else if last.is_some_and(|last| seq < last) {
            verdict.add(Kind::Order, format!("{chan}: {proc} was shown {seq} after {last:?}"));
        } else if last.is_some_and(|last| seq > last + 1) {
            verdict.add(Kind::Gap, format!("{chan}: {proc} was shown {seq} after {last:?}"));
        }
        last = Some(seq);
    }
}

/// Who was there to see everything at the end.
struct Present<'a> {
    up: HashMap<&'a str, bool>,
    revoked: HashSet<&'a str>,
    last_op: HashMap<(&'a str, &'a str), (f64, Op)>,
    /// What clients say that they follow, where they say it.
    views: HashSet<(&'a str, &'a str)>,
}

impl<'a> Present<'a> {
    fn of(case: &Case<'a>) -> Self {
        let (up, revoked, last_op, views) = Default::default();
        let mut present = Self { up, revoked, last_op, views };
        for record in case.records {
            match record {
                Record::Conn { proc, up, .. } => _ = present.up.insert(proc, *up),
                Record::Revoke { proc, .. } => _ = present.revoked.insert(proc),
                Record::View { proc, chan, .. } => _ = present.views.insert((proc, chan)),
                Record::Member { t, user, chan, op, proc: None, .. } => {
                    let last = present.last_op.entry((user, chan)).or_insert((*t, *op));
                    if last.0 <= *t {
                        *last = (*t, *op);
                    }
                }
                _ => {}
            }
        }
        present
    }

    fn at_the_end(&self, proc: &str, user: &str, chan: &str) -> bool {
        if !self.views.is_empty() {
            return self.views.contains(&(proc, chan));
        }
        let left = self.last_op.get(&(user, chan)).is_some_and(|(_, op)| *op == Op::Leave);
        !left && !self.revoked.contains(proc) && self.up.get(proc).copied().unwrap_or(true)
    }
}

/// One person's membership of one channel, as far as it is known.
#[derive(Default)]
struct Membership {
    /// When it ended for certain, and since when that was under way.
    ends: Vec<(f64, f64)>,
    /// When it may have begun, and until when that was under way.
    begins: Vec<(f64, f64)>,
}

impl Membership {
    /// In order of time; the second of a beginning becomes the latest so far.
    fn sort(&mut self) {
        self.ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        self.begins.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut latest = 0.0_f64;
        for (_, until) in &mut self.begins {
            latest = latest.max(*until);
            *until = latest;
        }
    }

    /// Whether something sent at `sent` could not be meant for this person at `seen`.
    fn excludes(&self, sent: f64, seen: f64) -> bool {
        let ends = self.ends.partition_point(|(end, _)| *end < sent);
        let Some((_, since)) = ends.checked_sub(1).map(|last| self.ends[last]) else { return false };
        let begins = self.begins.partition_point(|(begin, _)| *begin <= seen);
        begins.checked_sub(1).is_none_or(|last| self.begins[last].1 < since)
    }
}

/// Nothing that was said after somebody had gone comes to them. Judged by when a message was first attempted: what was
/// under way before may arrive late, over a slow line as late as it likes.
fn intruders(case: &Case<'_>, verdict: &mut Verdict) {
    let mut memberships: HashMap<(&str, &str), Membership> = HashMap::new();
    let mut revoked: HashMap<&str, f64> = HashMap::new();
    for record in case.records {
        match record {
            Record::Member { t, span, user, chan, op, proc: None, .. } => {
                let membership = memberships.entry((user, chan)).or_default();
                match op {
                    Op::Leave => membership.ends.push((*t, t - span)),
                    Op::Join => membership.begins.push((*t, t + span)),
                }
            }
            Record::Revoke { t, proc, .. } => _ = revoked.insert(proc, *t),
            _ => {}
        }
    }
    memberships.values_mut().for_each(Membership::sort);
    for record in case.records {
        let Record::Recv { t, proc, user, chan, seq, cmid, .. } = record else { continue };
        let Some(sent) = case.sent_at(chan, cmid.as_deref()) else { continue };
        if revoked.get(&**proc).is_some_and(|revoked| sent > revoked + REVOCATION) {
            verdict.add(Kind::Intruder, format!("{chan}: {proc} was shown {seq}, sent after its session had ended"));
        }
        if memberships.get(&(&**user, &**chan)).is_some_and(|membership| membership.excludes(sent, *t)) {
            verdict.add(Kind::Intruder, format!("{chan}: {proc} was shown {seq}, sent after {user} had left"));
        }
    }
}
