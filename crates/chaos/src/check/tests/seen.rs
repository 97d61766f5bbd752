//! What clients were shown against what is stored, and against what they were allowed to see.

use super::ideal::good;
use super::{Kind, acked, kinds, place, shown_to};
use crate::history::{Record, hex_of};

#[test]
fn a_message_that_is_shown_twice_is_a_duplicate() {
    let mut records = good();
    let at = place(&records, 1, shown_to("p1/0"));
    records.insert(at, records[at].clone());
    assert_eq!(kinds(&records), [Kind::Duplicate]);
}

#[test]
fn two_messages_that_are_shown_in_the_wrong_order_are_found() {
    let mut records = good();
    let (one, other) = (place(&records, 1, shown_to("p1/0")), place(&records, 2, shown_to("p1/0")));
    records.swap(one, other);
    assert!(kinds(&records).contains(&Kind::Order));
}

#[test]
fn a_message_that_somebody_was_not_shown_is_a_gap() {
    for which in [0, 2, 5] {
        let mut records = good();
        records.remove(place(&records, which, shown_to("p1/0")));
        assert_eq!(kinds(&records), [Kind::Gap], "the {which}th");
    }
}

#[test]
fn a_delivery_after_leaving_is_found() {
    let mut records = good();
    // The last message was sent when p2 had left for the second time.
    let at = place(&records, 5, shown_to("p1/0"));
    let mut delivered = records[at].clone();
    let Record::Recv { proc, user, .. } = &mut delivered else { unreachable!() };
    (*proc, *user) = ("p2/0".to_owned(), "p2".to_owned());
    records.insert(at, delivered);
    assert_eq!(kinds(&records), [Kind::Intruder]);
}

#[test]
fn a_delivery_after_the_session_has_ended_is_found() {
    let mut records = good();
    let sent = place(&records, 5, acked);
    let Record::Send { t0, .. } = records[sent] else { unreachable!() };
    let revoked = |t: f64| Record::Revoke { t, proc: "p1/0".to_owned(), user: "p1".to_owned() };
    records.push(revoked(t0 - 500.0));
    assert_eq!(kinds(&records), [] as [Kind; 0], "within a second of it");
    records.push(revoked(t0 - 1_500.0));
    assert_eq!(kinds(&records), [Kind::Intruder]);
}

#[test]
fn another_content_than_is_stored_is_found() {
    let mut records = good();
    let at = place(&records, 0, shown_to("p1/0"));
    let Record::Recv { hash, .. } = &mut records[at] else { unreachable!() };
    *hash = hex_of("something else");
    assert_eq!(kinds(&records), [Kind::Log]);
}

#[test]
fn an_edit_that_somebody_does_not_hold_is_found() {
    let mut records = good();
    let at = place(&records, 0, |record| matches!(record, Record::View { chan, .. } if chan == "c0"));
    let Record::View { digest, .. } = &mut records[at] else { unreachable!() };
    *digest = hex_of("as it was before");
    assert_eq!(kinds(&records), [Kind::Log]);
}
