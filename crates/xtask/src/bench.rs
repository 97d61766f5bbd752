//! `cargo xtask bench`: the figures in docs/benchmarks.md. It builds and installs what is measured, and hands over to
//! crates/bench.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, run};
use crate::workspace::{install, root};

/// The load runs here, the servers on core 0.
const LOAD_CORE: &str = "1";

/// Run it: what the first word names, `compare` when it names nothing. The options go to the program; without any, the file
/// in docs/ is written.
pub(crate) fn run_command(words: &[&str]) -> Result<()> {
    let cores = std::thread::available_parallelism().context("cannot tell how many cores there are")?;
    ensure!(cores.get() >= 2, "the server and the load need a core each");
    let (task, options) = match words {
        [task, options @ ..] if !task.starts_with('-') => (*task, options),
        options => ("compare", options),
    };
    let bench = root().join("crates/bench");
    let mut build = cargo();
    build.args(["build", "--release", "--package", "bench", "--bins"]).current_dir(root());
    if task == "chat" {
        build.args(["--package", "hearth"]);
    }
    run(&mut build)?;

    let mut command = Command::new("taskset");
    command.args(["--cpu-list", LOAD_CORE]).arg(target().join("release/bench")).arg(task).current_dir(&bench);
    if task == "compare" {
        add_peers(&mut command, &bench.join("peers"))?;
    }
    if task == "chat" {
        command.arg("--hearth").arg(target().join("release/hearth"));
        command.arg("--data").arg(target().join("bench-chat"));
    }
    // Where the sample lies must be said, so that there are options.
    if options.is_empty() {
        command.arg("--write").arg(root().join("docs/benchmarks.md"));
    }
    run(command.args(options))
}

/// Builds and installs the servers that ours is compared with.
fn add_peers(command: &mut Command, peers: &Path) -> Result<()> {
    let theirs = target().join("bench-peers");
    run(cargo()
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&theirs)
        .current_dir(peers.join("socketioxide")))?;
    install(&peers.join("node"))?;
    command.arg("--node").arg(peers.join("node"));
    command.arg("--socketioxide").arg(theirs.join("release/socketioxide-server"));
    Ok(())
}

/// Cargo's target folder.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| absolute(Path::new(&folder)))
}

/// Cargo takes it as relative to where it was called.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
