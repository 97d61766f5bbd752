//! What was answered against what is stored.

use super::ideal::good;
use super::{Kind, acked, kinds, log, place};
use crate::history::{Record, Res, Row, hex_of};

#[test]
fn an_acknowledged_message_that_is_missing_is_lost() {
    let mut records = good();
    log(&mut records).pop();
    assert!(kinds(&records).contains(&Kind::Lost));
}

#[test]
fn an_acknowledged_edit_that_is_missing_is_lost() {
    let mut records = good();
    let row = &mut log(&mut records)[1];
    (row.rev, row.hash) = (2, hex_of("m0_2"));
    assert!(kinds(&records).contains(&Kind::Lost));
}

#[test]
fn a_message_that_is_stored_twice_is_a_duplicate() {
    let mut records = good();
    let rows = log(&mut records);
    let again = Row { seq: 7, id: "7".to_owned(), ..rows[0].clone() };
    rows.push(again);
    assert!(kinds(&records).contains(&Kind::Duplicate));
}

#[test]
fn one_connections_messages_in_another_order_than_sent_are_found() {
    let mut records = good();
    let (one, other) = (place(&records, 4, acked), place(&records, 5, acked));
    let (early, late) = (records[one].clone(), records[other].clone());
    let (Record::Send { t0: early, .. }, Record::Send { t0: late, .. }) = (early, late) else { unreachable!() };
    for (at, time) in [(one, late), (other, early)] {
        let Record::Send { t0, t1, .. } = &mut records[at] else { unreachable!() };
        (*t0, *t1) = (time, 10_000.0);
    }
    assert!(kinds(&records).contains(&Kind::Order));
}

#[test]
fn a_message_before_one_that_had_been_acknowledged_is_found() {
    let mut records = good();
    let at = place(&records, 0, acked);
    // Nobody saw it sent when it was.
    let Record::Send { t0, t1, .. } = &mut records[at] else { unreachable!() };
    (*t0, *t1) = (9_000.0, 9_001.0);
    assert!(kinds(&records).contains(&Kind::Order));
}

#[test]
fn a_place_without_a_message_is_a_gap() {
    let mut records = good();
    log(&mut records).remove(2);
    assert!(kinds(&records).contains(&Kind::Gap));
}

#[test]
fn another_answer_to_the_same_client_id_is_found() {
    let mut records = good();
    let mut again = records[place(&records, 0, acked)].clone();
    let Record::Send { seq, id, .. } = &mut again else { unreachable!() };
    (*seq, *id) = (Some(2), Some("2".to_owned()));
    records.push(again);
    assert!(kinds(&records).contains(&Kind::Answer));
}

#[test]
fn a_refused_message_that_is_stored_is_found() {
    let mut records = good();
    let refused = place(&records, 0, |record| matches!(record, Record::Send { res: Res::Fail, .. }));
    let Record::Send { cmid, hash, .. } = records[refused].clone() else { unreachable!() };
    log(&mut records).push(Row { seq: 7, id: "7".to_owned(), cmid: Some(cmid), hash, rev: 9, changed: false });
    assert!(kinds(&records).contains(&Kind::Refused));
}

#[test]
fn two_nodes_that_tell_different_logs_are_found() {
    let mut records = good();
    let mut rows = log(&mut records).clone();
    rows[0].hash = hex_of("something else");
    records.push(Record::Log { node: "two".to_owned(), chan: "c0".to_owned(), rows });
    assert_eq!(kinds(&records), [Kind::Log]);
}
