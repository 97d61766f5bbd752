//! The server with the broken promise that `HEARTH_SEEDED_FAULT` names, for `cargo xtask chaos --mutants`.

#[path = "main.rs"]
mod server;

fn main() -> std::process::ExitCode {
    let name = std::env::var("HEARTH_SEEDED_FAULT").unwrap_or_default();
    if !chat::seeded::sow(&name) {
        eprintln!("hearth-seeded: there is no fault {name:?}");
        return std::process::ExitCode::FAILURE;
    }
    server::main()
}
