//! Everybody sends to one channel, everybody in it receives.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::Options;
use super::crew::{Crew, unique};
use super::place::Running;
use super::postgres::Postgres;
use crate::load::Load;
use crate::scenario::percentile;

/// How long what is on its way may take after the last message.
const DRAIN: Duration = Duration::from_secs(30);
/// At most so long nothing is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// The number of every `message:ack`; sends have the numbers above it.
const READ: u64 = 0;

/// What the receivers of a message do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receivers {
    /// Nothing.
    Listen,
    /// Acknowledge the newest that they have read, as soon as their last acknowledgement is answered.
    Acknowledge,
}

/// What one measurement found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// Acknowledged sends a second.
    pub(super) per_second: f64,
    /// CPU time of the server for each, in microseconds.
    pub(super) cpu: f64,
    /// CPU time of PostgreSQL for each, in microseconds.
    pub(super) database: f64,
    /// Half of the sends were acknowledged within this, in milliseconds.
    pub(super) p50: f64,
    /// 99 of 100 were acknowledged within this, in milliseconds.
    pub(super) p99: f64,
    /// Acknowledgements of what was read, a second.
    pub(super) reads: f64,
    /// Deliveries that never came.
    pub(super) lost: u64,
    /// How much other programs used of the machine, PostgreSQL included, in cores.
    pub(super) foreign: f64,
}

pub(super) fn run(
    options: &Options,
    postgres: &Postgres,
    running: &Running,
    crew: &mut Crew,
    channel: &str,
    receivers: Receivers,
) -> Result<Outcome> {
    let mut talk = Talk::new(&mut crew.load, channel, running.is_hearth(), receivers);
    let (warm_up, window) = (Duration::from_secs_f64(options.warm_up), Duration::from_secs_f64(options.seconds));
    talk.speak(options.in_flight, |talk| talk.clock.elapsed() >= warm_up)?;

    let (meter, database) = (running.server.meter()?, postgres.cpu()?);
    talk.latencies.clear();
    let reads = talk.reads;
    talk.speak(options.in_flight, |talk| talk.clock.elapsed() >= warm_up + window)?;
    let (usage, database) = (meter.stop()?, postgres.cpu()?.saturating_sub(database));
    let sends = talk.latencies.len().max(1) as f64;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / sends;
    let (p50, p99) = (percentile(&mut talk.latencies, 50), percentile(&mut talk.latencies, 99));
    let seconds = usage.elapsed.as_secs_f64();
    let reads = (talk.reads - reads) as f64 / seconds;
    Ok(Outcome {
        per_second: sends / seconds,
        cpu: each(usage.user + usage.system),
        database: each(database),
        p50,
        p99,
        reads,
        lost: talk.drain()?,
        foreign: usage.foreign,
    })
}

/// Fills a channel that the first of the crew is in alone, by sending.
pub(super) fn fill(running: &Running, crew: &mut Crew, channel: &str, messages: u64, in_flight: usize) -> Result<()> {
    let mut talk = Talk::new(&mut crew.load, channel, running.is_hearth(), Receivers::Listen);
    talk.speakers.truncate(1);
    talk.speak(in_flight, |talk| talk.sent >= messages)?;
    talk.drain_acks()
}

/// One of them.
#[derive(Default)]
struct Speaker {
    /// Numbers and times of what is not acknowledged yet, in microseconds.
    open: VecDeque<(u64, u64)>,
    /// The newest message that was read and not acknowledged.
    unread: Option<String>,
    /// An acknowledgement is not answered yet.
    reading: bool,
}

struct Talk<'a> {
    load: &'a mut Load,
    clock: Instant,
    channel: &'a str,
    /// Each message has a name of its own, so that it could be repeated.
    named: bool,
    /// No other talk of this program has the number: what is sent twice under one name is stored once.
    series: u32,
    receivers: Receivers,
    speakers: Vec<Speaker>,
    sent: u64,
    acknowledged: u64,
    delivered: u64,
    reads: u64,
    latencies: Vec<u32>,
}

impl<'a> Talk<'a> {
    fn new(load: &'a mut Load, channel: &'a str, named: bool, receivers: Receivers) -> Self {
        let speakers = (0..load.len()).map(|_| Speaker::default()).collect();
        let clock = Instant::now();
        Self {
            load,
            clock,
            channel,
            named,
            series: unique(),
            receivers,
            speakers,
            sent: 0,
            acknowledged: 0,
            delivered: 0,
            reads: 0,
            latencies: Vec::new(),
        }
    }

