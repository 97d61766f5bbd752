//! One sender, and a room that everybody is in, the sender too.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::pulse::Pulse;
use super::{Outcome, Pace, Timing};
use crate::load::{Entry, Load};
use crate::server::Server;

/// How long deliveries may take after the last message before they count as lost.
const DRAIN: Duration = Duration::from_secs(10);
/// The system's timers are no finer; what is due sooner is waited for awake.
const FINEST: Duration = Duration::from_millis(1);
/// At most so many messages at once when the load has fallen behind.
const BURST: u64 = 64;

/// The room, and what was said and heard in it.
pub(crate) struct Room<'a> {
    load: &'a mut Load,
    pulse: Pulse,
    members: u64,
    /// From when on a pace counts, and how many messages there were by then.
    begun: (Duration, u64),
    sent: u64,
    delivered: u64,
    latencies: Vec<u32>,
}

pub(super) fn run(load: &mut Load, server: &Server, members: usize, pace: Pace, timing: Timing) -> Result<Outcome> {
    load.open(members, Entry::WebSocket)?;
    let mut room = Room::new(load);
    room.speak(pace, timing.warm_up)?;

    let (meter, before) = (server.meter()?, room.delivered);
    room.latencies.clear();
    room.speak(pace, timing.warm_up + timing.window)?;
    let (usage, delivered) = (meter.stop()?, room.delivered - before);
    let outcome = Outcome::new(delivered, &usage).with_latencies(&mut room.latencies);
    Ok(Outcome { lost: room.drain()?, ..outcome })
}

impl<'a> Room<'a> {
    /// A room of all who are in the load.
    pub(crate) fn new(load: &'a mut Load) -> Self {
        let members = load.len() as u64;
        Self {
            load,
            pulse: Pulse::new(),
            members,
            begun: (Duration::ZERO, 0),
            sent: 0,
            delivered: 0,
            latencies: Vec::new(),
        }
    }

    /// How long it has been one.
    pub(crate) fn elapsed(&self) -> Duration {
        self.pulse.elapsed()
    }

    /// How long deliveries took since this was last asked, in microseconds.
    pub(crate) fn take_latencies(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.latencies)
    }

    /// Says something long, so many times, and waits until everybody has heard it.
    pub(crate) fn shout(&mut self, times: u64, len: usize) -> Result<()> {
        for _ in 0..times {
            let packet = self.pulse.packet_of("42[\"say\",", len);
            self.load.send(0, packet.as_bytes())?;
            self.sent += 1;
            ensure!(self.drain()? == 0, "not everybody heard what was said");
        }
        Ok(())
    }

    /// Speaks until the given time since the start.
    pub(crate) fn speak(&mut self, pace: Pace, until: Duration) -> Result<()> {
        self.begun = (self.pulse.elapsed(), self.sent);
        loop {
            let now = self.pulse.elapsed();
            if now >= until {
                return Ok(());
            }
            for _ in 0..self.due(pace, now).min(BURST) {
                let packet = self.pulse.packet("42[\"say\",");
                self.load.send(0, packet.as_bytes())?;
                self.sent += 1;
            }
            let wait = match pace {
                Pace::PerSecond(rate) => self.next_at(rate).saturating_sub(self.pulse.elapsed()),
                Pace::InFlight(_) => until - now,
            };
            self.turn(if wait < FINEST { Duration::ZERO } else { wait - FINEST })?;
        }
    }

    /// How many messages are to be sent now.
    fn due(&self, pace: Pace, now: Duration) -> u64 {
        match pace {
            Pace::PerSecond(rate) => {
                let (from, sent) = self.begun;
                let due = (now.saturating_sub(from).as_secs_f64() * self.per_second(rate)) as u64;
                (sent + due).saturating_sub(self.sent)
            }
            Pace::InFlight(limit) => {
                let on_their_way = self.sent * self.members - self.delivered;
                limit.saturating_sub(on_their_way.div_ceil(self.members))
            }
        }
    }

    /// When the next message is to be sent.
    fn next_at(&self, rate: u64) -> Duration {
        let (from, sent) = self.begun;
        from + Duration::from_secs_f64((self.sent - sent + 1) as f64 / self.per_second(rate))
    }

    /// Messages a second for so many deliveries a second.
    fn per_second(&self, rate: u64) -> f64 {
        rate as f64 / self.members as f64
    }

    fn turn(&mut self, wait: Duration) -> Result<()> {
        self.pulse.turn();
        self.load.turn(wait, |session, packet| {
            if let Some(age) = self.pulse.age(session, packet, "42[\"said\",") {
                self.delivered += 1;
                self.latencies.push(age);
            }
        })
    }

    /// Waits for what is on its way; returns how much never came.
    pub(crate) fn drain(&mut self) -> Result<u64> {
        let until = self.pulse.elapsed() + DRAIN;
        let all = self.sent * self.members;
        while self.delivered < all && self.pulse.elapsed() < until {
            self.turn(Duration::from_millis(100))?;
        }
        Ok(all - self.delivered)
    }
}
