//! The checker refuses every broken history, and no good one.

mod bare;
mod ideal;
mod log;
mod marks;
mod properties;
mod seen;

use super::{Kind, Least, judge};
use crate::history::{Record, Res, Row};
use ideal::good;

const LEAST: Least = Least { acked: 1, shown: 1 };

fn kinds(records: &[Record]) -> Vec<Kind> {
    judge(records, LEAST).by_kind().into_keys().collect()
}

fn log(records: &mut [Record]) -> &mut Vec<Row> {
    let rows = records.iter_mut().find_map(|record| match record {
        Record::Log { chan, rows, .. } if chan == "c0" => Some(rows),
        _ => None,
    });
    rows.expect("a history ends with its logs")
}

/// Where in the history the n-th record stands that fits.
fn place(records: &[Record], nth: usize, fits: impl Fn(&Record) -> bool) -> usize {
    records.iter().enumerate().filter(|(_, record)| fits(record)).nth(nth).expect("there is one").0
}

fn shown_to(wanted: &str) -> impl Fn(&Record) -> bool {
    move |record| matches!(record, Record::Recv { proc, chan, .. } if proc == wanted && chan == "c0")
}

fn acked(record: &Record) -> bool {
    matches!(record, Record::Send { res: Res::Ok, .. })
}

#[test]
fn a_good_history_passes() {
    let verdict = judge(&good(), LEAST);
    assert!(verdict.anomalies.is_empty(), "{verdict}");
    assert_eq!((verdict.acked, verdict.edited), (6, 1));
}

#[test]
fn a_history_in_which_too_little_happened_says_nothing() {
    assert_eq!(kinds(&[]), [Kind::Empty]);
    assert_eq!(judge(&good(), Least { acked: 7, shown: 1 }).by_kind()[&Kind::Empty], 1);
    assert_eq!(judge(&good(), Least { acked: 1, shown: 1_000 }).by_kind()[&Kind::Empty], 1);
    let without_end: Vec<_> = good().into_iter().filter(|record| !matches!(record, Record::Quiesce { .. })).collect();
    assert_eq!(kinds(&without_end), [Kind::Empty]);
}

#[test]
fn lines_that_others_wrote_can_be_read() {
    let line = r#"{"type":"recv","t":1.5,"proc":"a","user":"u","chan":"c","seq":1,"id":"1","cmid":null,"hash":"h"}"#;
    let read: Record = serde_json::from_str(line).unwrap();
    assert!(matches!(&read, Record::Recv { stray: false, cmid: None, seq: 1, .. }));
    assert_eq!(serde_json::to_string(&read).unwrap(), line);
}