    /// Keeps so many messages of each on their way until `done`.
    fn speak(&mut self, in_flight: usize, done: impl Fn(&Self) -> bool) -> Result<()> {
        while !done(self) {
            for speaker in 0..self.speakers.len() {
                while self.speakers[speaker].open.len() < in_flight && !done(self) {
                    self.send(speaker)?;
                }
                self.acknowledge(speaker)?;
            }
            self.turn()?;
        }
        Ok(())
    }

    fn send(&mut self, speaker: usize) -> Result<()> {
        self.sent += 1;
        let (number, now) = (self.sent, self.clock.elapsed().as_micros() as u64);
        let name = if self.named { format!(",\"clientId\":\"{:x}-{number:x}\"", self.series) } else { String::new() };
        let packet = format!(
            "42{number}[\"message:send\",{{\"channelId\":\"{}\",\"content\":\"Does somebody know when message {number:08} \
             will be there?\"{name}}}]",
            self.channel
        );
        self.speakers[speaker].open.push_back((number, now));
        self.load.send(speaker, packet.as_bytes())
    }

    fn acknowledge(&mut self, speaker: usize) -> Result<()> {
        let one = &mut self.speakers[speaker];
        if one.reading {
            return Ok(());
        }
        let Some(message) = one.unread.take() else { return Ok(()) };
        one.reading = true;
        let channel = self.channel;
        let packet = format!("42{READ}[\"message:ack\",{{\"channelId\":\"{channel}\",\"messageId\":\"{message}\"}}]");
        self.load.send(speaker, packet.as_bytes())
    }

    fn turn(&mut self) -> Result<()> {
        let mut wrong = None;
        let Self { load, speakers, receivers, acknowledged, delivered, reads, latencies, clock, .. } = self;
        // What one turn brings has come at one time.
        let mut read_at = None;
        load.turn(LOOK, |session, packet| {
            let at = *read_at.get_or_insert_with(|| clock.elapsed().as_micros() as u64);
            if let Some(answer) = packet.strip_prefix(b"43") {
                let (number, answer) = numbered(answer);
                if !answer.starts_with(b"[{\"status\":\"OK\"") {
                    wrong = Some(String::from_utf8_lossy(packet).into_owned());
                } else if number == READ {
                    speakers[session].reading = false;
                    *reads += 1;
                } else if let Some(place) = speakers[session].open.iter().position(|(open, _)| *open == number) {
                    let (_, sent) = speakers[session].open.remove(place).unwrap_or_default();
                    latencies.push(at.saturating_sub(sent) as u32);
                    *acknowledged += 1;
                }
            } else if packet.starts_with(b"42[\"message:sent\"") {
                *delivered += 1;
                if *receivers == Receivers::Acknowledge {
                    speakers[session].unread = message_id(packet);
                }
            }
        })?;
        match wrong {
            Some(answer) => bail!("the server answered {answer}"),
            None => Ok(()),
        }
    }

    fn drain_acks(&mut self) -> Result<()> {
        let started = self.clock.elapsed();
        while self.acknowledged < self.sent {
            self.turn()?;
            ensure!(
                self.clock.elapsed() < started + DRAIN,
                "{} sends stay without answer",
                self.sent - self.acknowledged
            );
        }
        Ok(())
    }

    /// Waits for what is on its way; returns how many deliveries never came.
    fn drain(&mut self) -> Result<u64> {
        self.drain_acks()?;
        let started = self.clock.elapsed();
        let all = self.sent * (self.speakers.len() as u64 - 1);
        while self.delivered < all && self.clock.elapsed() < started + DRAIN {
            self.turn()?;
        }
        Ok(all.saturating_sub(self.delivered))
    }
}

/// The number at the start, and what follows.
fn numbered(bytes: &[u8]) -> (u64, &[u8]) {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = bytes.split_at(digits);
    (number.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')), rest)
}

/// The id of the message in an event.
fn message_id(packet: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"\"id\":\"";
    let start = packet.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let len = packet[start..].iter().position(|byte| *byte == b'"')?;
    Some(String::from_utf8_lossy(&packet[start..start + len]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_message_is_found_wherever_it_stands() {
        let ours = br#"42["message:sent",{"id":"7","channelId":"c","clientId":"x"}]"#;
        let theirs = br#"42["message:sent",{"from":"u","channelId":"c","content":"\"id\"","id":"8"}]"#;
        assert_eq!(message_id(ours).as_deref(), Some("7"));
        assert_eq!(message_id(theirs).as_deref(), Some("8"));
        assert_eq!(message_id(b"42[]"), None);
    }

    #[test]
    fn acks_are_told_apart_by_their_number() {
        assert_eq!(numbered(b"120[{}]"), (120, &b"[{}]"[..]));
        assert_eq!(numbered(b"[{}]"), (0, &b"[{}]"[..]));
    }
}
