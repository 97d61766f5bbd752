//! The checker refuses every broken history, and no good one.

use proptest::prelude::*;

use super::{Kind, Least, judge};
use crate::history::{Op, Record, Res, Row, digest, hex_of};

const LEAST: Least = Least { acked: 1, shown: 1 };

/// A world in which everything goes right, at one event a tick: writes down what its clients see.
struct Ideal {
    tick: f64,
    records: Vec<Record>,
    /// Per channel.
    logs: Vec<Vec<Row>>,
    /// Per person and channel: whether they are in it.
    members: Vec<Vec<bool>>,
    /// Per person, device and channel: the place up to which it was shown.
    shown: Vec<[Vec<usize>; 2]>,
    read: Vec<Vec<i64>>,
}

/// Something that a person does. Numbers are taken as they fit.
#[derive(Debug, Clone)]
enum Act {
    Send { person: usize, chan: usize, tries: usize },
    Refused { person: usize, chan: usize },
    Move { person: usize, chan: usize },
    CatchUp { person: usize, device: usize },
    Read { person: usize, chan: usize },
    Edit { chan: usize, place: usize },
    Reconnect { person: usize, device: usize },
}

const PEOPLE: usize = 3;
const CHANNELS: usize = 2;

fn proc(person: usize, device: usize) -> String {
    format!("p{person}/{device}")
}

impl Ideal {
    fn new() -> Self {
        let mut ideal = Self {
            tick: 0.0,
            records: Vec::new(),
            logs: vec![Vec::new(); CHANNELS],
            members: vec![vec![true; CHANNELS]; PEOPLE],
            shown: (0..PEOPLE).map(|_| [vec![0; CHANNELS], vec![0; CHANNELS]]).collect(),
            read: vec![vec![0; CHANNELS]; PEOPLE],
        };
        for (person, device) in (0..PEOPLE).flat_map(|person| [(person, 0), (person, 1)]) {
            ideal.connect(person, device, true);
            for chan in 0..CHANNELS {
                let (t, user, chan) = (ideal.now(), format!("p{person}"), format!("c{chan}"));
                let (head, proc) = (Some(0), Some(proc(person, device)));
                ideal.records.push(Record::Member { t, span: 0.0, user, chan, op: Op::Join, head, proc });
            }
        }
        ideal
    }

    /// Ten milliseconds later.
    fn now(&mut self) -> f64 {
        self.tick += 10.0;
        self.tick
    }

