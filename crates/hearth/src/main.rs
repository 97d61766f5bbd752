//! The `hearth` command.

use std::process::ExitCode;

use clap::Parser as _;
use hearth::config::{Args, Settings};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever started it reads this, perhaps without the log: one sentence, causes behind colons.
            eprintln!("hearth: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let settings = Settings::from_args(args)?;
    hearth::log::init(&args.log, args.log_format)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(hearth::serve(settings))
}
