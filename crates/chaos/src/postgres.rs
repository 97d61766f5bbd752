//! A PostgreSQL server to be stopped the hard way and frozen: its own folder, its own port, gone afterwards.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::server::signal;

/// A server of one's own, with fsync on.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// Whom it runs as: it refuses to run as root.
    user: Option<(u32, u32)>,
}

impl Postgres {
    /// Makes one from the programs in this folder (`initdb`, `pg_ctl`), and starts it.
    pub fn start(programs: &Path) -> Result<Self> {
        let user = match id(&["-u"])? {
            0 => Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?)),
            _ => None,
        };
        let folder = tempfile::Builder::new().prefix("hearth-chaos-postgres-").tempdir().context("no folder")?;
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).context("cannot give the folder away")?;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let postgres = Self { programs: programs.to_owned(), folder, port, user };
        let initdb = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"];
        run(postgres.program("initdb").args(initdb).arg(postgres.data()))?;
        postgres.come_back()?;
        Ok(postgres)
    }

    /// Where the database for Hearth is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// As a power cut does it: `pg_ctl stop -m immediate`.
    pub fn stop(&self) -> Result<()> {
        run(self.program("pg_ctl").args(["stop", "--mode=immediate", "--pgdata"]).arg(self.data()))
    }

    /// Starts it again.
    pub fn come_back(&self) -> Result<()> {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories= -c max_connections=100 -c fsync=on \
             -c logging_collector=off",
            self.port
        );
        let log = self.folder.path().join("log");
        let mut start = self.program("pg_ctl");
        start.args(["start", "--wait", "--options", &options, "--pgdata"]).arg(self.data()).arg("--log").arg(&log);
        run(&mut start).with_context(|| std::fs::read_to_string(&log).unwrap_or_default())
    }

    /// Every process of it stands still, or goes on.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).context("no postmaster")?;
        let pid: u32 = pid.lines().next().and_then(|line| line.parse().ok()).context("no postmaster")?;
        let name = if frozen { "STOP" } else { "CONT" };
        // The one that makes others first, so that none is missed.
        signal(pid, name)?;
        for child in children_of(pid)? {
            // It may have ended by itself.
            let _ = signal(child, name);
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command.current_dir("/").env("LC_ALL", "C");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Whatever state it is in, it is gone afterwards.
        let _ = self.freeze(false);
        let _ = self.stop();
    }
}

fn run(command: &mut Command) -> Result<()> {
    // Not our output: the server would hold it open.
    let status = command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).status();
    let status = status.with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    ensure!(status.success(), "{:?} failed", command.get_program());
    Ok(())
}

fn id(arguments: &[&str]) -> Result<u32> {
    let output = Command::new("id").args(arguments).output().context("`id` cannot be run")?;
    String::from_utf8_lossy(&output.stdout).trim().parse().with_context(|| format!("there is no `id {arguments:?}`"))
}

/// The processes whose parent is this one (proc(5)).
fn children_of(parent: u32) -> Result<Vec<u32>> {
    let processes = std::fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        after_name.split_whitespace().nth(1).and_then(|ppid| ppid.parse().ok()) == Some(parent)
    };
    Ok(processes.filter(is_child).collect())
}
