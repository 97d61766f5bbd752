//! The command line: one file a command.

#![deny(clippy::print_stdout, reason = "it panics where nobody reads: `say` does not")]

mod backup;
mod config;
mod data;
mod doctor;
mod healthcheck;
mod invite;
mod say;
mod seed;
mod serve;
mod table;
mod user;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::{LimitSettings, LogFormat, ServeArgs};

/// Hearth, a chat server in one binary that any Socket.IO client can talk to.
///
/// Without any argument it keeps everything in ./data and serves http://localhost:3000. Settings are flags, else
/// environment variables, else defaults; `hearth config` shows what is in force. -h is short, --help names every limit.
#[derive(Parser, Debug)]
#[command(name = "hearth", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server; what happens without a command, too
    Serve(Box<ServeArgs>),
    /// Make, list and change accounts; the server may be running
    User(user::UserArgs),
    /// Make, list and take back invitations to sign up; the server may be running
    Invite(invite::InviteArgs),
    /// Write a copy of the whole database; the server may be running
    Backup(backup::BackupArgs),
    /// Look for what may go wrong: database, disk, clock, limits, public URL, proxy
    Doctor(Box<ServeArgs>),
    /// Show every setting that is in force, and where it comes from
    Config(Box<config::ConfigArgs>),
    /// Ask a running server whether it is ready, for containers: exit code 0 if so
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Fill an empty database
    Seed(seed::SeedArgs),
}

/// The flags that say where the data lives.
const DATABASE: [&str; 3] = ["data", "database-url", "database-url-file"];

/// The command line with the limits left out of the short help, which would be long with them.
fn command() -> clap::Command {
    let limits: Vec<_> = LimitSettings::augment_args(clap::Command::new("limits"))
        .get_arguments()
        .map(|arg| arg.get_id().clone())
        .collect();
    let shorten = |command: clap::Command| {
        command.mut_args(|arg| {
            let hide = limits.contains(arg.get_id());
            arg.hide_short_help(hide)
        })
    };
    // Global below `user` and `invite`, so that they may stand behind what is to be done as well. Here they would be
    // everywhere.
    let mut command = shorten(Cli::command().mut_args(|arg| arg.global(false)));
    for name in ["serve", "doctor", "config"] {
        command = command.mut_subcommand(name, shorten);
    }
    // Behind the options of what is to be done, not among them.
    for name in ["user", "invite"] {
        command = command.mut_subcommand(name, |command| command.mut_args(|arg| arg.display_order(100)));
    }
    command
}

/// The command without the variables that are empty: files for containers set what nobody has filled in.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| if arg.get_env().is_some_and(is_empty) { arg.env(None::<&str>) } else { arg })
        .mut_subcommands(without_empty_variables)
}

