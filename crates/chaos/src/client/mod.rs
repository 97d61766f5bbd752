//! A client that does what a careful program should: an outbox that repeats what has no answer, timelines that repair
//! themselves by `message:sync`, and a record of everything that it asked, was answered and showed.
//!
//! It shares no code with the server and none with the web client.

mod answers;
mod habits;
mod notes;
mod progress;
mod timeline;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wire::{Received, WebSocket, exchange};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::draw::Draw;
use crate::history::{Op, Record, Recorder, Res};
pub use habits::{Habits, Rules};
pub use progress::{Phase, Progress};
use timeline::{Timeline, row_of};

/// An answer that takes longer does not come: the connection is given up. The server promises five seconds.
const PATIENCE: Duration = Duration::from_secs(7);
/// How often a client looks whether there is something to do.
const STEP: Duration = Duration::from_millis(10);
/// A socket of a session that has ended is listened to for so long, to see what still comes.
const AFTERMATH: Duration = Duration::from_secs(4);
/// For how long a server may still carry out what it was asked over a connection that is gone, in milliseconds.
const LINGERS: f64 = 8_000.0;

/// Who a client is, and how it reaches the server.
#[derive(Debug, Clone)]
pub struct Account {
    /// The person's name, which is also the password's end.
    pub user: String,
    /// The session's cookie header.
    pub cookie: String,
    /// Where the server is, through whatever lies between.
    pub through: SocketAddr,
    /// Where it really is: what is done there is not what is tested.
    pub direct: SocketAddr,
}

/// A message on its way.
#[derive(Debug, Clone)]
struct Letter {
    chan: String,
    cmid: String,
    content: String,
}

/// What was asked, to be found again when its answer comes.
#[derive(Debug)]
enum Asked {
    Send(Letter),
    Sync,
    List { chan: String, rev: Option<i64> },
    Read { chan: String, upto: Option<i64> },
    Join(String),
    Leave(String),
    Edit { chan: String, hash: String },
    Member { chan: String, user: String, op: Op },
}

/// A client.
pub struct Client {
    proc: String,
    generation: usize,
    account: Account,
    recorder: Recorder,
    draw: Draw,
    habits: Habits,
    phase: watch::Receiver<Phase>,
    progress: Arc<Progress>,
    timelines: BTreeMap<String, Timeline>,
    outbox: VecDeque<Letter>,
    written: usize,
    mine: Vec<(String, i64)>,
    write_next: Instant,
    act_next: Instant,
    signing_out: Option<watch::Receiver<bool>>,
    settling: bool,
    /// Drops its connection and comes back at once, as a reload does.
    reloads: bool,
}

/// One connection, and what was asked over it.
struct Connection {
    socket: WebSocket,
    asked: BTreeMap<u64, (f64, Asked)>,
    next_id: u64,
    wants_sync: bool,
    is_synced: bool,
    ask_not_before: Instant,
}

/// How an attempt to connect ended, if not in a connection.
enum NoConnection {
    /// The session is over.
    SignedOut,
    /// Once more.
    Again,
}

impl Client {
    /// A client that has not begun. `proc` names it in the history.
    pub fn new(
        proc: &str,
        account: Account,
        recorder: Recorder,
        draw: &Draw,
        habits: Habits,
        phase: watch::Receiver<Phase>,
    ) -> (Self, Arc<Progress>) {
        let progress = Arc::new(Progress::default());
        let now = Instant::now();
        let client = Self {
            proc: proc.to_owned(),
            generation: 0,
            account,
            recorder,
            draw: draw.for_name(proc),
            habits,
            phase,
            progress: Arc::clone(&progress),
            timelines: BTreeMap::new(),
            outbox: VecDeque::new(),
            written: 0,
            mine: Vec::new(),
            write_next: now,
            act_next: now + Duration::from_secs(1),
            signing_out: None,
            settling: false,
            reloads: false,
        };
        (client, progress)
    }

    fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Talks, goes and comes back until the end.
    pub async fn live(mut self) {
        while self.phase() < Phase::End {
            match timeout(PATIENCE, self.connect()).await {
                Ok(Ok(connection)) => self.stay(connection).await,
                Ok(Err(NoConnection::SignedOut)) => self.sign_in_anew().await,
                Ok(Err(NoConnection::Again)) | Err(_) => sleep(self.draw.millis(20, 150)).await,
            }
        }
    }

