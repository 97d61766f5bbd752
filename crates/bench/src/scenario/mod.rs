//! What is measured, and how each measurement runs.

mod echo;
mod opening;
mod pulse;
pub(crate) mod room;

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::load::{Entry, Load};
use crate::peer::{Peer, Places};
use crate::server::{Server, Usage};

/// A bar that the crate `socketio` has to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// At most so many times what the raw server takes.
    TimesRaw(f64),
    /// At most so many microseconds.
    Micros(f64),
}

/// A load.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// How it is named on the command line.
    pub name: &'static str,
    /// How it is named in a table; it tells the unit of the CPU time.
    pub title: &'static str,
    /// The bar for the CPU time.
    pub cpu_bar: Option<Bar>,
    /// The bar for the memory per connection, in bytes.
    pub memory_bar: Option<f64>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Room { members: usize, pace: Pace },
    Echo { sockets: usize },
    Opening { count: usize, entry: Entry },
}

/// How fast a room is spoken to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// So many deliveries a second.
    PerSecond(u64),
    /// So many messages at a time that have not reached everybody.
    InFlight(u64),
}

/// Messages in flight at saturation: enough for every server to have something to do at all times, and far below what
/// would make one drop them.
const SATURATION: Pace = Pace::InFlight(64);

/// Every load.
pub const ALL: [Scenario; 9] = [
    room(100, "room-100", "delivery, room of 100, 100,000/s", Pace::PerSecond(100_000), Some(1.2)),
    room(1000, "room-1000", "delivery, room of 1,000, 60,000/s", Pace::PerSecond(60_000), Some(1.2)),
    room(5000, "room-5000", "delivery, room of 5,000, 60,000/s", Pace::PerSecond(60_000), None),
    room(100, "saturated-100", "delivery, room of 100, saturated", SATURATION, None),
    room(1000, "saturated-1000", "delivery, room of 1,000, saturated", SATURATION, Some(1.3)),
    room(5000, "saturated-5000", "delivery, room of 5,000, saturated", SATURATION, None),
    Scenario {
        name: "echo",
        title: "echo with ack, 100 sockets",
        cpu_bar: Some(Bar::TimesRaw(1.25)),
        memory_bar: None,
        kind: Kind::Echo { sockets: 100 },
    },
    Scenario {
        name: "idle",
        title: "WebSocket handshake, 9,000 idle",
        cpu_bar: Some(Bar::TimesRaw(2.0)),
        memory_bar: Some(4096.0),
        kind: Kind::Opening { count: 9000, entry: Entry::WebSocket },
    },
    Scenario {
        name: "upgraded",
        title: "session upgraded from polling, 3,000 idle",
        cpu_bar: Some(Bar::Micros(150.0)),
        memory_bar: Some(6144.0),
        kind: Kind::Opening { count: 3000, entry: Entry::Upgrade },
    },
];

const fn room(members: usize, name: &'static str, title: &'static str, pace: Pace, times_raw: Option<f64>) -> Scenario {
    let cpu_bar = match times_raw {
        Some(times) => Some(Bar::TimesRaw(times)),
        None => None,
    };
    Scenario { name, title, cpu_bar, memory_bar: None, kind: Kind::Room { members, pace } }
}

/// How long a measurement takes.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Under load, before it is measured.
    pub warm_up: Duration,
    /// Measured.
    pub window: Duration,
}

/// What one measurement found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Deliveries, round trips or sessions in the window.
    pub units: u64,
    /// CPU time in the program for each, in microseconds.
    pub user: f64,
    /// CPU time in the kernel for each, in microseconds.
    pub system: f64,
    /// How many there were in a second.
    pub per_second: f64,
    /// Half of them took less than this, in milliseconds; 0 where it is not measured.
    pub p50: f64,
    /// 99 of 100 took less than this, in milliseconds.
    pub p99: f64,
    /// Memory of the server for each connection, in bytes; 0 where it is not measured.
    pub memory: f64,
    /// Deliveries that never came.
    pub lost: u64,
    /// How much other programs used of the machine, in cores.
    pub foreign: f64,
}

impl Outcome {
    /// CPU time for each unit, in microseconds.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        self.user + self.system
    }

    fn new(units: u64, usage: &Usage) -> Self {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / units.max(1) as f64;
        Self {
            units,
            user: each(usage.user),
            system: each(usage.system),
            per_second: units as f64 / usage.elapsed.as_secs_f64(),
            foreign: usage.foreign,
            ..Self::default()
        }
    }

    fn with_latencies(mut self, latencies: &mut [u32]) -> Self {
        self.p50 = percentile(latencies, 50);
        self.p99 = percentile(latencies, 99);
        self
    }
}

impl Scenario {
    /// The loads of these names, all without names.
    ///
    /// # Errors
    /// There is none of a name.
    pub fn named(names: &[String]) -> Result<Vec<Self>> {
        if names.is_empty() {
            return Ok(ALL.to_vec());
        }
        let find = |name: &String| {
            let found = ALL.iter().find(|scenario| scenario.name == name).copied();
            found.with_context(|| format!("there is no load `{name}`"))
        };
        names.iter().map(find).collect()
    }

    /// Whether the server can be put under this load.
    #[must_use]
    pub fn suits(&self, peer: Peer) -> bool {
        peer != Peer::Raw || !matches!(self.kind, Kind::Opening { entry: Entry::Upgrade, .. })
    }

    /// Starts a server, measures it under this load, and ends it.
    ///
    /// # Errors
    /// The server fails, or does not answer as it should.
    pub fn run(&self, peer: Peer, places: &Places, core: usize, timing: Timing) -> Result<Outcome> {
        let server = Server::start(&peer.program(places)?, Some(core))?;
        let mut load = Load::new(server.address())?;
        let outcome = match self.kind {
            Kind::Room { members, pace } => room::run(&mut load, &server, members, pace, timing),
            Kind::Echo { sockets } => echo::run(&mut load, &server, sockets, timing),
            Kind::Opening { count, entry } => opening::run(&mut load, &server, count, entry, timing),
        };
        outcome.with_context(|| format!("{}: {}", peer.title(), self.title))
    }
}

/// The smallest value that so many of a hundred are not above, in milliseconds, of values in microseconds.
pub(crate) fn percentile(values: &mut [u32], of_hundred: usize) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let place = (values.len() * of_hundred).div_ceil(100).saturating_sub(1);
    f64::from(*values.select_nth_unstable(place).1) / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut values: Vec<u32> = (1..=200).rev().map(|value| value * 1000).collect();
        assert_eq!(percentile(&mut values, 50), 100.0);
        assert_eq!(percentile(&mut values, 99), 198.0);
        assert_eq!(percentile(&mut [7000], 50), 7.0);
        assert_eq!(percentile(&mut [], 99), 0.0);
    }

    #[test]
    fn every_load_has_a_name_of_its_own() {
        for scenario in ALL {
            assert_eq!(Scenario::named(&[scenario.name.to_owned()]).unwrap().len(), 1);
            assert_eq!(ALL.iter().filter(|other| other.name == scenario.name).count(), 1, "{}", scenario.name);
        }
        assert!(Scenario::named(&["no-such-load".to_owned()]).is_err());
    }
}
