//! What was answered against what is stored.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Case, Kind, Name, Verdict};
use crate::history::{Record, Res, Row};

pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    logs(case, verdict);
    answers(case, verdict);
    senders_order(case, verdict);
    order_in_time(case, verdict);
    edits(case, verdict);
}

/// Every node tells the same, and that is 1 to the head, each message once.
fn logs(case: &Case<'_>, verdict: &mut Verdict) {
    for record in case.records {
        let Record::Log { node, chan, rows } = record else { continue };
        if case.log[&**chan] != rows.as_slice() {
            verdict.add(Kind::Log, format!("{node} tells {chan} unlike the first node"));
        }
    }
    for (chan, rows) in &case.log {
        let mut names = HashSet::new();
        for (row, place) in rows.iter().zip(1..) {
            if row.seq != place {
                let kind = if row.seq < place { Kind::Order } else { Kind::Gap };
                verdict.add(kind, format!("{chan}: {} stands at place {place} of the log", row.seq));
                break;
            }
            if row.cmid.as_ref().is_some_and(|cmid| !names.insert(cmid)) {
                verdict.add(Kind::Duplicate, format!("{chan}: {:?} is stored twice, again at {}", row.cmid, row.seq));
            }
        }
    }
}

/// What the attempts at one message came to.
#[derive(Default)]
struct Attempts<'a> {
    answer: Option<(i64, &'a str)>,
    /// Some attempt may have stored it.
    possible: bool,
}

fn answers(case: &Case<'_>, verdict: &mut Verdict) {
    let mut all: HashMap<Name<'_>, Attempts<'_>> = HashMap::new();
    for record in case.records {
        let Record::Send { res, chan, cmid, hash, seq, id, .. } = record else { continue };
        let attempts = all.entry((chan, cmid)).or_default();
        attempts.possible |= *res != Res::Fail;
        let (Res::Ok, Some(seq), Some(id)) = (res, seq, id) else { continue };
        match attempts.answer {
            Some(first) if first != (*seq, &**id) => {
                verdict.add(Kind::Answer, format!("{chan}: {cmid} is at {first:?} and at {seq}"));
            }
            Some(_) => {}
            None => {
                attempts.answer = Some((*seq, id));
                verdict.acked += 1;
                stored(case, verdict, (chan, cmid), (*seq, id), hash);
            }
        }
    }
    for (chan, rows) in &case.log {
        let names = rows.iter().filter_map(|row| Some((row, row.cmid.as_deref()?)));
        for (row, cmid) in names {
            if all.get(&(*chan, cmid)).is_some_and(|attempts| !attempts.possible) {
                verdict.add(Kind::Refused, format!("{chan}: {cmid} was refused and stands at {}", row.seq));
            }
        }
    }
}

fn stored(case: &Case<'_>, verdict: &mut Verdict, (chan, cmid): Name<'_>, (seq, id): (i64, &str), hash: &str) {
    match case.rows.get(&(chan, seq)) {
        Some(row) if row.cmid.as_deref() == Some(cmid) && row.id == id => {
            if !row.changed && row.hash != hash {
                verdict.add(Kind::Log, format!("{chan}: {cmid} at {seq} has another content than was sent"));
            }
        }
        found => verdict.add(Kind::Lost, format!("{chan}: {cmid} was acknowledged at {seq}; there is {found:?}")),
    }
}

/// A client, which of its connections, and a channel.
type Sender<'a> = (&'a str, usize, &'a str);

/// What one connection sent for the first time and had acknowledged keeps its order.
fn senders_order(case: &Case<'_>, verdict: &mut Verdict) {
    let mut ups: HashMap<&str, Vec<f64>> = HashMap::new();
    for record in case.records {
        if let Record::Conn { t, proc, up: true, .. } = record {
            ups.entry(proc).or_default().push(*t);
        }
    }
    let mut sent: BTreeMap<Sender<'_>, Vec<(f64, i64)>> = BTreeMap::new();
    for record in case.records {
        let Record::Send { t0, res: Res::Ok, proc, chan, cmid, seq: Some(seq), .. } = record else { continue };
        if case.first_attempt.get(&(&**chan, &**cmid)) == Some(t0) {
            let connection = ups.get(&**proc).map_or(0, |ups| ups.partition_point(|up| up <= t0));
            sent.entry((proc, connection, chan)).or_default().push((*t0, *seq));
        }
    }
    for ((proc, _, chan), mut sent) in sent {
        sent.sort_by(|one, other| one.0.total_cmp(&other.0));
        for pair in sent.windows(2) {
            if pair[0].1 >= pair[1].1 {
                verdict.add(Kind::Order, format!("{chan}: {proc} sent {} before {}", pair[0].1, pair[1].1));
            }
        }
    }
}

/// What was acknowledged before another message was first sent stands before it.
fn order_in_time(case: &Case<'_>, verdict: &mut Verdict) {
    let mut acked: HashMap<(&str, i64), f64> = HashMap::new();
    for record in case.records {
        let Record::Send { t1, res: Res::Ok, chan, seq: Some(seq), .. } = record else { continue };
        let first = acked.entry((chan, *seq)).or_insert(*t1);
        *first = first.min(*t1);
    }
    for (chan, rows) in &case.log {
        let mut soonest = f64::INFINITY;
        for Row { seq, cmid, .. } in rows.iter().rev() {
            if case.sent_at(chan, cmid.as_deref()).is_some_and(|sent| sent > soonest) {
                verdict.add(Kind::Order, format!("{chan}: {seq} was sent after a later one had been acknowledged"));
            }
            soonest = soonest.min(acked.get(&(*chan, *seq)).copied().unwrap_or(f64::INFINITY));
        }
    }
}

/// An acknowledged change is there, or a later one.
fn edits(case: &Case<'_>, verdict: &mut Verdict) {
    for record in case.records {
        let Record::Edit { chan, seq, rev, hash, .. } = record else { continue };
        let row = case.rows.get(&(&**chan, *seq));
        if !row.is_some_and(|row| row.rev > *rev || (row.rev == *rev && row.hash == *hash)) {
            verdict.add(Kind::Lost, format!("{chan}: the change {rev} of {seq} was acknowledged; there is {row:?}"));
        }
    }
}
