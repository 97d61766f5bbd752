//! Sockets that ask and get the ack, one question in flight on each.

use std::time::Duration;

use anyhow::Result;

use super::pulse::Pulse;
use super::{Outcome, Timing};
use crate::load::{Entry, Load};
use crate::server::Server;

const ASK: &str = "420[\"echo\",";
const ANSWER: &str = "430[";

struct Echo<'a> {
    load: &'a mut Load,
    pulse: Pulse,
    /// Who got an answer and asks again.
    answered: Vec<usize>,
    latencies: Vec<u32>,
}

pub(super) fn run(load: &mut Load, server: &Server, sockets: usize, timing: Timing) -> Result<Outcome> {
    load.open(sockets, Entry::WebSocket)?;
    let answered = (0..load.len()).collect();
    let mut echo = Echo { load, pulse: Pulse::new(), answered, latencies: Vec::new() };
    echo.ask(timing.warm_up)?;

    let meter = server.meter()?;
    echo.latencies.clear();
    echo.ask(timing.warm_up + timing.window)?;
    let usage = meter.stop()?;
    Ok(Outcome::new(echo.latencies.len() as u64, &usage).with_latencies(&mut echo.latencies))
}

impl Echo<'_> {
    /// Asks until the given time since the start.
    fn ask(&mut self, until: Duration) -> Result<()> {
        loop {
            let now = self.pulse.elapsed();
            if now >= until {
                return Ok(());
            }
            for session in self.answered.drain(..) {
                self.load.send(session, self.pulse.packet(ASK).as_bytes())?;
            }
            self.pulse.turn();
            // Without a wait: the faster it is, the more often it would sleep, and every answer would pay for waking it.
            self.load.turn(Duration::ZERO, |session, packet| {
                if let Some(age) = self.pulse.age(session, packet, ANSWER) {
                    self.latencies.push(age);
                    self.answered.push(session);
                }
            })?;
        }
    }
}
