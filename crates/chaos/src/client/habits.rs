//! What a client does of its own accord.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::wire::exchange;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{Asked, Client, Connection, Letter, PATIENCE, Phase};
use crate::history::{Op, Record, hex_of};

/// How a client lives.
#[derive(Debug, Clone)]
pub struct Habits {
    /// Messages on their way at once.
    pub depth: usize,
    /// Milliseconds between two messages, at random between these.
    pub pause: (u64, u64),
    /// Channels that it writes to; every one that it is in if there are none.
    pub writes_to: Vec<String>,
    /// Joins and leaves these now and then.
    pub roves: Vec<String>,
    /// Adds people to channels, and removes them.
    pub rules: Option<Rules>,
    /// Reads, edits, deletes.
    pub acts: bool,
    /// Signs out now and then, on the way back in.
    pub signs_out: bool,
    /// Asks for what it has missed. False is a fault, which the checker must find.
    pub fetches_gaps: bool,
}

/// Channels that somebody rules, and who comes and goes there.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The channels.
    pub channels: Vec<String>,
    /// People's ids and names.
    pub people: Vec<(String, String)>,
}

/// Milliseconds between two things other than messages.
const ACT_PAUSE: (u64, u64) = (100, 700);

impl Client {
    /// Does what is due.
    pub(super) async fn act(&mut self, connection: &mut Connection) {
        if connection.ask_not_before > Instant::now() {
            return;
        }
        self.catch_up(connection).await;
        let phase = self.phase();
        if phase == Phase::Talk && self.signing_out.is_none() && connection.is_synced {
            self.write();
            if self.act_next <= Instant::now() {
                self.act_next = Instant::now() + self.draw.millis(ACT_PAUSE.0, ACT_PAUSE.1);
                self.do_something(connection).await;
            }
        }
        while self.letters_asked(connection) < self.habits.depth
            && let Some(letter) = self.outbox.pop_front()
        {
            let payload = json!({ "channelId": letter.chan, "content": letter.content, "clientId": letter.cmid });
            self.ask(connection, "message:send", payload, Asked::Send(letter)).await;
        }
        self.report(connection, phase);
    }

    fn letters_asked(&self, connection: &Connection) -> usize {
        connection.asked.values().filter(|(_, asked)| matches!(asked, Asked::Send(_))).count()
    }

    /// Asks for what was missed: one question at a time.
    async fn catch_up(&self, connection: &mut Connection) {
        if connection.asked.values().any(|(_, asked)| matches!(asked, Asked::Sync | Asked::List { .. })) {
            return;
        }
        let listed = self.timelines.iter().find(|(_, timeline)| timeline.is_member && timeline.must_list);
        if let Some((chan, timeline)) = listed.filter(|_| connection.is_synced) {
            let mut payload = json!({ "channelId": chan, "size": 100 });
            if timeline.shown > 0 {
                payload["after"] = json!(timeline.shown.to_string());
            }
            let asked = Asked::List { chan: chan.clone(), rev: timeline.list_rev };
            // What changed meanwhile among what was listed comes next.
            connection.wants_sync = true;
            return self.ask(connection, "message:list", payload, asked).await;
        }
        if connection.wants_sync {
            connection.wants_sync = false;
            let known = self.timelines.iter().filter(|(_, timeline)| timeline.is_member);
            let cursors: serde_json::Map<_, _> =
                known.map(|(chan, timeline)| (chan.clone(), timeline.cursor.into())).collect();
            self.ask(connection, "message:sync", json!({ "channels": cursors }), Asked::Sync).await;
        }
    }

    /// Writes a letter when it is time for one and the outbox has room.
    fn write(&mut self) {
        if self.write_next > Instant::now() || self.outbox.len() >= self.habits.depth {
            return;
        }
        self.write_next = Instant::now() + self.draw.millis(self.habits.pause.0, self.habits.pause.1);
        let known = self.timelines.iter().filter(|(_, timeline)| timeline.is_member).map(|(chan, _)| chan);
        let to = &self.habits.writes_to;
        let chans: Vec<_> = known.filter(|chan| to.is_empty() || to.contains(chan)).cloned().collect();
        let Some(chan) = self.draw.pick(&chans).cloned() else { return };
        self.written += 1;
        let cmid = format!("{}-{}", self.proc.replace(['/', '.'], "_"), self.written);
        let content = self.content(&cmid);
        self.outbox.push_back(Letter { chan, cmid, content });
    }

    /// Short as a rule, long now and then, and in more than one script.
    fn content(&mut self, cmid: &str) -> String {
        let words = match self.draw.below(40) {
            0 => "lorem ipsum ".repeat(200),
            1..5 => "здравствуйте 👋🏽 ".repeat(3),
            _ => "hello".to_owned(),
        };
        format!("{cmid} {words}")
    }

    async fn do_something(&mut self, connection: &mut Connection) {
        let what = self.draw.below(10);
        self.reloads = self.draw.once_in(40);
        if self.habits.signs_out && self.draw.once_in(60) {
            return self.sign_out();
        }
        if let Some(rules) = self.habits.rules.clone() {
            return self.rule(connection, &rules).await;
        }
        if !self.habits.roves.is_empty() && what < 3 {
            return self.rove(connection).await;
        }
        if !self.habits.acts {
            return;
        }
        if what < 8 {
            self.read(connection).await;
        } else {
            self.edit(connection).await;
        }
    }

