//! The yardstick of the measurements, see `bench::raw`. `PORT` comes from the environment.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, Result};
use mio::net::TcpListener;

fn main() -> Result<()> {
    let port = std::env::var("PORT").context("PORT is not set")?.parse().context("PORT is no port")?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).context("cannot listen")?;
    // It runs until it is killed.
    bench::raw::serve(listener, &AtomicBool::new(false)).context("cannot serve")
}
