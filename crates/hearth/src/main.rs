//! The `hearth` command.

use std::io::Write as _;
use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    match hearth::cli::run() {
        Ok(code) => code,
        Err(error) => {
            // Whoever started it reads this, perhaps without the log.
            let _ = writeln!(std::io::stderr(), "hearth: {}", hearth::cli::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
