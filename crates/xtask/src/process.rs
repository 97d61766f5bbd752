//! Running other programs, so that none of them outlives us: every child leads its own process group, and Ctrl-C,
//! SIGTERM and a closed terminal end all of them and run the registered clean-ups before we go.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

type CleanUp = Box<dyn FnOnce() + Send>;

static CHILDREN: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static CLEAN_UPS: Mutex<Vec<CleanUp>> = Mutex::new(Vec::new());

/// How long a child may take to end by itself once asked to; then it is killed.
const GRACE: Duration = Duration::from_secs(8);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on an interrupt ends our children, cleans up and exits with 130.
pub(crate) fn end_with_us() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            INTERRUPTED.store(true, Ordering::SeqCst);
            eprintln!("\ninterrupted: stopping what was started");
            let children = std::mem::take(&mut *lock(&CHILDREN));
            children.iter().for_each(|&group| signal_group(group, "TERM"));
            let asked = Instant::now();
            while children.iter().any(|&group| group_lives(group)) && asked.elapsed() < GRACE {
                std::thread::sleep(Duration::from_millis(50));
            }
            children.iter().for_each(|&group| signal_group(group, "KILL"));
            clean_up();
            std::process::exit(130);
        }
    });
    Ok(())
}

/// Have `action` run when we end, however we end (but for SIGKILL).
pub(crate) fn at_exit(action: impl FnOnce() + Send + 'static) {
    lock(&CLEAN_UPS).push(Box::new(action));
}

/// End what still runs, then run the registered clean-ups, the last registered first. Each runs once.
pub(crate) fn clean_up() {
    for group in std::mem::take(&mut *lock(&CHILDREN)) {
        signal_group(group, "TERM");
    }
    loop {
        let next = lock(&CLEAN_UPS).pop();
        let Some(action) = next else { return };
        action();
    }
}

/// Run a command in sight of the user and wait for it. An exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let child = spawn(command)?;
    let status = wait(child)?;
    if !status {
        bail!("`{}` failed", shown(command));
    }
    Ok(())
}

/// Start a command in a process group of its own. [`wait`] or [`end`] takes it back.
pub(crate) fn spawn(command: &mut Command) -> Result<Child> {
    // A group in the background may not read the terminal.
    let child = command.process_group(0).stdin(Stdio::null()).spawn().with_context(|| cannot_start(command))?;
    lock(&CHILDREN).push(child.id());
    Ok(child)
}

/// True when a child has ended. Asking from time to time also keeps an ended one from lingering.
pub(crate) fn has_ended(child: &mut Child) -> Result<bool> {
    Ok(child.try_wait().context("cannot wait for a child process")?.is_some())
}

/// True when everything is being ended, and we with it: what a child does now means nothing.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Wait for a child; true when it ended well. What a failed child leaves running is ended too.
pub(crate) fn wait(mut child: Child) -> Result<bool> {
    let status = child.wait().context("cannot wait for a child process")?;
    while interrupted() {
        // It did not fail, it was ended; whoever ends it ends us too, and there is nothing left to say.
        std::thread::park_timeout(GRACE);
    }
    if !status.success() && group_lives(child.id()) {
        signal_group(child.id(), "TERM");
    }
    lock(&CHILDREN).retain(|&id| id != child.id());
    Ok(status.success())
}

/// End a child and everything in its group: politely, then by force.
pub(crate) fn end(mut child: Child) -> Result<()> {
    signal_group(child.id(), "TERM");
    let asked = Instant::now();
    while child.try_wait().context("cannot wait for a child process")?.is_none() {
        if asked.elapsed() > GRACE {
            signal_group(child.id(), "KILL");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    lock(&CHILDREN).retain(|&id| id != child.id());
    Ok(())
}

/// Run a command out of sight and return what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("`{}` failed:\n{}", shown(command), String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed something that is no text", shown(command)))
}

/// Cargo, with the environment that a person would have typed it in: `cargo run` adds variables about this very
/// package, and build scripts that look at them would run again and again.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// npm in the given folder.
pub(crate) fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", command.get_program().to_string_lossy())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// `kill` as a program: signals to a group have no safe call in the standard library.
fn signal_group(group: u32, signal: &str) {
    let _ = kill(group, signal).status();
}

fn group_lives(group: u32) -> bool {
    kill(group, "0").status().is_ok_and(|status| status.success())
}

fn kill(group: u32, signal: &str) -> Command {
    let mut command = Command::new("kill");
    command.args([&format!("-{signal}"), "--", &format!("-{group}")]).stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = output(&mut Command::new("no-such-program-here")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-program-here`");
    }

    #[test]
    fn ending_a_child_ends_what_it_started() {
        let child = spawn(Command::new("sh").args(["-c", "sleep 600 & wait"])).unwrap();
        let group = child.id();
        assert!(group_lives(group));
        end(child).unwrap();
        // An orphan counts until init has buried it.
        let ended = Instant::now();
        while group_lives(group) {
            assert!(ended.elapsed() < Duration::from_secs(30), "something of the group still runs");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
