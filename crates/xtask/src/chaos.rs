//! `cargo xtask chaos`: the real server under faults. It builds what takes part and hands over to crates/chaos.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, run};
use crate::tools;
use crate::workspace::{self, install, root};

/// A few kills and some other faults, others each time: within the patience of whoever tests a change, on a machine that
/// does other work too.
const SHORT: [&str; 7] = ["--kills", "4", "--acked", "2000", "--seconds", "25", "--patient"];
/// The same on PostgreSQL, where each fault takes longer.
const SHORT_POSTGRES: [&str; 7] = ["--kills", "2", "--acked", "1000", "--seconds", "20", "--patient"];
/// Enough for every seeded fault to show.
const MUTANT: [&str; 6] = ["--kills", "3", "--acked", "1500", "--seconds", "30"];

/// The command line.
pub(crate) fn run_command(options: &[&str]) -> Result<()> {
    let web_dist = workspace::web_dist()?;
    let postgres = options.contains(&"--postgres");
    let mut rest: Vec<&str> = options.iter().copied().filter(|option| *option != "--postgres").collect();
    if let Some(mutants) = rest.iter().position(|option| *option == "--mutants") {
        rest.remove(mutants);
        let seeded = seeded(&web_dist)?;
        return run(runner(&workspace::server(&web_dist)?)?.arg("--mutants").arg(seeded).args(MUTANT).args(rest));
    }
    let server = workspace::server(&web_dist)?;
    let mut command = runner(&server)?;
    if postgres {
        command.arg("--postgres").arg(tools::postgres_programs()?);
    }
    run(command.args(rest))
}

/// The step of `cargo xtask test`: a short run on each database, with the official clients.
pub(crate) fn short(server: &Path) -> Result<()> {
    run(runner(server)?.args(SHORT))?;
    run(runner(server)?.args(SHORT_POSTGRES).arg("--postgres").arg(tools::postgres_programs()?))
}

/// The runner for this server, with the official clients; its history lies in the target folder.
fn runner(server: &Path) -> Result<Command> {
    let folder = root().join("e2e/protocol");
    install(&folder)?;
    if std::env::var_os("HEARTH_BIN").is_some() {
        // The test build, which makes it too, was not asked for.
        run(cargo().args(["build", "--package", "chaos"]).current_dir(root()))?;
    }
    let mut command = Command::new(built("chaos")?);
    command.arg("--server").arg(server).arg("--official").arg(folder.join("chaos.mjs"));
    command.arg("--history").arg(built("chaos.jsonl")?);
    Ok(command)
}

/// The server with seeded faults.
fn seeded(web_dist: &Path) -> Result<PathBuf> {
    let name = "hearth-seeded";
    run(cargo()
        .args(["build", "--package", "hearth", "--features", "seeded-faults", "--bin", name])
        .env("HEARTH_WEB_DIST", web_dist)
        .current_dir(root()))?;
    built(name)
}

/// Where cargo puts what the development profile makes.
fn built(name: &str) -> Result<PathBuf> {
    Ok(workspace::examples()?.with_file_name(name))
}
