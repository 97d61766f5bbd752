//! What clients saw, as JSON lines on one monotonic clock (milliseconds).
//!
//! Any checker can judge such a file, and ours any such file. Fields and records that only our clients write are
//! optional: without them the checker finds less.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// How an attempt came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Res {
    /// Acknowledged.
    Ok,
    /// Refused: nothing changed.
    Fail,
    /// Nobody knows.
    Info,
}

/// Which way a membership went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// It began, or may have begun.
    Join,
    /// It ended for certain.
    Leave,
}

/// A message as it stands in a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its place.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The sender's name for it.
    pub cmid: Option<String>,
    /// Hash of its content.
    pub hash: String,
    /// The channel's count of changes at its last one.
    #[serde(default)]
    pub rev: i64,
    /// Whether it was edited or deleted.
    #[serde(default)]
    pub changed: bool,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the fields are those of docs/reliability.md")]
pub enum Record {
    /// An attempt to send a message; another attempt with the same `cmid` has a record of its own.
    Send {
        t0: f64,
        t1: f64,
        res: Res,
        proc: String,
        user: String,
        chan: String,
        cmid: String,
        hash: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// A message was shown to the person, in the order of these records. `stray`: it came although the client was not
    /// in the channel, and nobody was shown it.
    Recv {
        t: f64,
        proc: String,
        user: String,
        chan: String,
        seq: i64,
        id: String,
        cmid: Option<String>,
        hash: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stray: bool,
    },
    /// A connection came up or went down.
    Conn { t: f64, proc: String, user: String, up: bool },
    /// A membership changed: ended at `t` for certain, or may have begun at `t` or later. `span`: for how long before
    /// (an end) or after (a beginning) `t` the server may have done it. With `proc`: that client follows the channel from
    /// `head` on.
    Member {
        t: f64,
        #[serde(default)]
        span: f64,
        user: String,
        chan: String,
        op: Op,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proc: Option<String>,
    },
    /// A read mark was acknowledged.
    Read { t0: f64, t1: f64, user: String, chan: String, upto: i64 },
    /// From here on nobody writes any more.
    Quiesce { t: f64 },
    /// The channel as a node tells it at the end.
    Log { node: String, chan: String, rows: Vec<Row> },
    /// A message was edited, or deleted (then `hash` is that of nothing).
    Edit { t0: f64, t1: f64, proc: String, user: String, chan: String, seq: i64, rev: i64, hash: String },
    /// The server told a client its read mark, and the channel's head in the same breath.
    Mark { t0: f64, t1: f64, proc: String, user: String, chan: String, upto: i64, head: i64 },
    /// The session of this client is over.
    Revoke { t: f64, proc: String, user: String },
    /// What a client holds at the end: everything from `from` to `head`, with a digest over its rows.
    View { t: f64, proc: String, user: String, chan: String, from: i64, head: i64, digest: String },
}

/// A short hash of a text (FNV-1a, 64 bits): to compare, not to protect.
pub fn hash_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The same in hexadecimal digits, as it stands in records.
pub fn hex_of(text: &str) -> String {
    format!("{:016x}", hash_of(text))
}

/// The digest of [`Record::View`]: over place and hash of each row, in their order.
pub fn digest<'a>(rows: impl Iterator<Item = (i64, &'a str)>) -> String {
    let text: String = rows.map(|(seq, hash)| format!("{seq}:{hash}\n")).collect();
    hex_of(&text)
}

/// Writes a history. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    zero: i64,
    file: Arc<Mutex<BufWriter<File>>>,
}

impl Recorder {
    /// Begins a history in this file.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { zero: monotonic(), file: Arc::new(Mutex::new(BufWriter::new(file))) })
    }

    /// The time now, in milliseconds.
    pub fn now(&self) -> f64 {
        (monotonic() - self.zero) as f64 / 1e6
    }

    /// Where its clock begins: nanoseconds of CLOCK_MONOTONIC, which other processes read too.
    pub fn zero(&self) -> i64 {
        self.zero
    }

    /// Adds a record.
    pub fn write(&self, record: &Record) {
        self.write_line(&serde_json::to_string(record).expect("records are plain data"));
    }

    /// Adds a record that somebody else has written.
    pub fn write_line(&self, line: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // What is missing then is missed by the checker.
        let _ = writeln!(file, "{line}");
    }

    /// Sees to it that everything is in the file.
    pub fn flush(&self) -> Result<()> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).flush().context("cannot write the history")
    }
}

/// Nanoseconds of CLOCK_MONOTONIC (clock_gettime(2)).
fn monotonic() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Reads a history.
pub fn load(path: &Path) -> Result<Vec<Record>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = BufReader::new(file).lines().enumerate();
    lines
        .map(|(at, line)| {
            serde_json::from_str(&line?).with_context(|| format!("{}:{}: no record", path.display(), at + 1))
        })
        .collect()
}
