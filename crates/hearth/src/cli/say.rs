//! What a command has to say, on standard output.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

use anyhow::{Context as _, Result};

/// Says it, on a line of its own. Whoever reads no further, such as `head`, has what they wanted.
///
/// # Errors
/// Where standard output takes nothing, as on a full disk.
pub(super) fn say(text: impl Display) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        said => said.context("standard output cannot be written to"),
    }
}
