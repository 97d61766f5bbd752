//! Histories of a world in which everything goes right, to be broken by whoever needs a broken one.

use crate::history::{Op, Record, Res, Row, digest, hex_of};

/// A world in which everything goes right, at one event a tick: writes down what its clients see.
pub(super) struct Ideal {
    tick: f64,
    records: Vec<Record>,
    /// Per channel.
    logs: Vec<Vec<Row>>,
    /// Per person and channel: whether they are in it.
    pub(super) members: Vec<Vec<bool>>,
    /// Per person, device and channel: the place up to which it was shown.
    shown: Vec<[Vec<usize>; 2]>,
    read: Vec<Vec<i64>>,
}

/// Something that a person does. Numbers are taken as they fit.
#[derive(Debug, Clone)]
pub(super) enum Act {
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
    pub(super) fn new() -> Self {
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

    pub(super) fn act(&mut self, act: &Act) {
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

    pub(super) fn end(mut self) -> Vec<Record> {
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
pub(super) fn good() -> Vec<Record> {
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