    /// Says how far it has read: as a rule everything, now and then less than before, now and then more than there is.
    async fn read(&mut self, connection: &mut Connection) {
        let known = self.timelines.iter().filter(|(_, timeline)| timeline.is_member && timeline.shown > 0);
        let known: Vec<_> = known.map(|(chan, timeline)| (chan.clone(), timeline.shown)).collect();
        let Some((chan, shown)) = self.draw.pick(&known).cloned() else { return };
        let (upto, recorded) = match self.draw.below(4) {
            0 => (shown + 1_000_000, None),
            1 => {
                let upto = 1 + self.draw.below(usize::try_from(shown).unwrap_or(1)) as i64;
                (upto, Some(upto))
            }
            _ => (shown, Some(shown)),
        };
        let payload = json!({ "channelId": chan, "messageId": upto.to_string() });
        self.ask(connection, "message:ack", payload, Asked::Read { chan, upto: recorded }).await;
        // And looks what has become of it.
        connection.wants_sync |= self.draw.once_in(4);
    }

    async fn edit(&mut self, connection: &mut Connection) {
        let Some((chan, seq)) = self.draw.pick(&self.mine).cloned() else { return };
        let seq_text = seq.to_string();
        if self.draw.once_in(4) {
            let payload = json!({ "channelId": chan, "messageId": seq_text });
            let asked = Asked::Edit { chan, hash: hex_of("") };
            self.mine.retain(|mine| mine.1 != seq);
            return self.ask(connection, "message:delete", payload, asked).await;
        }
        let content = format!("edited {}", self.draw.below(1_000_000));
        let asked = Asked::Edit { chan: chan.clone(), hash: hex_of(&content) };
        let payload = json!({ "channelId": chan, "messageId": seq_text, "content": content });
        self.ask(connection, "message:edit", payload, asked).await;
    }

    async fn rove(&mut self, connection: &mut Connection) {
        let Some(chan) = self.draw.pick(&self.habits.roves).cloned() else { return };
        let payload = json!({ "channelId": chan });
        if self.timelines.get(&chan).is_some_and(|timeline| timeline.is_member) {
            self.ask(connection, "channel:leave", payload, Asked::Leave(chan)).await;
        } else {
            self.ask(connection, "channel:join", payload, Asked::Join(chan)).await;
        }
    }

    async fn rule(&mut self, connection: &mut Connection, rules: &Rules) {
        let (Some(chan), Some((id, user))) =
            (self.draw.pick(&rules.channels).cloned(), self.draw.pick(&rules.people).cloned())
        else {
            return;
        };
        if self.draw.once_in(2) {
            let payload = json!({ "channelId": chan, "userIds": [id] });
            let asked = Asked::Member { chan, user, op: Op::Join };
            return self.ask(connection, "channel:add", payload, asked).await;
        }
        let payload = json!({ "channelId": chan, "userId": id });
        self.ask(connection, "channel:remove", payload, Asked::Member { chan, user, op: Op::Leave }).await;
    }

    /// Ends its session on another way than its socket, and goes on listening.
    fn sign_out(&mut self) {
        self.reloads = self.draw.once_in(2);
        let (done, is_done) = watch::channel(false);
        self.signing_out = Some(is_done);
        self.outbox.clear();
        let (account, recorder, proc) = (self.account.clone(), self.recorder.clone(), self.proc.clone());
        let wait = self.draw.millis(0, 200);
        tokio::spawn(async move {
            sleep(wait).await;
            let headers = [("cookie", &*account.cookie)];
            loop {
                let asked = exchange(account.direct, "POST", "/api/logout", &headers, b"");
                if timeout(PATIENCE, asked).await.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status == 204)) {
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
            recorder.write(&Record::Revoke { t: recorder.now(), proc, user: account.user });
            // The client may be gone.
            let _ = done.send(true);
        });
    }

    /// Says how far it is with what the phase asks for.
    fn report(&mut self, connection: &mut Connection, phase: Phase) {
        use std::sync::atomic::Ordering::Relaxed;
        let quiet = self.outbox.is_empty() && connection.asked.is_empty() && self.signing_out.is_none();
        let state = self.progress.state.load(Relaxed);
        if phase == Phase::Drain && quiet && state == 0 {
            self.progress.state.store(1, Relaxed);
        }
        if phase != Phase::Settle || state == 2 {
            return;
        }
        // Asked once more after everybody had written their last, so that nothing is left to come.
        if !self.settling {
            self.settling = true;
            connection.wants_sync = true;
        } else if quiet && connection.is_synced && !connection.wants_sync {
            let behind = self.timelines.values().any(super::Timeline::is_behind);
            if behind {
                connection.wants_sync = true;
                return;
            }
            self.say_what_is_held();
            self.progress.state.store(2, Relaxed);
        }
    }

    fn say_what_is_held(&self) {
        for (chan, timeline) in self.timelines.iter().filter(|(_, timeline)| timeline.is_member) {
            let (from, digest) = timeline.held();
            self.recorder.write(&Record::View {
                t: self.recorder.now(),
                proc: self.proc.clone(),
                user: self.account.user.clone(),
                chan: chan.clone(),
                from,
                head: timeline.shown,
                digest,
            });
        }
    }
}