    async fn connect(&self) -> Result<Connection, NoConnection> {
        let target = "/socket.io/?EIO=4&transport=websocket";
        let answer = WebSocket::connect(self.account.through, target, &[("cookie", &self.account.cookie)]).await;
        let mut socket = match answer {
            Ok(Ok(socket)) => socket,
            Ok(Err(refusal)) if refusal.status == 401 => return Err(NoConnection::SignedOut),
            Ok(Err(_)) | Err(_) => return Err(NoConnection::Again),
        };
        loop {
            let Received::Text(text) = socket.next().await else { return Err(NoConnection::Again) };
            match text.get(..2) {
                Some(open) if open.starts_with('0') => socket.send("40").await,
                Some("40") => break,
                Some("44") if text.contains("UNAUTHENTICATED") => return Err(NoConnection::SignedOut),
                Some("44" | "41") => return Err(NoConnection::Again),
                _ => {}
            }
        }
        let (asked, now) = (BTreeMap::new(), Instant::now());
        Ok(Connection { socket, asked, next_id: 0, wants_sync: true, is_synced: false, ask_not_before: now })
    }

    async fn stay(&mut self, mut connection: Connection) {
        self.note_connection(true);
        let mut given_up = None;
        loop {
            self.act(&mut connection).await;
            let received = timeout(STEP, connection.socket.next()).await;
            match received {
                Err(_) => {}
                Ok(Received::Text(text)) => {
                    if !self.packet(&mut connection, &text).await {
                        break;
                    }
                }
                Ok(Received::Ping(_) | Received::Pong(_)) => {}
                Ok(_) => break,
            }
            let oldest = connection.asked.values().map(|(t0, _)| *t0).fold(f64::INFINITY, f64::min);
            if self.recorder.now() - oldest > PATIENCE.as_secs_f64() * 1000.0 {
                self.progress.unanswered.fetch_add(1, Ordering::Relaxed);
                break;
            }
            if self.signing_out.as_ref().is_some_and(|done| *done.borrow()) {
                let since = given_up.get_or_insert_with(Instant::now);
                if since.elapsed() > AFTERMATH {
                    break;
                }
            }
            if std::mem::take(&mut self.reloads) || self.phase() == Phase::End {
                break;
            }
        }
        self.note_connection(false);
        self.lose(connection);
    }

    /// The connection is gone: of what was asked nobody knows. Letters go back to where they were.
    fn lose(&mut self, connection: Connection) {
        for (t0, asked) in connection.asked.into_values().rev() {
            match asked {
                Asked::Send(letter) => {
                    self.note_send(t0, Res::Info, &letter, None);
                    self.outbox.push_front(letter);
                }
                Asked::Join(chan) => self.note_member(t0, LINGERS, &self.account.user, &chan, Op::Join),
                Asked::Member { chan, user, op: Op::Join } => self.note_member(t0, LINGERS, &user, &chan, Op::Join),
                _ => {}
            }
        }
    }

    /// Asks for something; its answer is looked for by what was asked.
    async fn ask(&self, connection: &mut Connection, name: &str, payload: Value, asked: Asked) {
        let id = connection.next_id;
        connection.next_id += 1;
        connection.asked.insert(id, (self.recorder.now(), asked));
        connection.socket.send(&format!("42{id}{}", json!([name, payload]))).await;
    }

    /// Handles a packet; false at the end of the connection.
    async fn packet(&mut self, connection: &mut Connection, text: &str) -> bool {
        if text == "2" {
            connection.socket.send("3").await;
        } else if text.starts_with("41") {
            return false;
        } else if let Some(event) = text.strip_prefix("42") {
            if let Ok((name, data)) = serde_json::from_str::<(String, Value)>(event) {
                self.event(connection, &name, &data);
            }
        } else if let Some(answer) = text.strip_prefix("43") {
            let digits = answer.bytes().take_while(u8::is_ascii_digit).count();
            let (id, answer) = answer.split_at(digits);
            let asked = id.parse().ok().and_then(|id: u64| connection.asked.remove(&id));
            if let (Some((t0, asked)), Ok((answer,))) = (asked, serde_json::from_str::<(Value,)>(answer)) {
                let took = (self.recorder.now() - t0) * 1000.0;
                self.progress.longest.fetch_max(took as u64, Ordering::Relaxed);
                self.answer(connection, t0, asked, &answer);
            }
        }
        true
    }

