//! What the tests need from the machine: found, or installed where that is possible without asking, or named in one
//! clear message.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{output, run};

/// Vite 8 asks for it.
const NODE_LEAST: (u32, u32) = (20, 19);

/// The pinned packages of the Python tests ask for it.
const PYTHON_LEAST: (u32, u32) = (3, 11);

const CHROMIUM_NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Find or install everything, and say where it is.
pub(crate) fn report() -> Result<()> {
    println!("node        {}", node()?);
    println!("npm         {}", npm_version()?);
    println!("python      {}", python()?.display());
    println!("postgres    {}", postgres_programs()?.display());
    println!("chromium    {}", chromium()?.display());
    Ok(())
}

fn node() -> Result<String> {
    let (major, minor) = NODE_LEAST;
    let version = output(Command::new("node").arg("--version"))
        .with_context(|| format!("Node.js {major}.{minor} or newer is needed, and `node` is not on PATH"))?;
    let version = version.trim().to_owned();
    ensure!(new_enough(&version, NODE_LEAST), "Node.js {major}.{minor} or newer is needed, and this is {version}");
    Ok(version)
}

/// Node's release lines with an even number are the supported ones, but any newer one will do.
fn new_enough(version: &str, least: (u32, u32)) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= least)
}

/// A Python that can make virtual environments.
pub(crate) fn python() -> Result<PathBuf> {
    const WANTED: &str = "Python 3.11 or newer with its modules venv and ensurepip";
    if let Some(found) = find_python() {
        return Ok(found);
    }
    // On Debian these modules are a package of their own, which brings Python too.
    install("python3-venv", WANTED)?;
    find_python().with_context(|| format!("{WANTED} is needed for the tests, and this system's is another"))
}

fn find_python() -> Option<PathBuf> {
    let python = on_path(&["python3"])?;
    let ask = "import ensurepip, platform, venv; print(platform.python_version())";
    let version = output(Command::new(&python).args(["-c", ask])).ok()?;
    new_enough(version.trim(), PYTHON_LEAST).then_some(python)
}

fn npm_version() -> Result<String> {
    let version = output(Command::new("npm").arg("--version"))
        .context("npm is needed, and is not on PATH (it comes with Node.js)")?;
    Ok(version.trim().to_owned())
}

/// The folder of `initdb` and `pg_ctl`, which Debian keeps outside PATH.
pub(crate) fn postgres_programs() -> Result<PathBuf> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    install("postgresql", "PostgreSQL's server programs (initdb, pg_ctl)")?;
    find_postgres().context("PostgreSQL was installed, but initdb and pg_ctl are still not to be found")
}

fn find_postgres() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file());
    if let Some(folder) = path_folders().find(|folder| complete(folder)) {
        return Some(folder);
    }
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .collect();
    versions.sort();
    versions.pop().map(|(_, folder)| folder)
}

/// The browser: `$CHROMIUM`, then PATH, then installed.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        let named = PathBuf::from(named);
        ensure!(named.is_file(), "CHROMIUM={} is no file", named.display());
        return Ok(named);
    }
    if let Some(found) = on_path(&CHROMIUM_NAMES) {
        return Ok(found);
    }
    install("chromium", "Chromium (or set CHROMIUM to its path)")?;
    on_path(&CHROMIUM_NAMES).context("Chromium was installed, but is still not on PATH")
}

/// The first of the programs that PATH leads to.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = path_folders().collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()))
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// Install a Debian package, where we are root and there is apt-get; elsewhere say what is missing.
fn install(package: &str, wanted: &str) -> Result<()> {
    if !is_root()? || on_path(&["apt-get"]).is_none() {
        bail!("{wanted} is needed for the tests and is not here; install it (on Debian: apt-get install {package})");
    }
    static UPDATED: OnceLock<()> = OnceLock::new();
    if UPDATED.get().is_none() {
        run(apt_get().args(["update", "-qq"])).context("the package lists could not be fetched")?;
        let _ = UPDATED.set(());
    }
    run(apt_get().args(["install", "-y", "-qq", "--no-install-recommends", package]))
        .with_context(|| format!("{wanted} is needed for the tests and could not be installed"))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // Another package run may hold the lock for a while; nobody is there to answer a question.
    command.args(["-o", "DPkg::Lock::Timeout=300"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// True when this process may do everything.
pub(crate) fn is_root() -> Result<bool> {
    Ok(id_of(None)? == 0)
}

/// The number of a user, ourselves when unnamed.
pub(crate) fn id_of(user: Option<&str>) -> Result<u32> {
    number(Command::new("id").arg("-u").args(user))
}

/// The number of a user's group.
pub(crate) fn group_of(user: &str) -> Result<u32> {
    number(Command::new("id").args(["-g", user]))
}

fn number(command: &mut Command) -> Result<u32> {
    output(command)?.trim().parse().context("`id` printed no number")
}

/// A path as text, for a command line.
pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is no text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_programs_are_refused_and_newer_are_taken() {
        for refused in ["v18.20.4", "v20.18.3", "v20", "", "node"] {
            assert!(!new_enough(refused, NODE_LEAST), "{refused}");
        }
        for taken in ["v20.19.0", "v20.20.2", "v22.1.0", "v25.0.0"] {
            assert!(new_enough(taken, NODE_LEAST), "{taken}");
        }
        assert!(new_enough("3.11.0", PYTHON_LEAST) && new_enough("3.13.0rc1", PYTHON_LEAST));
        assert!(!new_enough("3.9.2", PYTHON_LEAST) && !new_enough("2.7.18", PYTHON_LEAST));
    }
}
