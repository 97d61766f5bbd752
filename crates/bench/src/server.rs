//! A server process on a core of its own, and what it uses of the machine, as Linux tells it.

use std::ffi::OsString;
use std::fs::{read_dir, read_to_string};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);
/// How long the machine is looked at to tell whether it is quiet.
const GLANCE: Duration = Duration::from_millis(300);
/// A machine that is busy for no more than this is quiet, in cores.
pub const QUIET: f64 = 0.15;
/// The unit of CPU times in /proc, whatever the kernel's own clock: sysconf(_SC_CLK_TCK) is 100 on every Linux.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// How it is named in messages.
    pub name: String,
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// What is added to the environment; `PORT` is added always.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it runs; here when left out.
    pub folder: Option<PathBuf>,
    /// Where it listens, for one that cannot be told; a free port of this machine when left out.
    pub address: Option<SocketAddr>,
}

impl Program {
    /// A program that listens where `PORT` says.
    #[must_use]
    pub fn new(name: &str, words: Vec<OsString>) -> Self {
        Self { name: name.to_owned(), words, environment: Vec::new(), folder: None, address: None }
    }

    /// With one more word in its environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A running server; it is killed when this is dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server, on a core of its own when one is named, and waits until it listens.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not listen in time.
    pub fn start(program: &Program, core: Option<usize>) -> Result<Self> {
        let address = program.address.map_or_else(free_address, Ok)?;
        let pinned = core.map(|core| ["taskset".into(), "--cpu-list".into(), OsString::from(core.to_string())]);
        let mut words = pinned.into_iter().flatten().chain(program.words.iter().cloned());
        let mut command = Command::new(words.next().context("no program is named")?);
        command.args(words).env("PORT", address.port().to_string()).envs(program.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(folder) = &program.folder {
            command.current_dir(folder);
        }
        let child = command.spawn().with_context(|| format!("cannot start {} (or taskset)", program.name))?;
        let mut server = Self { child, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait().context("cannot wait for a server")? {
                bail!("{} ended with {status}", program.name);
            }
            if started.elapsed() > START {
                bail!("{} does not listen", program.name);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has in memory, in bytes: the resident set.
    ///
    /// # Errors
    /// It has ended.
    pub fn memory(&self) -> Result<u64> {
        let rollup = read(&self.proc("smaps_rollup"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Ok(kib.context("smaps_rollup names no Rss")? * 1024)
    }

    /// How many files and sockets it has open.
    ///
    /// # Errors
    /// It has ended.
    pub fn descriptors(&self) -> Result<usize> {
        let folder = self.proc("fd");
        let entries = read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        Ok(entries.count())
    }

    /// Starts to measure.
    ///
    /// # Errors
    /// It has ended.
    pub fn meter(&self) -> Result<Meter<'_>> {
        Ok(Meter { server: self, started: Instant::now(), process: self.times()?, others: self.others()? })
    }

    fn times(&self) -> Result<[Duration; 2]> {
        times(&self.proc("stat"))
    }

    /// What the machine did for others than this server and us.
    fn others(&self) -> Result<Duration> {
        let ours: Duration = self.times()?.into_iter().chain(times(Path::new("/proc/self/stat"))?).sum();
        Ok(busy()?.saturating_sub(ours))
    }

    fn proc(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.child.id()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A measurement that runs.
pub struct Meter<'a> {
    server: &'a Server,
    started: Instant,
    process: [Duration; 2],
    others: Duration,
}

/// What a server used during a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// How long it was.
    pub elapsed: Duration,
    /// CPU time in the program.
    pub user: Duration,
    /// CPU time in the kernel, on the program's account.
    pub system: Duration,
    /// How much other programs used of the machine, in cores.
    pub foreign: f64,
}

impl Meter<'_> {
    /// Ends the measurement.
    ///
    /// # Errors
    /// The server has ended.
    pub fn stop(self) -> Result<Usage> {
        let elapsed = self.started.elapsed();
        let [user, system] = self.server.times()?;
        let (user, system) = (user.saturating_sub(self.process[0]), system.saturating_sub(self.process[1]));
        let others = self.server.others()?.saturating_sub(self.others);
        let foreign = others.as_secs_f64() / elapsed.as_secs_f64();
        Ok(Usage { elapsed, user, system, foreign })
    }
}

/// User and system time, fields 14 and 15 of proc_pid_stat(5). The second field, a name, may hold anything.
fn process_times(stat: &str) -> Option<[Duration; 2]> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11).map(|field| field.parse::<u32>().ok().map(|ticks| TICK * ticks));
    Some([times.next()??, times.next()??])
}

fn times(stat: &Path) -> Result<[Duration; 2]> {
    let stat = read(stat)?;
    process_times(&stat).with_context(|| format!("no times in {stat}"))
}

/// Waits until the machine does next to nothing, for at most this long.
///
/// # Errors
/// There is no /proc.
pub fn wait_for_quiet(patience: Duration) -> Result<()> {
    let started = Instant::now();
    loop {
        let before = busy()?;
        std::thread::sleep(GLANCE.min(patience));
        if busy()?.saturating_sub(before).as_secs_f64() < QUIET * GLANCE.as_secs_f64() || started.elapsed() >= patience
        {
            return Ok(());
        }
    }
}

/// How long the cores were not idle, all together, proc_stat(5).
fn busy() -> Result<Duration> {
    let stat = read(Path::new("/proc/stat"))?;
    busy_time(&stat).context("/proc/stat names no processor")
}

fn busy_time(stat: &str) -> Option<Duration> {
    let fields = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks = fields.split_whitespace().enumerate().filter_map(|(at, field)| Some((at, field.parse::<u32>().ok()?)));
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user.
    Some(TICK * ticks.filter(|(at, _)| matches!(at, 0..=2 | 5..=7)).map(|(_, ticks)| ticks).sum())
}

fn read(path: &Path) -> Result<String> {
    read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    listener.local_addr().context("a listener without an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_whatever_the_name_of_the_program() {
        let stat = "42 (a) b (c) R 1 42 42 0 -1 4194304 97 0 0 0 150 25 0 0 20 0 2 0 100 0 0";
        assert_eq!(process_times(stat), Some([Duration::from_millis(1500), Duration::from_millis(250)]));
        assert_eq!(process_times("42 (x) R 1"), None);
    }

    #[test]
    fn a_machine_is_busy_with_all_but_idling_and_waiting() {
        let stat = "cpu  1 2 4 1000 1000 8 16 32 1000 1000\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(busy_time(stat), Some(TICK * 63));
        assert_eq!(busy_time("intr 5"), None);
    }
}
