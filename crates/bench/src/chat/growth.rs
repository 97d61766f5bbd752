//! Questions that must cost the same however many messages are stored.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::account::Account;
use super::crew::Crew;
use super::place::{FILLING, Running};
use super::postgres::Postgres;
use super::{Options, talk};
use crate::scenario::percentile;

/// How often each question is asked.
const TIMES: usize = 300;
/// For so long at the most.
const LONGEST: Duration = Duration::from_secs(8);
/// Messages of a page.
const PAGE: u64 = 50;

/// What one question cost.
#[derive(Clone, Debug)]
pub(super) struct Growth {
    pub(super) messages: u64,
    pub(super) question: &'static str,
    /// Half of the answers came within this, in microseconds.
    pub(super) p50: f64,
    /// CPU time of the server for each, in microseconds.
    pub(super) cpu: f64,
    /// CPU time of PostgreSQL for each, in microseconds.
    pub(super) database: f64,
}

pub(super) fn run(
    options: &Options,
    postgres: &Postgres,
    running: &Running,
    accounts: &[Account],
) -> Result<Vec<Growth>> {
    let mut crew = Crew::open(running, &accounts[..2])?;
    // The first writes, the second has read nothing.
    let channel = crew.channel_of_all()?;
    let (mut stored, mut found) = (0, Vec::new());
    for &messages in &options.messages {
        let more = messages.saturating_sub(stored);
        if running.is_hearth() {
            talk::fill(running, &mut crew, &channel, more, FILLING)?;
        } else {
            fill_sample(postgres, running, &accounts[0], &channel, more)?;
        }
        stored = messages;
        for (question, command, payload) in questions(running, &mut crew, &channel, messages)? {
            let payload = payload.to_string();
            crew.ask_text(1, command, &payload)?;
            let (mut times, started) = (Vec::new(), Instant::now());
            let (meter, before) = (running.server.meter()?, postgres.cpu()?);
            while times.len() < TIMES && started.elapsed() < LONGEST {
                let asked = Instant::now();
                let answer = crew.ask_text(1, command, &payload)?;
                times.push(asked.elapsed().as_micros() as u32);
                ensure!(answer.starts_with("{\"status\":\"OK\""), "{command} was answered: {answer}");
            }
            let (usage, database) = (meter.stop()?, postgres.cpu()?.saturating_sub(before));
            let each = |time: Duration| time.as_secs_f64() * 1e6 / times.len() as f64;
            let (cpu, database) = (each(usage.user + usage.system), each(database));
            let p50 = percentile(&mut times, 50) * 1e3;
            found.push(Growth { messages, question, p50, cpu, database });
        }
    }
    Ok(found)
}

/// The name for the table, the command and its payload.
fn questions(
    running: &Running,
    crew: &mut Crew,
    channel: &str,
    messages: u64,
) -> Result<Vec<(&'static str, &'static str, Value)>> {
    let newest = json!({ "channelId": channel, "size": PAGE, "orderBy": "id:desc" });
    let page = crew.ask(1, "message:list", &newest)?;
    let id = page["data"][0]["id"].as_str().and_then(|id| id.parse::<u64>().ok()).context("an id that is no number")?;
    let middle = json!({ "channelId": channel, "size": PAGE, "orderBy": "id:desc", "after": (id / 2).to_string() });
    let mut questions = vec![
        ("channel list with unread", "channel:list", json!({ "size": 100 })),
        ("newest page of 50", "message:list", newest),
        ("page of 50 in the middle", "message:list", middle),
    ];
    if running.is_hearth() {
        ensure!(id == messages, "the channel holds {id} messages, and not {messages}");
        let rev = page["rev"].as_u64().context("a page without a rev")?;
        let cursor = json!({ "channels": { channel: rev.saturating_sub(PAGE) } });
        questions.push(("sync of 50", "message:sync", cursor));
    }
    Ok(questions)
}

/// The sample takes too long to be sent a million.
fn fill_sample(postgres: &Postgres, running: &Running, author: &Account, channel: &str, more: u64) -> Result<()> {
    let insert = format!(
        "INSERT INTO messages (from_user, channel_id, content) SELECT '{}', '{channel}', \
         'Does somebody know when message ' || n || ' will be there?' FROM generate_series(1, {more}) n",
        author.id
    );
    postgres.ask(running.database(), &insert)?;
    postgres.ask(running.database(), "ANALYZE messages").map(drop)
}
