//! Read marks.

use super::ideal::good;
use super::{Kind, kinds, place};
use crate::history::Record;

#[test]
fn a_read_mark_that_goes_back_is_found() {
    let mut records = good();
    let at = place(
        &records,
        3,
        |record| matches!(record, Record::Mark { proc, chan, .. } if proc == "p1/0" && chan == "c0"),
    );
    let Record::Mark { upto, .. } = &mut records[at] else { unreachable!() };
    *upto = 1;
    assert_eq!(kinds(&records), [Kind::Mark]);
}

#[test]
fn a_read_mark_past_the_head_is_found() {
    let mut records = good();
    let at = place(&records, 0, |record| matches!(record, Record::Mark { .. }));
    let Record::Mark { upto, head, .. } = &mut records[at] else { unreachable!() };
    *upto = *head + 1;
    assert!(kinds(&records).contains(&Kind::Mark));
}

#[test]
fn a_read_mark_that_differs_between_devices_in_the_end_is_found() {
    let mut records = good();
    let is_last = |record: &Record| matches!(record, Record::Mark { proc, chan, .. } if proc == "p1/1" && chan == "c0");
    let at = place(&records, 0, is_last);
    let Record::Mark { upto, .. } = &mut records[at] else { unreachable!() };
    *upto += 1;
    assert_eq!(kinds(&records), [Kind::Mark]);
}
