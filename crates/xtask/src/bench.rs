//! `cargo xtask bench`: the Socket.IO servers side by side, into docs/benchmarks.md. It builds and installs what is
//! compared, and hands over to crates/bench.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, run};
use crate::workspace::{install, root};

/// The load runs here, the servers on core 0.
const LOAD_CORE: &str = "1";

/// Run it. The options go to the program; without any, the file in docs/ is written.
pub(crate) fn run_command(options: &[&str]) -> Result<()> {
    let cores = std::thread::available_parallelism().context("cannot tell how many cores there are")?;
    ensure!(cores.get() >= 2, "the server and the load need a core each");
    let (bench, peers) = (root().join("crates/bench"), root().join("crates/bench/peers"));
    let (ours, theirs) = (target().join("release"), target().join("bench-peers"));
    run(cargo().args(["build", "--release", "--package", "bench", "--bins"]).current_dir(root()))?;
    run(cargo()
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&theirs)
        .current_dir(peers.join("socketioxide")))?;
    install(&peers.join("node"))?;

    let mut command = Command::new("taskset");
    command.args(["--cpu-list", LOAD_CORE]).arg(ours.join("bench")).current_dir(&bench);
    command.arg("--node").arg(peers.join("node"));
    command.arg("--socketioxide").arg(theirs.join("release/socketioxide-server"));
    if options.is_empty() {
        command.arg("--write").arg(root().join("docs/benchmarks.md"));
    }
    run(command.args(options))
}

/// Cargo's target folder.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| absolute(Path::new(&folder)))
}

/// Cargo takes it as relative to where it was called.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
