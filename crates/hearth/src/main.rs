//! The `hearth` command.

use std::process::ExitCode;

use clap::Parser as _;
use hearth::config::{Args, Settings};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever started it reads this, perhaps without the log.
            eprintln!("hearth: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes behind colons; a cause that its effect has named already is not said twice.
fn sentence(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .fold(error.to_string(), |said, cause| if said.contains(&cause) { said } else { format!("{said}: {cause}") })
}

fn run(args: &Args) -> anyhow::Result<()> {
    let settings = Settings::from_args(args)?;
    hearth::log::init(&args.log, args.log_format)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(hearth::serve(settings))
}
