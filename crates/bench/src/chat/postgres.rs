//! The PostgreSQL that both servers are measured on: its databases, and its CPU time, which neither server's own shows.

use std::fs::{read_dir, read_to_string};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::server::TICK;

/// A server of PostgreSQL on this machine.
pub(super) struct Postgres {
    url: String,
    /// Its first process, whose children all others are.
    postmaster: u32,
}

impl Postgres {
    /// The one at this URL, without a database.
    pub(super) fn at(url: &str) -> Result<Self> {
        let mut postgres = Self { url: url.trim_end_matches('/').to_owned(), postmaster: 0 };
        let folder = postgres.ask("postgres", "SHOW data_directory")?;
        let lock = format!("{folder}/postmaster.pid");
        let lock = read_to_string(&lock).with_context(|| format!("cannot read {lock}; PostgreSQL must run here"))?;
        let first = lock.lines().next().and_then(|line| line.trim().parse().ok());
        postgres.postmaster = first.context("postmaster.pid names no process")?;
        ensure!(postgres.ask("postgres", "SHOW fsync")? == "on", "fsync is off: the figures would be worth nothing");
        Ok(postgres)
    }

    /// The URL of a database.
    pub(super) fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.url)
    }

    /// Makes the database anew, without anything in it.
    pub(super) fn empty(&self, database: &str) -> Result<()> {
        if database != "postgres"
            && self.ask("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{database}'"))?.is_empty()
        {
            self.ask("postgres", &format!("CREATE DATABASE {database}"))?;
        }
        self.ask(database, "DROP SCHEMA public CASCADE")?;
        self.ask(database, "CREATE SCHEMA public")?;
        Ok(())
    }

    /// Runs one statement and returns what it brings, as text.
    pub(super) fn ask(&self, database: &str, statement: &str) -> Result<String> {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--command"]);
        let output = psql.arg(statement).arg(self.url(database)).output().context("cannot start psql")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "PostgreSQL refused `{statement}`: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The CPU time that all its processes have used, ended ones too.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let mut sum = Duration::ZERO;
        for entry in read_dir("/proc").context("cannot read /proc")? {
            // A process may end while this looks.
            let Ok(stat) = read_to_string(entry?.path().join("stat")) else { continue };
            sum += of_family(&stat, self.postmaster).unwrap_or_default();
        }
        Ok(sum)
    }
}

/// The CPU time of a process that is of the family, else none: proc_pid_stat(5), fields 1, 4 and 14 to 17, of which the last two
/// are those of children that have ended.
fn of_family(stat: &str, postmaster: u32) -> Option<Duration> {
    let (start, rest) = stat.rsplit_once(')')?;
    let id: u32 = start.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let parent: u32 = fields.get(1)?.parse().ok()?;
    let times =
        if id == postmaster { fields.get(11..15)? } else { fields.get(11..13).filter(|_| parent == postmaster)? };
    times.iter().map(|ticks| Some(TICK * ticks.parse::<u32>().ok()?)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_is_the_first_process_its_children_and_those_that_have_ended() {
        let stat = |id, parent| {
            format!("{id} (postgres: a) b) S {parent} 1 1 0 -1 4194304 1 1 1 1 100 20 3000 400 20 0 1 0 1 1 1")
        };
        assert_eq!(of_family(&stat(7, 1), 7), Some(TICK * 3520));
        assert_eq!(of_family(&stat(8, 7), 7), Some(TICK * 120));
        assert_eq!(of_family(&stat(9, 8), 7), None);
    }
}
