//! What the crate promises, each promise a test against a real server on a free port.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acks;
mod binary;
mod checks;
mod client_files;
mod cluster;
mod codec;
mod connecting;
mod ends;
mod hostile;
mod order;
mod recovery;
mod rooms;
mod scale;
mod specification;
mod transports;
mod world;
