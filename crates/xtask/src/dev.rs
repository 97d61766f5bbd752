//! `cargo xtask dev`: the server, built and started again whenever its source changes, and Vite in front of it, which
//! reloads the web client by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, end, has_ended, interrupted, npm, run, spawn};
use crate::workspace::{install, root};

/// Often enough to feel immediate, seldom enough to cost nothing over some hundred files.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the server shows in this mode: the page itself comes from Vite.
const PLACEHOLDER: &str = "<!doctype html><title>Hearth</title><p>The web client is on http://localhost:5173";

/// Run until interrupted.
pub(crate) fn run_command() -> Result<()> {
    let web = root().join("web");
    install(&web)?;
    let dist = root().join("target/dev-web");
    std::fs::create_dir_all(&dist).context("cannot make target/dev-web")?;
    std::fs::write(dist.join("index.html"), PLACEHOLDER).context("cannot write target/dev-web/index.html")?;

    let mut vite = spawn(npm(&web).args(["run", "dev"]))?;
    let mut server: Option<Child> = None;
    loop {
        let seen = sources()?;
        if run(cargo().args(["build", "--package", "hearth"]).env("HEARTH_WEB_DIST", &dist).current_dir(root())).is_ok()
        {
            if let Some(old) = server.take() {
                end(old)?;
            }
            server = Some(spawn(
                cargo()
                    .args(["run", "--quiet", "--package", "hearth"])
                    .env("HEARTH_WEB_DIST", &dist)
                    .current_dir(root()),
            )?);
        }
        while sources()? == seen {
            std::thread::sleep(LOOK_EVERY);
            let vite_ended = has_ended(&mut vite)?;
            let server_ended = server.as_mut().map(has_ended).transpose()? == Some(true);
            if interrupted() {
                continue;
            }
            ensure!(!vite_ended, "Vite has ended");
            if server_ended {
                println!("the server has ended; it is started again when its source changes");
                server = None;
            }
        }
        println!("the source changed");
    }
}

/// Every file that the server is built from, with the time of its last change.
fn sources() -> Result<BTreeMap<PathBuf, SystemTime>> {
    let mut found = BTreeMap::new();
    collect(&root().join("crates"), &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, SystemTime>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries.flatten() {
        // A file may go while we look: an editor saves by renaming.
        let Ok(data) = entry.metadata() else { continue };
        if data.is_dir() {
            // What is installed there is no source, and is many thousands of files.
            if entry.file_name() != "node_modules" {
                collect(&entry.path(), found)?;
            }
        } else if let Ok(changed) = data.modified() {
            found.insert(entry.path(), changed);
        }
    }
    Ok(())
}
