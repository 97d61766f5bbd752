//! What the engine promises, each promise seen from outside through a raw client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backpressure;
mod close;
mod descriptors;
mod handshake;
mod heartbeat;
mod hostile;
mod http;
mod limits;
mod messages;
mod specification;
mod upgrade;
mod world;
