//! WebSocket (RFC 6455): handshake, frames, the task of a connection, and the upgrade from long-polling.

mod connection;
mod decoder;
mod handshake;
mod probe;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use connection::Connection;
pub(crate) use decoder::Decoder;
pub(crate) use handshake::{accept, is_upgrade};
pub(crate) use probe::{Claim, reject, upgrade};
pub(crate) use stream::{Opened, Stream, opened, send};

#[cfg(any(test, fuzzing))]
pub(crate) use {
    decoder::{Event as Received, Violation},
    stream::Owned,
};
