//! The log: one line an event, on standard error.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Installs the log for the whole process.
///
/// The text format escapes control characters of recorded values, so that nothing that a client sends can forge a line.
pub fn init(filter: &str, format: LogFormat) -> Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("HEARTH_LOG: `{filter}` is not a log filter"))?;
    // Where the log cannot be written, that cannot be said either: to try would panic, and end whatever had something to log.
    let builder = tracing_subscriber::fmt().log_internal_errors(false);
    let builder = builder.with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