    fn event(&mut self, connection: &mut Connection, name: &str, data: &Value) {
        let chan = |field: &str| data[field].as_str().unwrap_or_default().to_owned();
        match name {
            "message:sent" | "message:updated" => self.live_message(connection, &chan("channelId"), data),
            "channel:joined" | "channel:created" => self.enter(connection, data),
            "channel:left" => self.leave(&chan("channelId")),
            "heads" => {
                let heads = data.as_object().into_iter().flatten();
                let mut heads = heads.filter_map(|(chan, head)| Some((self.timelines.get(chan)?, head)));
                let behind = heads.any(|(timeline, head)| timeline::number(head, "rev") > timeline.cursor);
                connection.wants_sync |= behind;
            }
            _ => {}
        }
    }

    fn live_message(&mut self, connection: &mut Connection, chan: &str, message: &Value) {
        let row = row_of(message);
        let careless = !self.habits.fetches_gaps;
        // Where nothing is known yet, what is asked for first brings it.
        let Some(timeline) = self.timelines.get_mut(chan) else { return };
        if !timeline.is_member {
            if connection.is_synced {
                self.note_shown(chan, &row, true);
                connection.wants_sync = true;
            }
            return;
        }
        if careless {
            timeline.skip_to(row.rev - 1, row.seq - 1);
        }
        if !timeline.take(row) {
            connection.wants_sync = true;
        }
        self.show(chan);
    }

    /// One is in this channel now, by what somebody did.
    fn enter(&mut self, connection: &mut Connection, channel: &Value) {
        let Some(chan) = channel["id"].as_str() else { return };
        let now = self.recorder.now();
        match self.timelines.get_mut(chan) {
            Some(timeline) => {
                timeline.is_member = true;
                timeline.begin_listing();
                connection.wants_sync = true;
            }
            None => self.follow(channel),
        }
        if let Some(timeline) = self.timelines.get_mut(chan) {
            timeline.moved = now;
        }
    }

    /// Begins to follow a channel from where it is.
    fn follow(&mut self, channel: &Value) {
        let Some(chan) = channel["id"].as_str() else { return };
        let timeline = Timeline::from_now(channel);
        let record = Record::Member {
            t: self.recorder.now(),
            span: 0.0,
            user: self.account.user.clone(),
            chan: chan.to_owned(),
            op: Op::Join,
            head: Some(timeline.shown),
            proc: Some(self.proc.clone()),
        };
        self.recorder.write(&record);
        self.timelines.insert(chan.to_owned(), timeline);
    }

    fn leave(&mut self, chan: &str) {
        let now = self.recorder.now();
        if let Some(timeline) = self.timelines.get_mut(chan) {
            timeline.is_member = false;
            timeline.moved = now;
        }
    }

    fn show(&mut self, chan: &str) {
        let rows = self.timelines.get_mut(chan).map(Timeline::show).unwrap_or_default();
        for row in rows {
            self.note_shown(chan, &row, false);
        }
    }

    /// The session has ended: another device, which knows nothing of what this one held.
    async fn sign_in_anew(&mut self) {
        let body = json!({ "username": self.account.user, "password": password_of(&self.account.user) }).to_string();
        let headers = [("content-type", "application/json")];
        let asked = exchange(self.account.direct, "POST", "/api/login", &headers, body.as_bytes());
        let Ok(Ok(answer)) = timeout(PATIENCE, asked).await else { return sleep(self.draw.millis(50, 150)).await };
        let Some(cookie) = answer.header("set-cookie").and_then(|set| set.split(';').next()) else {
            return sleep(self.draw.millis(50, 150)).await;
        };
        self.account.cookie = cookie.to_owned();
        self.generation += 1;
        self.proc = format!("{}.{}", self.proc.split('.').next().unwrap_or_default(), self.generation);
        self.timelines.clear();
        self.outbox.clear();
        self.mine.clear();
        self.signing_out = None;
    }
}

/// The password of everybody: a test's only secret is that there is none.
pub fn password_of(user: &str) -> String {
    format!("correct horse {user}")
}
