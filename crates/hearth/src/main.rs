//! The `hearth` command.

use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    match hearth::cli::run() {
        Ok(code) => code,
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
