//! What the crate promises, each promise a test against a real server on a free port.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acks;
mod binary;
mod codec;
mod connecting;
mod ends;
mod hostile;
mod order;
mod recovery;
mod rooms;
mod scale;
mod world;
