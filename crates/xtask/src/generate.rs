//! `cargo xtask gen`: the files that are made from the Rust types, so that the two sides of the wire cannot drift.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::process::{cargo, output, run};
use crate::workspace::{generator, root};

/// Every generated file, from the root.
const GENERATED: &[&str] = &["web/src/protocol/generated.ts", "docs/protocol.md"];

/// Build the generator alone and run it.
pub(crate) fn write() -> Result<()> {
    run(cargo().args(["run", "--package", "chat", "--features", "gen", "--example", "protocol"]).current_dir(root()))
}

/// Write, then fail when that changed anything that is committed.
pub(crate) fn check() -> Result<()> {
    write()?;
    clean()
}

/// As [`check`], with the generator that the test build has made already.
pub(crate) fn check_built() -> Result<()> {
    run(Command::new(generator()?).current_dir(root()))?;
    clean()
}

fn clean() -> Result<()> {
    let changed =
        output(Command::new("git").args(["status", "--porcelain", "--"]).args(GENERATED).current_dir(root()))?;
    ensure!(changed.is_empty(), "generated files differ from what is committed: commit them\n{changed}");
    println!("generated files are as committed");
    Ok(())
}
