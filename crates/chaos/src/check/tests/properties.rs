//! Whatever happens in it, a good history passes, and one from which something is missing does not.

use proptest::prelude::*;

use super::ideal::{Act, Ideal};
use super::{LEAST, kinds, log, place};
use crate::check::judge;
use crate::history::Record;

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let number = || 0..6_usize;
    let act = prop_oneof![
        4 => (number(), number(), number()).prop_map(|(person, chan, tries)| Act::Send { person, chan, tries }),
        1 => (number(), number()).prop_map(|(person, chan)| Act::Refused { person, chan }),
        1 => (number(), number()).prop_map(|(person, chan)| Act::Move { person, chan }),
        2 => (number(), number()).prop_map(|(person, device)| Act::CatchUp { person, device }),
        1 => (number(), number()).prop_map(|(person, chan)| Act::Read { person, chan }),
        1 => (number(), number()).prop_map(|(chan, place)| Act::Edit { chan, place }),
        1 => (number(), number()).prop_map(|(person, device)| Act::Reconnect { person, device }),
    ];
    proptest::collection::vec(act, 1..60)
}

/// The history of these acts, with one message in the end that somebody is shown.
fn history_of(acts: &[Act]) -> Vec<Record> {
    let mut ideal = Ideal::new();
    acts.iter().for_each(|act| ideal.act(act));
    ideal.members[0][0] = true;
    ideal.act(&Act::Send { person: 0, chan: 0, tries: 0 });
    ideal.end()
}

proptest! {
    #[test]
    fn no_good_history_is_refused(acts in acts()) {
        let mut ideal = Ideal::new();
        acts.iter().for_each(|act| ideal.act(act));
        if !ideal.members[0][0] {
            ideal.act(&Act::Move { person: 0, chan: 0 });
        }
        ideal.act(&Act::Send { person: 0, chan: 0, tries: 0 });
        let verdict = judge(&ideal.end(), LEAST);
        prop_assert!(verdict.anomalies.is_empty(), "{}", verdict);
    }

    #[test]
    fn whatever_is_missing_from_a_log_is_missed(acts in acts(), which in any::<prop::sample::Index>()) {
        let mut records = history_of(&acts);
        let rows = log(&mut records);
        rows.remove(which.index(rows.len()));
        prop_assert!(!kinds(&records).is_empty());
    }

    #[test]
    fn whatever_somebody_was_not_shown_is_missed(acts in acts(), which in any::<prop::sample::Index>()) {
        let mut records = history_of(&acts);
        // Who has left need not have been shown everything; who is there at the end must.
        let views: Vec<_> = records.iter().filter_map(|record| match record {
            Record::View { proc, chan, .. } => Some((proc.clone(), chan.clone())),
            _ => None,
        }).collect();
        let of_those = |record: &Record| matches!(record, Record::Recv { proc, chan, .. } if views.contains(&(proc.clone(), chan.clone())));
        let count = records.iter().filter(|record| of_those(record)).count();
        records.remove(place(&records, which.index(count), of_those));
        prop_assert!(!kinds(&records).is_empty());
    }

    #[test]
    fn whatever_somebody_was_shown_at_another_place_is_noticed(acts in acts(), which in any::<prop::sample::Index>()) {
        let mut records = history_of(&acts);
        let is_shown = |record: &Record| matches!(record, Record::Recv { .. });
        let count = records.iter().filter(|record| is_shown(record)).count();
        let at = place(&records, which.index(count), is_shown);
        let Record::Recv { seq, .. } = &mut records[at] else { unreachable!() };
        *seq += 1;
        prop_assert!(!kinds(&records).is_empty());
    }
}
