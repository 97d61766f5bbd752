//! The project's own commands, run as `cargo xtask <command>`: everything that a developer or a build machine does
//! beyond `cargo run`. It depends on no other crate of the workspace, so that it is ready within seconds.

mod bench;
mod chaos;
mod conformance;
mod dev;
mod generate;
mod licences;
mod postgres;
mod process;
mod public;
mod rules;
mod screenshots;
mod test;
mod tools;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Usage: cargo xtask <command>

Commands:
  test [--only STEP[,STEP…]] [--keep-going]
                   check everything: format, house rules, lints, Rust tests on SQLite and PostgreSQL, generated
                   files, the web client, the wire with the official client and python-socketio, and browsers
  test --list      name the steps of `test`
  tools            find or install what the tests need (Python, PostgreSQL, Chromium), and say where it is
  gen [--check]    write the files that are generated from the Rust types; with --check: fail when git is not clean after
  dev              server and web client with reload: the server on :3000, Vite in front of it
  conformance --suite DIR
                   run an official suite of the protocol (the folder test-suite of socketio/engine.io-protocol or of
                   socketio/socket.io-protocol) against the library's example of that name
  bench [OPTIONS]  measure the Socket.IO servers side by side, into docs/benchmarks.md; `bench --help` names options,
                   with any of which the tables are printed instead
  bench hostile [OPTIONS]
                   measure ours with hostile clients, likewise
  bench chat [--sample DIR] [OPTIONS]
                   measure Hearth beside the sample whose vocabulary it speaks; docs/benchmarks.md says how
  chaos [--postgres] [OPTIONS]
                   kill, cut and starve the server while clients talk, and judge what they saw; the options are those of
                   crates/chaos (--kills N, --acked N, --seed N, --crowd N, …)
  chaos --mutants  show that each seeded fault is found
  screenshots      make docs/screenshots/*.png from the running product
  help             this text

Environment:
  HEARTH_WEB_DIST        a folder with the built web client; left out, it is built from web/
  HEARTH_BIN             a server binary for the steps `protocol` and `browser`; left out, it is built
  HEARTH_TEST_POSTGRES   postgres://… of a server whose databases may be made and dropped; left out, a throw-away one
                         is started
  CHROMIUM               the browser; left out, it is looked for on PATH";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = process::end_with_us().and_then(|()| dispatch(&words));
    process::clean_up();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<ExitCode> {
    match words {
        ["test", options @ ..] => return test::run_command(options),
        ["tools"] => tools::report()?,
        ["gen"] => generate::write()?,
        ["gen", "--check"] => generate::check()?,
        ["dev"] => dev::run_command()?,
        ["conformance", "--suite", suite] => conformance::run_command(Path::new(suite))?,
        ["chaos", options @ ..] => chaos::run_command(options)?,
        ["bench", options @ ..] => bench::run_command(options)?,
        ["screenshots"] => screenshots::run_command()?,
        [] | ["help" | "--help" | "-h"] => println!("{HELP}"),
        other => bail!("there is no command `{}`; `cargo xtask help` names them all", other.join(" ")),
    }
    Ok(ExitCode::SUCCESS)
}
