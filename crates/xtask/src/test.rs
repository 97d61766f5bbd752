//! `cargo xtask test`: the whole proof, as steps. A step takes what it needs from [`World`], which makes each thing
//! once: so a single step runs by itself, and in a whole run nothing is built twice.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{cargo, npm, run};
use crate::workspace::{self, TEST_BUILD, root};
use crate::{chaos, generate, licences, postgres, rules, tools};

type Act = fn(&mut World) -> Result<()>;

struct Step {
    name: &'static str,
    says: &'static str,
    act: Act,
}

/// Cheap and likely to fail first; the build before everything that runs what it makes.
const STEPS: &[Step] = &[
    Step { name: "tools", says: "Node.js, npm, Python, PostgreSQL and Chromium are here", act: |_| tools::report() },
    Step { name: "fmt", says: "Rust code is formatted", act: |_| run(cargo().args(["fmt", "--all", "--check"])) },
    Step { name: "rules", says: "the rules of the house that a program can check", act: |_| rules::check() },
    Step { name: "licences", says: "every dependency's licence and source is allowed", act: |_| licences::check() },
    Step {
        name: "web",
        says: "web client and end-to-end tests: lint and format; types and unit tests of the client",
        act: web,
    },
    Step {
        name: "web-build",
        says: "web client: the build, within its budget",
        act: |world| world.web_dist().map(drop),
    },
    Step { name: "clippy", says: "Rust lints, warnings denied", act: clippy },
    Step { name: "build", says: "server and tests, development profile", act: build },
    Step { name: "rust", says: "Rust tests, each store test on SQLite and on PostgreSQL", act: rust },
    Step { name: "doc", says: "the libraries' docs without a warning, examples in all Rust docs", act: doc },
    Step { name: "gen", says: "generated files are as committed", act: generated },
    Step { name: "protocol", says: "the official client against the server", act: protocol },
    Step { name: "chaos", says: "a short run under faults on either database, judged", act: chaos },
    Step { name: "library", says: "the official clients against the library's examples", act: library },
    Step { name: "python", says: "python-socketio, both its clients, against the library's example", act: python },
    Step { name: "browser", says: "browsers against the server", act: browser },
];

/// What the steps share, each made when it is first asked for.
#[derive(Default)]
struct World {
    web_dist: Option<PathBuf>,
    built: bool,
    server: Option<PathBuf>,
    postgres: Option<String>,
}

impl World {
    fn web_dist(&mut self) -> Result<PathBuf> {
        made_once(&mut self.web_dist, workspace::web_dist)
    }

    fn build(&mut self) -> Result<()> {
        if !self.built {
            workspace::build(&self.web_dist()?)?;
            self.built = true;
        }
        Ok(())
    }

    fn server(&mut self) -> Result<PathBuf> {
        let web_dist = self.web_dist()?;
        made_once(&mut self.server, || workspace::server(&web_dist))
    }

    fn postgres(&mut self) -> Result<String> {
        made_once(&mut self.postgres, postgres::address)
    }
}

fn made_once<T: Clone>(place: &mut Option<T>, make: impl FnOnce() -> Result<T>) -> Result<T> {
    if let Some(made) = place {
        return Ok(made.clone());
    }
    let made = make()?;
    *place = Some(made.clone());
    Ok(made)
}

fn web(_: &mut World) -> Result<()> {
    let web = root().join("web");
    workspace::install(&web)?;
    for script in ["lint", "format:check", "typecheck", "test"] {
        run(npm(&web).args(["run", script]))?;
    }
    // The end-to-end tests follow the same style, with the tools of the web client.
    let tool = |name: &str| Command::new(web.join("node_modules/.bin").join(name));
    run(tool("prettier").args(["--check", "--config", ".prettierrc.json", "../e2e/**/*.mjs"]).current_dir(&web))?;
    run(tool("oxlint")
        .args(["--deny-warnings", "--ignore-pattern", "node_modules", "."])
        .current_dir(root().join("e2e")))
}

fn clippy(world: &mut World) -> Result<()> {
    let web_dist = world.web_dist()?;
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
        .env("HEARTH_WEB_DIST", web_dist)
        .current_dir(root()))
}

fn build(world: &mut World) -> Result<()> {
    world.build()
}

fn rust(world: &mut World) -> Result<()> {
    let (web_dist, postgres) = (world.web_dist()?, world.postgres()?);
    let mut command = cargo();
    match tools::on_path(&["cargo-nextest"]) {
        Some(_) => command.args(["nextest", "run", "--no-fail-fast"]),
        None => command.args(["test", "--no-fail-fast"]),
    };
    run(command
        .args(TEST_BUILD)
        .env("HEARTH_WEB_DIST", web_dist)
        .env("HEARTH_TEST_POSTGRES", postgres)
        .current_dir(root()))
}

