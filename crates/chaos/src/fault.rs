//! What befalls a run: a plan that a seed decides, and how each fault is brought about and ended.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::time::sleep;

use crate::draw::Draw;
use crate::postgres::Postgres;
use crate::proxy::{Line, Proxy};
use crate::server::{FAIL_POINTS, Server, SmallDisk};

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `kill -9`, whatever it does.
    Kill,
    /// `kill -9` at a fail point.
    KillAt(&'static str),
    /// SIGTERM.
    Terminate,
    /// Lines are in this state for a while.
    Lines(Line),
    /// Another process holds SQLite's write lock.
    Lock,
    /// There is no room for another byte.
    FullDisk,
    /// The server may open no more files.
    Handles,
    /// The clock is set forward an hour, then back two, then right.
    Clock,
    /// PostgreSQL stops without a word, and comes back.
    StopPostgres,
    /// PostgreSQL stands still.
    FreezePostgres,
}

impl Fault {
    /// Whether the server dies of it.
    pub fn is_kill(self) -> bool {
        matches!(self, Self::Kill | Self::KillAt(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill => f.write_str("kill -9"),
            Self::KillAt(point) => write!(f, "kill -9 at {point}"),
            Self::Terminate => f.write_str("SIGTERM"),
            Self::Lines(line) => write!(f, "lines {line:?}"),
            Self::Lock => f.write_str("database locked"),
            Self::FullDisk => f.write_str("disk full"),
            Self::Handles => f.write_str("no more file handles"),
            Self::Clock => f.write_str("clock steps"),
            Self::StopPostgres => f.write_str("PostgreSQL stopped"),
            Self::FreezePostgres => f.write_str("PostgreSQL frozen"),
        }
    }
}

/// The world in which faults happen.
pub struct Stage {
    /// The server.
    pub server: Server,
    /// The line to it.
    pub proxy: Proxy,
    /// Its database, where that is PostgreSQL.
    pub postgres: Option<Postgres>,
    /// Its disk, where that is small.
    pub disk: Option<SmallDisk>,
    /// Where the clock's error is read from, where the server's clock can be wrong.
    pub clock: Option<PathBuf>,
}

/// What a fault cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// How long the server took to be ready, if it was started.
    pub start: Option<Duration>,
    /// Whether it came by the fail point.
    pub came_by: bool,
}

/// How the plan goes on: every fault that this stage has comes by, a kill about every other time.
pub struct Plan {
    chance: Draw,
    faults: Vec<Fault>,
    left: Vec<Fault>,
}

impl Plan {
    /// The plan of this seed for this stage. `fail_points`: whether the server has any.
    pub fn new(draw: &Draw, stage: &Stage, fail_points: bool) -> Self {
        let lines = [Line::Slices, Line::Stalled, Line::HalfOpen, Line::Cut, Line::Reset].map(Fault::Lines);
        let mut faults = lines.to_vec();
        faults.extend([Fault::Kill, Fault::Kill, Fault::Terminate, Fault::Handles]);
        if fail_points {
            faults.extend(FAIL_POINTS.map(Fault::KillAt));
        }
        match stage.postgres {
            Some(_) => faults.extend([Fault::StopPostgres, Fault::FreezePostgres]),
            None => faults.push(Fault::Lock),
        }
        faults.extend(stage.disk.as_ref().map(|_| Fault::FullDisk));
        faults.extend(stage.clock.as_ref().map(|_| Fault::Clock));
        Self { chance: draw.for_name("plan"), faults, left: Vec::new() }
    }

    /// How many faults make a round in which each comes once.
    pub fn round(&self) -> usize {
        self.faults.len()
    }

    /// The next fault, and how long it is quiet before it.
    pub fn draw(&mut self) -> (Duration, Fault) {
        if self.left.is_empty() {
            self.left.clone_from(&self.faults);
        }
        let at = self.chance.below(self.left.len());
        (self.chance.millis(200, 1_200), self.left.swap_remove(at))
    }
}

impl Stage {
    /// Brings a fault about, and ends it. When this returns, its cause is gone.
    pub async fn suffer(&mut self, fault: Fault, draw: &mut Draw) -> Result<Cost> {
        let mut cost = Cost { start: None, came_by: true };
        let lasts = draw.millis(500, 3_000);
        match fault {
            Fault::Kill => {
                self.server.kill();
                cost.start = Some(self.rise(draw).await?);
            }
            Fault::KillAt(point) => {
                cost.came_by = self.server.kill_at(point).await?;
                cost.start = Some(self.rise(draw).await?);
            }
            Fault::Terminate => {
                let status = self.server.terminate().await?;
                ensure!(status.success(), "after SIGTERM the server ended with {status}");
                cost.start = Some(self.rise(draw).await?);
            }
            Fault::Lines(line) => {
                self.proxy.set(draw, 2, line);
                sleep(lasts).await;
                self.proxy.mend();
            }
            Fault::Lock => {
                let mut other = self.server.sqlite().await?;
                sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.context("the lock")?;
                sleep(lasts).await;
                sqlx::raw_sql("ROLLBACK").execute(&mut other).await.context("the lock")?;
            }
            Fault::FullDisk => {
                let disk = self.disk.as_ref().context("no small disk")?;
                disk.fill();
                sleep(lasts).await;
                disk.empty();
            }
            Fault::Handles => {
                self.server.limit_handles(self.server.handles()? + 1)?;
                self.proxy.set(draw, 3, Line::Cut);
                sleep(lasts).await;
                self.server.limit_handles(HANDLES)?;
            }
            Fault::Clock => {
                for error in ["+3600", "-3600", "+0"] {
                    self.set_clock(error)?;
                    // It is read about once a second.
                    sleep(Duration::from_millis(1_200)).await;
                }
            }
            Fault::StopPostgres => {
                let postgres = self.postgres.as_ref().context("no PostgreSQL")?;
                postgres.stop()?;
                sleep(lasts).await;
                postgres.come_back()?;
            }
            Fault::FreezePostgres => {
                let postgres = self.postgres.as_ref().context("no PostgreSQL")?;
                postgres.freeze(true)?;
                sleep(lasts + Duration::from_secs(3)).await;
                postgres.freeze(false)?;
            }
        }
        ensure!(!self.server.has_ended(), "the server ended by itself:\n{}", self.server.log().join("\n"));
        Ok(cost)
    }

    /// Starts the server again after a while, and looks whether its database is whole.
    async fn rise(&mut self, draw: &mut Draw) -> Result<Duration> {
        sleep(draw.millis(0, 400)).await;
        let took = self.server.run().await?;
        if self.postgres.is_none() {
            self.server.check_integrity().await?;
        }
        Ok(took)
    }

    /// Sets the server's clock wrong by so many seconds.
    pub fn set_clock(&self, seconds: &str) -> Result<()> {
        let file = self.clock.as_ref().context("no clock of its own")?;
        std::fs::write(file, format!("{seconds}\n")).context("the clock's file")
    }
}

/// As many files as a server may usually have open.
const HANDLES: usize = 8_192;

/// Waits until `done`, or for so long; returns how long it took.
pub async fn until(within: Duration, mut done: impl FnMut() -> bool) -> Option<Duration> {
    let since = Instant::now();
    while since.elapsed() < within {
        if done() {
            return Some(since.elapsed());
        }
        sleep(Duration::from_millis(10)).await;
    }
    None
}
