//! What a client writes down.

use serde_json::Value;

use super::timeline::number;
use super::{Client, Letter};
use crate::history::{Op, Record, Res, Row, hex_of};

impl Client {
    pub(super) fn note_connection(&self, up: bool) {
        let (proc, user) = (self.proc.clone(), self.account.user.clone());
        self.recorder.write(&Record::Conn { t: self.recorder.now(), proc, user, up });
    }

    pub(super) fn note_shown(&self, chan: &str, row: &Row, stray: bool) {
        self.recorder.write(&Record::Recv {
            t: self.recorder.now(),
            proc: self.proc.clone(),
            user: self.account.user.clone(),
            chan: chan.to_owned(),
            seq: row.seq,
            id: row.id.clone(),
            cmid: row.cmid.clone(),
            hash: row.hash.clone(),
            stray,
        });
    }

    pub(super) fn note_send(&self, t0: f64, res: Res, letter: &Letter, place: Option<(i64, String)>) {
        let (seq, id) = place.unzip();
        self.recorder.write(&Record::Send {
            t0,
            t1: self.recorder.now(),
            res,
            proc: self.proc.clone(),
            user: self.account.user.clone(),
            chan: letter.chan.clone(),
            cmid: letter.cmid.clone(),
            hash: hex_of(&letter.content),
            seq,
            id,
        });
    }

    pub(super) fn note_member(&self, t: f64, span: f64, user: &str, chan: &str, op: Op) {
        let (user, chan) = (user.to_owned(), chan.to_owned());
        self.recorder.write(&Record::Member { t, span, user, chan, op, head: None, proc: None });
    }

    pub(super) fn note_mark(&self, t0: f64, channel: &Value) {
        self.recorder.write(&Record::Mark {
            t0,
            t1: self.recorder.now(),
            proc: self.proc.clone(),
            user: self.account.user.clone(),
            chan: channel["id"].as_str().unwrap_or_default().to_owned(),
            upto: number(channel, "readUpTo"),
            head: number(channel, "seq"),
        });
    }
}