fn doc(world: &mut World) -> Result<()> {
    let web_dist = world.web_dist()?;
    // The libraries' pages are built, so that a link to nowhere is seen.
    run(cargo()
        .args(["doc", "--no-deps", "--package", "engineio", "--package", "socketio"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(root()))?;
    run(cargo()
        .args(["test", "--doc", "--workspace", "--features", "chat/gen"])
        .env("HEARTH_WEB_DIST", web_dist)
        .current_dir(root()))
}

fn generated(world: &mut World) -> Result<()> {
    world.build()?;
    generate::check_built()
}

fn protocol(world: &mut World) -> Result<()> {
    let (server, postgres) = (world.server()?, world.postgres()?);
    let folder = root().join("e2e/protocol");
    workspace::install(&folder)?;
    run(npm(&folder).arg("test").env("HEARTH_BIN", server).env("HEARTH_TEST_POSTGRES", postgres))
}

fn chaos(world: &mut World) -> Result<()> {
    chaos::short(&world.server()?)
}

fn library(world: &mut World) -> Result<()> {
    // The examples lie beside the server in the test build.
    world.server()?;
    let folder = root().join("e2e/socketio");
    workspace::install(&folder)?;
    run(npm(&folder).arg("test").env("SOCKETIO_EXAMPLES", workspace::library_examples()?))
}

fn python(world: &mut World) -> Result<()> {
    world.server()?;
    let folder = root().join("e2e/python");
    let python = workspace::virtual_environment(&folder)?;
    run(Command::new(python)
        .args(["-B", "-m", "unittest", "--verbose"])
        .env("SOCKETIO_EXAMPLES", workspace::library_examples()?)
        .current_dir(&folder))
}

fn browser(world: &mut World) -> Result<()> {
    let (server, chromium) = (world.server()?, tools::chromium()?);
    let folder = root().join("e2e/browser");
    workspace::install(&folder)?;
    // The pages of the library's examples are among what is tested.
    let examples = workspace::library_examples()?;
    let mut test = npm(&folder);
    run(test.arg("test").env("HEARTH_BIN", server).env("CHROMIUM", chromium).env("SOCKETIO_EXAMPLES", examples))
}

/// What became of a step.
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

/// Run the steps that the options name, all of them by default. The exit code tells whether all passed.
fn run_steps(steps: &[&Step], keep_going: bool) -> ExitCode {
    let mut world = World::default();
    let mut outcomes = Vec::new();
    let mut failed = 0;
    for step in steps {
        if failed > 0 && !keep_going {
            outcomes.push((step, Outcome::NotRun));
            continue;
        }
        println!("\n── {}: {}", step.name, step.says);
        let started = Instant::now();
        match (step.act)(&mut world) {
            Ok(()) => outcomes.push((step, Outcome::Passed(started.elapsed()))),
            Err(error) => {
                eprintln!("{}: {error:#}", step.name);
                outcomes.push((step, Outcome::Failed(started.elapsed())));
                failed += 1;
            }
        }
    }

    println!("\n── summary");
    for (step, outcome) in &outcomes {
        let (word, time) = match outcome {
            Outcome::Passed(time) => ("passed", format!("{:7.1} s", time.as_secs_f64())),
            Outcome::Failed(time) => ("FAILED", format!("{:7.1} s", time.as_secs_f64())),
            Outcome::NotRun => ("not run", String::new()),
        };
        println!("{:<10} {word:<8}{time}", step.name);
    }
    let passed = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Passed(_))).count();
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The command line of `cargo xtask test`.
pub(crate) fn run_command(options: &[&str]) -> Result<ExitCode> {
    let mut steps: Vec<&Step> = STEPS.iter().collect();
    let mut keep_going = false;
    let mut rest = options.iter();
    while let Some(&option) = rest.next() {
        match option {
            "--only" => steps = chosen(rest.next().context("--only is followed by the names of steps")?)?,
            "--keep-going" => keep_going = true,
            "--list" => {
                STEPS.iter().for_each(|step| println!("{:<10} {}", step.name, step.says));
                return Ok(ExitCode::SUCCESS);
            }
            other => bail!("`test` knows no option {other}; `cargo xtask help` names them all"),
        }
    }
    Ok(run_steps(&steps, keep_going))
}

/// Steps by name, in their own order whatever the order of the names.
fn chosen(names: &str) -> Result<Vec<&'static Step>> {
    let names: Vec<&str> = names.split(',').collect();
    for name in &names {
        ensure!(
            STEPS.iter().any(|step| step.name == *name),
            "there is no step `{name}`; `cargo xtask test --list` names them all"
        );
    }
    Ok(STEPS.iter().filter(|step| names.contains(&step.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Step = Step { name: "passes", says: "", act: |_| Ok(()) };
    const FAILS: Step = Step { name: "fails", says: "", act: |_| bail!("as it should") };
    const MUST_NOT_RUN: Step = Step { name: "never", says: "", act: |_| panic!("ran after a failure") };

    #[test]
    fn a_failed_step_fails_the_run_and_stops_it() {
        let code = run_steps(&[&PASSES, &FAILS, &MUST_NOT_RUN], false);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::FAILURE));
    }

    #[test]
    fn a_run_of_passing_steps_passes() {
        let code = run_steps(&[&PASSES, &PASSES], false);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        let names: Vec<_> = chosen("rust,fmt").unwrap().iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "rust"]);
        assert!(chosen("rust,no-such-step").is_err());
    }
}
