//! Which database a command means: what a flag says, else what the environment says.

use std::path::Path;
use std::process::{Command, Output};

use super::BINARY;

/// A PostgreSQL that nobody is to be asked for.
const ELSEWHERE: &str = "postgres://ann@127.0.0.1:1/talk";

fn run_with(args: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(args).env("HEARTH_PASSWORD_MEMORY", "64KiB").envs(environment.iter().copied());
    command.output().expect("the binary starts")
}

fn made(folder: &Path, name: &str) -> String {
    let data = folder.join(name).to_str().expect("a path that is text").to_owned();
    let output = run_with(&["user", "create", name, "--data", &data], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    data
}

#[test]
fn a_flag_that_names_the_database_beats_every_variable_that_names_another() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, other) = (made(folder.path(), "ada"), made(folder.path(), "bob"));
    let file = folder.path().join("url");
    std::fs::write(&file, ELSEWHERE).unwrap();
    let file = file.to_str().unwrap();
    for environment in [
        &[("HEARTH_DATABASE_URL", ELSEWHERE)][..],
        &[("HEARTH_DATABASE_URL_FILE", file)],
        &[("HEARTH_DATABASE_URL", ELSEWHERE), ("HEARTH_DATABASE_URL_FILE", file)],
        &[("HEARTH_DATABASE_URL", ELSEWHERE), ("HEARTH_DATA", &other)],
    ] {
        let together = format!("--data={mine}");
        for args in
            [&["user", "list", "--data", &mine][..], &["--data", &mine, "user", "list"], &[&together, "user", "list"]]
        {
            let output = run_with(args, environment);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("ada"), "{args:?} {environment:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    // Of two variables the one that names a server counts: containers and units set the folder for everybody.
    let output = run_with(&["user", "list"], &[("HEARTH_DATA", &mine), ("HEARTH_DATABASE_URL", ELSEWHERE)]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:1/talk"));
    for args in [["--database-url-file", file], ["--database-url", ELSEWHERE]] {
        let environment = [("HEARTH_DATA", &*mine), ("HEARTH_DATABASE_URL", "postgres://127.0.0.1:2/no")];
        let output = run_with(&[&["user", "list"], &args[..]].concat(), &environment);
        assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:1/talk"), "{args:?}");
    }
}

#[test]
fn two_flags_that_name_two_databases_are_refused() {
    for args in [
        ["user", "list", "--data", "here", "--database-url", ELSEWHERE],
        ["user", "list", "--data", "here", "--database-url-file", "there"],
        ["serve", "--data", "here", "--listen=127.0.0.1:0", "--database-url", ELSEWHERE],
        ["user", "list", "--database-url-file", "there", "--database-url", ELSEWHERE],
    ] {
        let output = run_with(&args, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains("cannot be used with"), "{args:?}: {said}");
    }
}

#[test]
fn the_configuration_shows_the_variable_that_a_flag_has_put_out_of_force() {
    let output = run_with(&["config", "--data", "here"], &[("HEARTH_DATABASE_URL", "postgres://ann:hunter2@host/db")]);
    let said = String::from_utf8(output.stdout).unwrap();
    let line =
        |flag: &str| said.lines().find(|line| line.starts_with(flag)).unwrap_or_else(|| panic!("{flag}: {said}"));
    assert!(line("--data ").contains("here") && line("--data ").ends_with("flag"), "{said}");
    assert!(line("--database-url ").ends_with("environment, not in force"), "{said}");
    assert!(!said.contains("hunter2") && output.status.success(), "{said}");
}
