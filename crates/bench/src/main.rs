//! Measures: `cargo xtask bench`, which builds and installs what is compared and calls this.

use anyhow::Result;
use bench::{chat, compare, hostile};
use clap::Parser;

/// Measure the Socket.IO servers.
#[derive(Parser)]
enum Task {
    /// The servers side by side: what a delivery, a round trip, a handshake and a connection cost
    Compare(compare::Options),
    /// The crate `socketio` with hostile clients: what it holds, what it gives back, and how others fare meanwhile
    Hostile(hostile::Options),
    /// Hearth beside the sample whose vocabulary it speaks: what a message, an idle connection and a long history cost
    Chat(chat::Options),
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Compare(options) => compare::run(&options),
        Task::Hostile(options) => hostile::run(&options),
        Task::Chat(options) => chat::run(&options),
    }
}
