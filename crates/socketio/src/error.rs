//! What can go wrong for the caller.

use serde::Serialize;
use serde_json::Value;

pub use crate::packet::EncodeError;

/// A middleware's refusal of a CONNECT. The client sees it as its `connect_error` event.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// What the client gets as `err.message`.
    pub message: String,
    /// What it gets as `err.data`.
    pub data: Option<Value>,
}

impl ConnectError {
    /// A refusal with a message only.
    pub fn new(message: impl Into<String>) -> ConnectError {
        ConnectError { message: message.into(), data: None }
    }

    /// Adds data for the client. Data that does not serialise is left out and reported.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> ConnectError {
        self.data = serde_json::to_value(data)
            .inspect_err(|error| tracing::error!(%error, "the data of a connect error cannot be put into JSON"))
            .ok();
        self
    }
}

/// A packet that was not sent.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The socket is not connected: not yet, or no longer.
    #[error("the socket is not connected")]
    Closed,
    /// The arguments could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// No answer to an event that was sent with an ack.
#[derive(Debug, thiserror::Error)]
pub enum AckError {
    /// The client did not answer in time.
    #[error("the client did not answer in time")]
    Timeout,
    /// The socket was not connected, or went away before it answered.
    #[error("the socket went away before it answered")]
    Disconnected,
    /// The arguments could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl From<EmitError> for AckError {
    fn from(error: EmitError) -> AckError {
        match error {
            EmitError::Closed => AckError::Disconnected,
            EmitError::Encode(error) => AckError::Encode(error),
        }
    }
}
