//! `hearth config`: what is in force, and where it comes from.

use std::process::ExitCode;

use anyhow::Result;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command};

use super::say::say;
use super::table::table;
use crate::config::{ServeArgs, Settings};

/// Settings whose value is nobody's business.
const SECRET: [&str; 1] = ["database_url"];

/// Where a variable stands that does not count, because a flag says where the data lives.
const OVERRULED: &str = "environment, not in force";

#[derive(Args, Debug)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    serve: ServeArgs,

    /// Only what is not the default
    #[arg(long)]
    changed: bool,
}

pub(super) fn run(args: &ConfigArgs, matches: &ArgMatches, command: &Command) -> Result<ExitCode> {
    let own = command.find_subcommand("config").unwrap_or(command);
    let rows: Vec<_> = own
        .get_arguments()
        .filter(|arg| arg.get_env().is_some())
        .map(|arg| row(arg, matches))
        .filter(|[_, _, _, source]| !args.changed || source != "default")
        .collect();
    say(table(["SETTING", "VARIABLE", "VALUE", "FROM"], &rows))?;
    // What makes no sense together is said as at the start of the server.
    Settings::from_args(&args.serve)?;
    Ok(ExitCode::SUCCESS)
}

fn row(arg: &Arg, matches: &ArgMatches) -> [String; 4] {
    let id = arg.get_id().as_str();
    let is_set = arg.get_env().and_then(std::env::var_os).is_some_and(|value| !value.is_empty());
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => "flag",
        Some(ValueSource::EnvVariable) => "environment",
        _ if is_set => OVERRULED,
        _ => "default",
    };
    let values = matches.get_raw(id).into_iter().flatten().map(|value| value.to_string_lossy().into_owned());
    let value = match values.collect::<Vec<_>>().join(",") {
        _ if source == OVERRULED => String::new(),
        value if !value.is_empty() && SECRET.contains(&id) => "(not shown)".to_owned(),
        value => value,
    };
    let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    [format!("--{}", arg.get_long().unwrap_or(id)), variable, value, source.to_owned()]
}
