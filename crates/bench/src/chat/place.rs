//! The servers, each started with an empty database.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::postgres::Postgres;
use super::{Options, Place};
use crate::server::{Program, Server, free_address};

/// Where the sample listens, whatever it is told.
const SAMPLE: ([u8; 4], u16) = ([127, 0, 0, 1], 3000);
/// The sample's database, which it takes since it has the name of its user.
const SAMPLE_DATABASE: &str = "postgres";
/// Hearth's.
const HEARTH_DATABASE: &str = "hearth_bench";
/// Messages of the sender on their way while a channel is filled: two full batches of a write lane, so that one is committed
/// while the next is read. The server must let as many wait for their answers; nothing else that is measured has so many.
pub(super) const FILLING: usize = 256;

impl Place {
    /// How it is named in a table.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Sample => "the sample, PostgreSQL",
            Self::Sqlite => "Hearth, SQLite",
            Self::Postgres => "Hearth, PostgreSQL",
        }
    }
}

/// A server that runs.
pub(super) struct Running {
    pub(super) place: Place,
    pub(super) server: Server,
}

impl Running {
    pub(super) fn start(place: Place, options: &Options, postgres: &Postgres) -> Result<Self> {
        let program = match place {
            Place::Sample => {
                postgres.empty(SAMPLE_DATABASE)?;
                let folder = options.sample.clone().context("no folder of the sample is named")?;
                ensure!(folder.join("node_modules").is_dir(), "run `npm ci` in {} first", folder.display());
                let program = Program::new(place.title(), vec!["node".into(), "index.js".into()]);
                Program { folder: Some(folder), address: Some(SAMPLE.into()), ..program }
            }
            Place::Sqlite | Place::Postgres => {
                let data = options.data.join("hearth");
                if data.exists() {
                    fs::remove_dir_all(&data).with_context(|| format!("cannot empty {}", data.display()))?;
                }
                fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
                let address = free_address()?;
                let mut program = Program::new(place.title(), vec![options.hearth.clone().into()])
                    .with("HEARTH_LISTEN", address.to_string())
                    .with("HEARTH_DATA", data)
                    .with("HEARTH_RATE_LIMITS", "off")
                    .with("HEARTH_LIMIT_IN_FLIGHT", FILLING.to_string())
                    .with("HEARTH_LOG", "warn");
                if place == Place::Postgres {
                    postgres.empty(HEARTH_DATABASE)?;
                    program = program.with("HEARTH_DATABASE_URL", postgres.url(HEARTH_DATABASE));
                }
                Program { address: Some(address), ..program }
            }
        };
        Ok(Self { place, server: Server::start(&program, Some(options.core))? })
    }

    /// What stands before the routes.
    pub(super) fn routes(&self) -> &'static str {
        if self.is_hearth() { "/api" } else { "" }
    }

    /// Whether this is ours, with what goes beyond the sample.
    pub(super) fn is_hearth(&self) -> bool {
        self.place != Place::Sample
    }

    /// The database on PostgreSQL.
    pub(super) fn database(&self) -> &'static str {
        if self.is_hearth() { HEARTH_DATABASE } else { SAMPLE_DATABASE }
    }
}