    fn connect(&mut self, person: usize, device: usize, up: bool) {
        let t = self.now();
        self.records.push(Record::Conn { t, proc: proc(person, device), user: format!("p{person}"), up });
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Send { person, chan, tries } => self.send(person % PEOPLE, chan % CHANNELS, tries),
            Act::Refused { person, chan } => self.refused(person % PEOPLE, chan % CHANNELS),
            Act::Move { person, chan } => self.change_membership(person % PEOPLE, chan % CHANNELS),
            Act::CatchUp { person, device } => self.catch_up(person % PEOPLE, device % 2),
            Act::Read { person, chan } => self.read(person % PEOPLE, chan % CHANNELS),
            Act::Edit { chan, place } => self.edit(chan % CHANNELS, place),
            Act::Reconnect { person, device } => {
                self.connect(person % PEOPLE, device % 2, false);
                self.connect(person % PEOPLE, device % 2, true);
            }
        }
    }

    fn attempt(&mut self, person: usize, chan: usize, cmid: &str, res: Res, place: Option<i64>) {
        let (t0, t1) = (self.now(), self.now());
        self.records.push(Record::Send {
            t0,
            t1,
            res,
            proc: proc(person, 0),
            user: format!("p{person}"),
            chan: format!("c{chan}"),
            cmid: cmid.to_owned(),
            hash: hex_of(cmid),
            seq: place,
            id: place.map(|place| place.to_string()),
        });
    }

    fn send(&mut self, person: usize, chan: usize, tries: usize) {
        if !self.members[person][chan] {
            return self.refused(person, chan);
        }
        let place = self.logs[chan].len() as i64 + 1;
        let cmid = format!("m{chan}_{place}");
        for _ in 0..tries % 3 {
            self.attempt(person, chan, &cmid, Res::Info, None);
        }
        let rev = self.logs[chan].iter().map(|row| row.rev).max().unwrap_or(0) + 1;
        let (id, hash) = (place.to_string(), hex_of(&cmid));
        self.logs[chan].push(Row { seq: place, id, cmid: Some(cmid.clone()), hash, rev, changed: false });
        self.attempt(person, chan, &cmid, Res::Ok, Some(place));
    }

    fn refused(&mut self, person: usize, chan: usize) {
        let cmid = format!("refused{}", self.records.len());
        self.attempt(person, chan, &cmid, Res::Fail, None);
    }

    fn change_membership(&mut self, person: usize, chan: usize) {
        // What was under way comes before it.
        self.catch_up(person, 0);
        self.catch_up(person, 1);
        let is_in = &mut self.members[person][chan];
        let op = if *is_in { Op::Leave } else { Op::Join };
        *is_in = !*is_in;
        let (t, user, chan) = (self.now(), format!("p{person}"), format!("c{chan}"));
        self.records.push(Record::Member { t, span: 5.0, user, chan, op, head: None, proc: None });
    }

    fn catch_up(&mut self, person: usize, device: usize) {
        for chan in (0..CHANNELS).filter(|chan| self.members[person][*chan]).collect::<Vec<_>>() {
            while let Some(row) = self.logs[chan].get(self.shown[person][device][chan]).cloned() {
                self.shown[person][device][chan] += 1;
                self.records.push(Record::Recv {
                    t: self.tick + 10.0,
                    proc: proc(person, device),
                    user: format!("p{person}"),
                    chan: format!("c{chan}"),
                    seq: row.seq,
                    id: row.id,
                    cmid: row.cmid,
                    hash: row.hash,
                    stray: false,
                });
                self.now();
            }
        }
    }

    fn read(&mut self, person: usize, chan: usize) {
        if !self.members[person][chan] {
            return;
        }
        let upto = self.logs[chan].len() as i64;
        self.read[person][chan] = upto;
        let (t0, t1, user) = (self.now(), self.now(), format!("p{person}"));
        self.records.push(Record::Read { t0, t1, user, chan: format!("c{chan}"), upto });
        self.tell_mark(person, 0, chan);
    }

    fn tell_mark(&mut self, person: usize, device: usize, chan: usize) {
        let (upto, head) = (self.read[person][chan], self.logs[chan].len() as i64);
        let (t0, t1, user) = (self.now(), self.now(), format!("p{person}"));
        let (proc, chan) = (proc(person, device), format!("c{chan}"));
        self.records.push(Record::Mark { t0, t1, proc, user, chan, upto, head });
    }

    fn edit(&mut self, chan: usize, place: usize) {
        let rev = self.logs[chan].iter().map(|row| row.rev).max().unwrap_or(0) + 1;
        let places = self.logs[chan].len().max(1);
        let Some(row) = self.logs[chan].get_mut(place % places) else { return };
        (row.rev, row.hash, row.changed) = (rev, hex_of(&format!("edited {rev}")), true);
        let (seq, hash) = (row.seq, row.hash.clone());
        let (t0, t1, chan) = (self.now(), self.now(), format!("c{chan}"));
        self.records.push(Record::Edit { t0, t1, proc: proc(0, 0), user: "p0".to_owned(), chan, seq, rev, hash });
    }

    fn end(mut self) -> Vec<Record> {
        let t = self.now();
        self.records.push(Record::Quiesce { t });
        for (person, device) in (0..PEOPLE).flat_map(|person| [(person, 0), (person, 1)]) {
            self.catch_up(person, device);
            for chan in (0..CHANNELS).filter(|chan| self.members[person][*chan]).collect::<Vec<_>>() {
                self.tell_mark(person, device, chan);
                let head = self.logs[chan].len() as i64;
                let digest = digest(self.logs[chan].iter().map(|row| (row.seq, &*row.hash)));
                let (proc, user, chan) = (proc(person, device), format!("p{person}"), format!("c{chan}"));
                self.records.push(Record::View { t, proc, user, chan, from: 1, head, digest });
            }
        }
        for (chan, rows) in self.logs.into_iter().enumerate() {
            self.records.push(Record::Log { node: "one".to_owned(), chan: format!("c{chan}"), rows });
        }
        self.records
    }
}

/// Somebody talks, is heard, reads, goes and comes back.
fn good() -> Vec<Record> {
    let mut ideal = Ideal::new();
    for place in 0..4 {
        ideal.act(&Act::Send { person: 0, chan: 0, tries: place });
        ideal.act(&Act::CatchUp { person: 1, device: 0 });
        ideal.act(&Act::Read { person: 1, chan: 0 });
    }
    ideal.act(&Act::Refused { person: 0, chan: 0 });
    ideal.act(&Act::Edit { chan: 0, place: 1 });
    ideal.act(&Act::Move { person: 2, chan: 0 });
    ideal.act(&Act::Send { person: 0, chan: 0, tries: 0 });
    ideal.act(&Act::Move { person: 2, chan: 0 });
    ideal.act(&Act::Move { person: 2, chan: 0 });
    ideal.act(&Act::Send { person: 0, chan: 0, tries: 0 });
    ideal.end()
}

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
fn a_message_that_somebody_was_not_shown_is_a_gap() {
    for which in [0, 2, 5] {
        let mut records = good();
        records.remove(place(&records, which, shown_to("p1/0")));
        assert_eq!(kinds(&records), [Kind::Gap], "the {which}th");
    }
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

#[test]
fn two_nodes_that_tell_different_logs_are_found() {
    let mut records = good();
    let mut rows = log(&mut records).clone();
    rows[0].hash = hex_of("something else");
    records.push(Record::Log { node: "two".to_owned(), chan: "c0".to_owned(), rows });
    assert_eq!(kinds(&records), [Kind::Log]);
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