/// Where the data lives is one thing that can be said in three ways: where a flag says it, no variable that says it counts.
/// Of such flags there can be one.
fn with_one_database(command: clap::Command, args: &[OsString]) -> clap::Command {
    let is_flag = |arg: &OsString, name: &str| {
        let rest = arg.as_encoded_bytes().strip_prefix(b"--").and_then(|arg| arg.strip_prefix(name.as_bytes()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
    };
    let is_said = |name: &str| args.iter().any(|arg| is_flag(arg, name));
    if !DATABASE.into_iter().any(is_said) {
        return command;
    }
    let only_by_flags = |arg: clap::Arg| match arg.get_long() {
        Some("data") => arg.env(None::<&str>).conflicts_with_all(["database_url", "database_url_file"]),
        Some(name) if DATABASE.contains(&name) => arg.env(None::<&str>),
        _ => arg,
    };
    command.mut_args(only_by_flags).mut_subcommands(|command| with_one_database(command, args))
}

/// The options that stand before a command stand behind it: `hearth --data FOLDER user list` is
/// `hearth user --data FOLDER list`, and whether the command knows them it says itself.
fn with_options_behind_the_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let mut place = 1;
    while let Some(arg) = args.get(place).map(|arg| arg.as_encoded_bytes()).filter(|arg| arg.starts_with(b"--")) {
        // Each takes a value; behind one that does not, such as --help, nothing matters.
        place += if arg.contains(&b'=') { 1 } else { 2 };
    }
    let name = args.get(place).and_then(|arg| arg.to_str());
    if name.is_some_and(|name| Cli::command().find_subcommand(name).is_some()) {
        args[1..=place].rotate_right(1);
    }
    args
}

/// The error and its causes behind colons; a cause that its effect has named already is not said twice.
pub fn sentence(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .fold(error.to_string(), |said, cause| if said.contains(&cause) { said } else { format!("{said}: {cause}") })
}

/// Runs the command that the process was started with.
///
/// # Errors
/// One sentence for whoever started it.
pub fn run() -> Result<ExitCode> {
    let args = with_options_behind_the_command(std::env::args_os().collect());
    let matches = with_one_database(without_empty_variables(command()), &args).get_matches_from(args);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        None => serve::run(&cli.serve),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::User(args)) => aside(user::run(args)),
        Some(Command::Invite(args)) => aside(invite::run(args)),
        Some(Command::Backup(args)) => aside(backup::run(args)),
        Some(Command::Doctor(args)) => aside(doctor::run(&args)),
        Some(Command::Config(args)) => {
            let own = matches.subcommand_matches("config").unwrap_or(&matches);
            config::run(&args, own, &command())
        }
        Some(Command::Healthcheck(args)) => healthcheck::run(&args),
        Some(Command::Seed(args)) => aside(seed::run(args)),
    }
}

/// Runs a command that works beside the server: what it has to say goes to standard output, and the log is for trouble.
fn aside(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    crate::log::init("warn", LogFormat::Text)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    /// The table of docs/operations.md, as it must be.
    fn settings_table() -> String {
        let command = command();
        let serve = command.find_subcommand("serve").unwrap();
        let mut table = String::new();
        let mut heading = None;
        for arg in serve.get_arguments().filter(|arg| arg.get_env().is_some()) {
            if table.is_empty() || arg.get_help_heading() != heading {
                heading = arg.get_help_heading();
                let heading = heading.unwrap_or("The server");
                table.push_str(&format!("\n| {heading} | flag | default | |\n| --- | --- | --- | --- |\n"));
            }
            let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            let default = if default.is_empty() { String::new() } else { format!("`{}`", default.join(",")) };
            let values = arg.get_possible_values();
            let names: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
            let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
            let variable = arg.get_env().unwrap().to_string_lossy();
            let (flag, help) = (arg.get_long().unwrap(), arg.get_help().unwrap());
            table.push_str(&format!("| `{variable}` | `--{flag}` | {default} | {help}{names} |\n"));
        }
        table
    }

    #[test]
    fn every_setting_stands_in_the_documentation() {
        let documentation = include_str!("../../../../docs/operations.md");
        let (_, rest) = documentation.split_once("<!-- settings:").unwrap();
        let (_, rest) = rest.split_once("-->\n").unwrap();
        let (documented, _) = rest.split_once("\n<!-- /settings -->").unwrap();
        let table = settings_table();
        assert!(documented == table, "docs/operations.md must hold, between its marks:\n{table}");
    }

    #[test]
    fn the_short_help_leaves_out_the_limits_and_the_long_one_names_each() {
        let mut command = command();
        let (short, long) = (command.render_help().to_string(), command.render_long_help().to_string());
        assert!(!short.contains("--limit-send") && short.contains("--listen"), "{short}");
        let limits = LimitSettings::augment_args(clap::Command::new("limits"));
        for arg in limits.get_arguments() {
            let flag = arg.get_long().unwrap();
            assert!(long.contains(&format!("--{flag}")), "{flag}");
        }
    }
}
