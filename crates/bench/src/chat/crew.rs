//! People who are connected, and what they ask one after the other.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::account::Account;
use super::place::Running;
use crate::load::{Entry, Load};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Connected people, one socket each.
pub(super) struct Crew {
    pub(super) load: Load,
    asked: u32,
}

impl Crew {
    pub(super) fn open(running: &Running, accounts: &[Account]) -> Result<Self> {
        let cookies = accounts.iter().map(|account| account.cookie.clone()).collect();
        let mut load = Load::signed_in(running.server.address(), cookies)?;
        load.open(accounts.len(), Entry::WebSocket)?;
        Ok(Self { load, asked: 0 })
    }

    /// A new channel with everybody in it.
    pub(super) fn channel_of_all(&mut self) -> Result<String> {
        let channel = self.channel()?;
        for member in 1..self.load.len() {
            self.ask(member, "channel:join", &json!({ "channelId": channel }))?;
        }
        Ok(channel)
    }

    /// A new channel with the first of them in it.
    pub(super) fn channel(&mut self) -> Result<String> {
        let name = format!("channel {}", unique());
        let channel = self.ask(0, "channel:create", &json!({ "name": name }))?;
        Ok(channel["data"]["id"].as_str().context("a channel without an id")?.to_owned())
    }

    /// Asks and waits for the answer, which must be OK.
    pub(super) fn ask(&mut self, session: usize, command: &str, payload: &Value) -> Result<Value> {
        let answer = self.ask_text(session, command, &payload.to_string())?;
        let answer: Value = serde_json::from_str(&answer).context("no JSON")?;
        ensure!(answer["status"] == "OK", "{command} {payload} was answered: {answer}");
        Ok(answer)
    }

    /// The same with text, so that nothing is measured but the server.
    pub(super) fn ask_text(&mut self, session: usize, command: &str, payload: &str) -> Result<String> {
        self.asked += 1;
        let mark = format!("43{}[", self.asked);
        self.load.send(session, format!("42{}[\"{command}\",{payload}]", self.asked).as_bytes())?;
        let (started, answer) = (Instant::now(), RefCell::new(None));
        while answer.borrow().is_none() {
            ensure!(started.elapsed() < PATIENCE, "{command} was not answered");
            self.load.turn(Duration::from_millis(100), |from, packet| {
                if from == session && packet.starts_with(mark.as_bytes()) {
                    let text = &packet[mark.len()..packet.len() - 1];
                    *answer.borrow_mut() = Some(String::from_utf8_lossy(text).into_owned());
                }
            })?;
        }
        answer.into_inner().context("it was answered")
    }
}

/// A number that was not given before.
pub(super) fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
