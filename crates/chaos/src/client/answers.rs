//! What a client makes of the answers to what it asked.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::timeline::{number, row_of};
use super::{Asked, Client, Connection, Letter};
use crate::history::{Op, Record, Res};

/// Own messages that are remembered, to edit one now and then.
const MINE_MAX: usize = 50;
/// How soon something is asked again that could not be done.
const AGAIN: Duration = Duration::from_millis(150);

/// What an answer says of the outcome: the codes of docs/protocol.md.
fn outcome(answer: &Value) -> Res {
    match (answer["status"].as_str(), answer["code"].as_str()) {
        (Some("OK"), _) => Res::Ok,
        (_, Some("UNAVAILABLE" | "INTERNAL") | None) => Res::Info,
        _ => Res::Fail,
    }
}

impl Client {
    pub(super) fn answer(&mut self, connection: &mut Connection, t0: f64, asked: Asked, answer: &Value) {
        let res = outcome(answer);
        let data = &answer["data"];
        match asked {
            Asked::Send(letter) => self.sent(connection, t0, letter, res, answer),
            Asked::Sync if res == Res::Ok => self.synced(connection, t0, data),
            Asked::Sync => again(connection),
            Asked::List { chan, rev } if res == Res::Ok => self.listed(&chan, rev, answer),
            Asked::List { .. } => again(connection),
            Asked::Read { chan, upto: Some(upto) } if res == Res::Ok => {
                let (t1, user) = (self.recorder.now(), self.account.user.clone());
                self.recorder.write(&Record::Read { t0, t1, user, chan, upto });
            }
            Asked::Read { .. } => {}
            Asked::Join(chan) => {
                if res != Res::Fail {
                    let span = if res == Res::Ok { self.recorder.now() - t0 } else { super::LINGERS };
                    self.note_member(t0, span, &self.account.user, &chan, Op::Join);
                }
                match res {
                    Res::Ok => self.enter(connection, data),
                    _ => connection.wants_sync = true,
                }
            }
            Asked::Leave(chan) if res == Res::Ok => {
                let now = self.recorder.now();
                self.note_member(now, now - t0, &self.account.user, &chan, Op::Leave);
                self.leave(&chan);
            }
            Asked::Leave(_) => connection.wants_sync = true,
            Asked::Edit { chan, hash } if res == Res::Ok => self.edited(connection, t0, &chan, hash, data),
            Asked::Edit { .. } => {}
            Asked::Member { chan, user, op: Op::Leave } if res == Res::Ok => {
                let now = self.recorder.now();
                self.note_member(now, now - t0, &user, &chan, Op::Leave);
            }
            Asked::Member { chan, user, op: Op::Join } if res != Res::Fail => {
                let span = if res == Res::Ok { self.recorder.now() - t0 } else { super::LINGERS };
                self.note_member(t0, span, &user, &chan, Op::Join);
            }
            Asked::Member { .. } => {}
        }
    }

    fn sent(&mut self, connection: &mut Connection, t0: f64, letter: Letter, res: Res, answer: &Value) {
        let data = &answer["data"];
        let (seq, rev) = (number(data, "seq"), number(data, "rev"));
        let place = (res == Res::Ok).then(|| (seq, data["id"].as_str().unwrap_or_default().to_owned()));
        self.note_send(t0, res, &letter, place);
        if res != Res::Ok {
            // What may be done later is repeated; what may not is forgotten.
            if res == Res::Info || matches!(answer["code"].as_str(), Some("BUSY" | "RATE_LIMITED")) {
                self.outbox.push_front(letter);
                connection.ask_not_before = Instant::now() + AGAIN;
            }
            return;
        }
        self.progress.acked.fetch_add(1, Ordering::Relaxed);
        self.progress.last_ok.fetch_max((t0 * 1000.0) as u64, Ordering::Relaxed);
        if self.mine.len() < MINE_MAX {
            self.mine.push((letter.chan.clone(), seq));
        }
        let Some(timeline) = self.timelines.get_mut(&letter.chan) else { return };
        if answer["data"]["repeated"] == true {
            // Its row may have changed since; what was missed holds it.
            connection.wants_sync |= rev > timeline.cursor;
            return;
        }
        let mut own = data.clone();
        own["content"] = letter.content.into();
        own["clientId"] = letter.cmid.into();
        self.live_message(connection, &letter.chan, &own);
    }

    fn edited(&mut self, connection: &mut Connection, t0: f64, chan: &str, hash: String, message: &Value) {
        let row = row_of(message);
        self.recorder.write(&Record::Edit {
            t0,
            t1: self.recorder.now(),
            proc: self.proc.clone(),
            user: self.account.user.clone(),
            chan: chan.to_owned(),
            seq: row.seq,
            rev: row.rev,
            hash,
        });
        self.live_message(connection, chan, message);
    }

    fn synced(&mut self, connection: &mut Connection, t0: f64, data: &Value) {
        connection.is_synced = true;
        let again: Vec<_> = data["again"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        connection.wants_sync |= !again.is_empty();
        for (chan, synced) in data["channels"].as_object().into_iter().flatten() {
            let channel = &synced["channel"];
            self.note_mark(t0, channel);
            let Some(timeline) = self.timelines.get_mut(chan) else { continue };
            if timeline.moved > t0 {
                connection.wants_sync = true;
                continue;
            }
            timeline.is_member = true;
            let head = number(&synced["head"], "rev");
            if !self.habits.fetches_gaps {
                timeline.skip_to(head, number(&synced["head"], "seq"));
            } else if synced["truncated"] == true {
                timeline.begin_listing();
            } else {
                let rows = synced["messages"].as_array().into_iter().flatten().map(row_of).collect();
                let whole = !again.contains(&chan.as_str());
                let (shown, complete) = timeline.catch_up(rows, head, whole);
                connection.wants_sync |= !complete;
                shown.iter().for_each(|row| self.note_shown(chan, row, false));
            }
        }
        for channel in data["joined"].as_array().into_iter().flatten() {
            self.note_mark(t0, channel);
            match channel["id"].as_str().and_then(|chan| self.timelines.get_mut(chan)) {
                Some(timeline) if timeline.moved > t0 => connection.wants_sync = true,
                Some(timeline) => {
                    timeline.is_member = true;
                    timeline.begin_listing();
                }
                None => self.follow(channel),
            }
        }
        for chan in data["left"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let Some(timeline) = self.timelines.get_mut(chan) else { continue };
            if timeline.moved > t0 {
                connection.wants_sync = true;
            } else {
                timeline.is_member = false;
            }
        }
    }

    fn listed(&mut self, chan: &str, first_rev: Option<i64>, answer: &Value) {
        let Some(timeline) = self.timelines.get_mut(chan) else { return };
        let rows: Vec<_> = answer["data"].as_array().into_iter().flatten().map(row_of).collect();
        let rev = first_rev.unwrap_or_else(|| number(answer, "rev"));
        let is_last = answer["hasMore"] != true;
        timeline.listed(rows, is_last.then_some(rev));
        timeline.list_rev = (!is_last).then_some(rev);
        self.show(chan);
    }
}

fn again(connection: &mut Connection) {
    connection.wants_sync = true;
    connection.ask_not_before = Instant::now() + AGAIN;
}
