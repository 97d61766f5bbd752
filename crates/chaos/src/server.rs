//! The server under test: the real binary, killed, stopped and started again; and what is done to it from outside.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use testkit::wire::exchange;
use tokio::time::{sleep, timeout};

/// How long it may take to be ready: generous, since it is measured and reported.
const START_MAX: Duration = Duration::from_secs(30);
/// An answer about that comes within this time or counts for none.
const READY_MAX: Duration = Duration::from_secs(1);
/// How often is looked whether something has come about.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Where a process is held to be killed there.
pub const FAIL_POINTS: [&str; 4] = ["lane.commit", "fan_out.committed", "fan_out.told", "fan_out.answered"];

/// A server.
pub struct Server {
    binary: PathBuf,
    environment: BTreeMap<String, String>,
    address: SocketAddr,
    folder: PathBuf,
    process: Option<Process>,
}

struct Process {
    child: Child,
    log: mpsc::Receiver<String>,
}

impl Server {
    /// Starts `binary` with its things in `folder`, and these variables above what every run wants.
    pub async fn start(binary: &Path, folder: &Path, environment: BTreeMap<String, String>) -> Result<Self> {
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let points = FAIL_POINTS.map(|point| format!("{point}={}", folder.join(point).display())).join(",");
        let mut all = BTreeMap::from([
            ("HEARTH_LISTEN".to_owned(), address.to_string()),
            ("HEARTH_DATA".to_owned(), folder.join("data").display().to_string()),
            ("HEARTH_RATE_LIMITS".to_owned(), "off".to_owned()),
            ("HEARTH_FAIL_POINTS".to_owned(), points),
        ]);
        all.extend(environment);
        let mut server =
            Self { binary: binary.to_owned(), environment: all, address, folder: folder.to_owned(), process: None };
        server.run().await?;
        Ok(server)
    }

    /// Where it listens, over all its lives.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.process.as_ref().context("the server does not run")?.child.id())
    }

    /// Starts it, and returns how long it took to be ready.
    pub async fn run(&mut self) -> Result<Duration> {
        let started = Instant::now();
        let mut child = Command::new(&self.binary)
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", self.binary.display()))?;
        let stderr = BufReader::new(child.stderr.take().context("it was piped")?);
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            // Read to the end, so that the server never waits for it.
            stderr.lines().map_while(Result::ok).for_each(|line| _ = sender.send(line));
        });
        self.process = Some(Process { child, log });
        while !self.is_ready().await {
            if started.elapsed() > START_MAX || self.has_ended() {
                bail!("the server did not start:\n{}", self.log().join("\n"));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(started.elapsed())
    }

    /// Whether it says that commands can be carried out.
    pub async fn is_ready(&self) -> bool {
        let asked = timeout(READY_MAX, exchange(self.address, "GET", "/readyz", &[], b"")).await;
        asked.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status == 200))
    }

    /// Whether its process is over, by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| !matches!(process.child.try_wait(), Ok(None)))
    }

    /// What it has said since the last call.
    pub fn log(&self) -> Vec<String> {
        self.process.as_ref().map(|process| process.log.try_iter().collect()).unwrap_or_default()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }

    /// Holds it at a fail point, if it comes by, and kills it there. Returns whether it came by.
    pub async fn kill_at(&mut self, point: &str) -> Result<bool> {
        const COMES_BY: Duration = Duration::from_secs(2);
        let file = self.folder.join(point);
        self.log();
        std::fs::write(&file, "").context("a fail point's file")?;
        let since = Instant::now();
        let mut held = false;
        while !held && since.elapsed() < COMES_BY {
            sleep(LOOK_EVERY).await;
            held = self.log().iter().any(|line| line.contains("held at a fail point"));
        }
        // What was let out before it stood still arrives.
        sleep(Duration::from_millis(50)).await;
        self.kill();
        std::fs::remove_file(&file).context("a fail point's file")?;
        Ok(held)
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        signal(self.pid()?, "TERM")?;
        let mut process = self.process.take().context("the server does not run")?;
        tokio::task::spawn_blocking(move || process.child.wait()).await?.context("the child is ours")
    }

    /// How many files it may have open from now on.
    pub fn limit_handles(&self, most: usize) -> Result<()> {
        let limit = format!("--nofile={most}:");
        let status = Command::new("prlimit").args(["--pid", &self.pid()?.to_string(), &limit]).status();
        ensure!(status.context("prlimit cannot be run")?.success(), "prlimit failed");
        Ok(())
    }

    /// How many files it has open (proc(5)).
    pub fn handles(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.pid()?))?.count())
    }

    /// Another connection to its SQLite database.
    pub async fn sqlite(&self) -> Result<SqliteConnection> {
        let options = SqliteConnectOptions::new().filename(self.folder.join("data/hearth.db"));
        options.busy_timeout(Duration::from_secs(10)).connect().await.context("the database cannot be opened")
    }

    /// What SQLite says of its file.
    pub async fn check_integrity(&self) -> Result<()> {
        let mut connection = self.sqlite().await?;
        let (says,): (String,) = sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut connection).await?;
        connection.close().await?;
        ensure!(says == "ok", "PRAGMA integrity_check says {says}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal.
pub fn signal(pid: u32, name: &str) -> Result<()> {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
    ensure!(status.context("kill cannot be run")?.success(), "there is no process {pid}");
    Ok(())
}

/// A folder on a small file system of its own, where this process may mount one.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it. None where that is not allowed.
    pub fn mount(folder: &Path, mebibytes: usize) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]).arg(folder).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(folder.to_owned()))
    }

    /// Takes all the room that there is.
    pub fn fill(&self) {
        let ballast = std::fs::File::create(self.0.join("ballast"));
        if let Ok(mut file) = ballast {
            // Until it is full.
            while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
        }
    }

    /// Gives it back.
    pub fn empty(&self) {
        let _ = std::fs::remove_file(self.0.join("ballast"));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
