//! The `hearth` command.

use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    match hearth::cli::run() {
        Ok(code) => code,
        Err(error) => {
            // Whoever started it reads this, perhaps without the log.
            eprintln!("hearth: {}", hearth::cli::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
