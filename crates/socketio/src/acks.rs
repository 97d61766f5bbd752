//! Waiting for a client's answer.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::args::Args;
use crate::error::AckError;
use crate::socket::Socket;

/// An answer that was asked for. Dropping it forgets the question.
pub(crate) struct PendingAck {
    socket: Socket,
    id: u64,
    answer: oneshot::Receiver<Args>,
}

impl PendingAck {
    pub(crate) fn new(socket: Socket, id: u64, answer: oneshot::Receiver<Args>) -> PendingAck {
        PendingAck { socket, id, answer }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(crate) async fn wait(mut self, limit: Duration) -> Result<Args, AckError> {
        match timeout(limit, &mut self.answer).await {
            Ok(Ok(args)) => Ok(args),
            // The sender is dropped only when the socket ends.
            Ok(Err(_)) => Err(AckError::Disconnected),
            Err(_) => Err(AckError::Timeout),
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        self.socket.forget_ack(self.id);
    }
}
