//! A throw-away PostgreSQL server for the tests: its own folder, its own port on the loopback, gone afterwards.
//!
//! It keeps fsync on. What the product promises rests on it, and a test that is only right without it proves nothing.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{at_exit, output};
use crate::tools::{group_of, id_of, is_root, postgres_programs, text};

/// Folders are named by the process that made them, so that what a killed run left behind is known as such.
const PREFIX: &str = "hearth-test-postgres-";

/// The address of a server whose databases may be made and dropped: `$HEARTH_TEST_POSTGRES`, or one started now and
/// stopped when we end.
pub(crate) fn address() -> Result<String> {
    if let Ok(address) = std::env::var("HEARTH_TEST_POSTGRES") {
        return Ok(address);
    }
    let cluster = Cluster::new()?;
    remove_leftovers(&cluster);
    let address = cluster.start();
    let address = match address {
        Ok(address) => address,
        Err(error) => {
            cluster.stop();
            return Err(error.context("the test PostgreSQL server did not start"));
        }
    };
    println!("PostgreSQL for the tests: {address}");
    at_exit(move || cluster.stop());
    Ok(address)
}

struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    /// Whom its programs run as: PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
}

impl Cluster {
    fn new() -> Result<Self> {
        let programs = postgres_programs()?;
        let user = match is_root()? {
            true => Some((id_of(Some("postgres"))?, group_of("postgres")?)),
            false => None,
        };
        let folder = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        Ok(Self { programs, folder, user })
    }

    fn start(&self) -> Result<String> {
        std::fs::create_dir(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        if let Some((user, group)) = self.user {
            std::os::unix::fs::chown(&self.folder, Some(user), Some(group)).context("cannot give the folder away")?;
        }
        let data = self.folder.join("data");
        output(self.program("initdb").args([
            "--pgdata",
            text(&data)?,
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]))?;
        let port = free_port()?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c max_connections=300 \
             -c fsync=on -c synchronous_commit=on -c logging_collector=off"
        );
        let log = self.folder.join("log");
        let started = output(self.program("pg_ctl").args([
            "start",
            "--wait",
            "--pgdata",
            text(&data)?,
            "--log",
            text(&log)?,
            "--options",
            &options,
        ]));
        started.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        Ok(format!("postgres://postgres@127.0.0.1:{port}/postgres"))
    }

    /// Whatever state it is in, it is gone afterwards.
    fn stop(&self) {
        stop_and_remove(&self.folder, |name| self.program(name));
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        // Not ours to enter for that user, perhaps; and our locale may not be installed.
        command.current_dir("/").env("LC_ALL", "C");
        command
    }
}

fn stop_and_remove(folder: &Path, program: impl Fn(&str) -> Command) {
    if folder.join("data/postmaster.pid").exists() {
        let stopped =
            output(program("pg_ctl").arg("stop").args(["--mode=immediate", "--pgdata"]).arg(folder.join("data")));
        if let Err(error) = stopped {
            eprintln!("the test PostgreSQL server could not be stopped: {error:#}");
        }
    }
    if let Err(error) = std::fs::remove_dir_all(folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        eprintln!("{} could not be removed: {error}", folder.display());
    }
}

/// Stop and remove what runs that were killed have left.
fn remove_leftovers(cluster: &Cluster) {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(maker) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let gone = maker.parse::<u32>().is_ok_and(|maker| !alive(maker));
        if gone {
            stop_and_remove(&entry.path(), |name| cluster.program(name));
        }
    }
}

fn alive(process: u32) -> bool {
    output(Command::new("kill").args(["-0", &process.to_string()])).is_ok()
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on the loopback")?;
    Ok(listener.local_addr()?.port())
}
