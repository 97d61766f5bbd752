//! `hearth serve`: the server itself.

use std::process::ExitCode;

use anyhow::Result;

use crate::config::{ServeArgs, Settings};

pub(super) fn run(args: &ServeArgs) -> Result<ExitCode> {
    let settings = Settings::from_args(args)?;
    chat::fail_point::arm(&std::env::var("HEARTH_FAIL_POINTS").unwrap_or_default());
    crate::log::init(&args.log, args.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(crate::serve(settings))?;
    Ok(ExitCode::SUCCESS)
}
