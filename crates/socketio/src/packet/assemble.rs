//! From messages to packets: a packet with attachments is a text and the binary messages that follow it.

use bytes::Bytes;

use super::{Packet, ParseError, decode};

/// What has to be remembered between two messages of one connection.
#[derive(Debug)]
pub(crate) struct Assembler {
    /// How many bytes the attachments of one packet may have together.
    attachments_bytes: usize,
    partial: Option<Box<Partial>>,
}

/// A packet that waits for its attachments.
#[derive(Debug)]
struct Partial {
    packet: Packet,
    size: usize,
    expected: usize,
    /// How many bytes of attachments may still come.
    room: usize,
    received: Vec<Bytes>,
}

/// What a message brought.
#[derive(Debug)]
pub(crate) enum Assembled {
    /// A packet is complete; the bytes of all its messages.
    Whole(Packet, usize),
    /// A packet has begun whose attachments are due.
    Begun,
    /// One attachment of several.
    More,
}

impl Assembler {
    /// For a connection, the attachments of whose packets may have so many bytes together.
    pub(crate) fn new(attachments_bytes: usize) -> Assembler {
        Assembler { attachments_bytes, partial: None }
    }

    /// Takes a text message.
    ///
    /// # Errors
    /// It is no packet, or attachments are due.
    pub(crate) fn text(&mut self, text: &str) -> Result<Assembled, ParseError> {
        if self.partial.is_some() {
            return Err(ParseError::Turn);
        }
        let (packet, expected) = decode(text)?;
        if expected == 0 {
            return Ok(Assembled::Whole(packet, text.len()));
        }
        let (size, room) = (text.len(), self.attachments_bytes);
        self.partial = Some(Box::new(Partial { packet, size, expected, room, received: Vec::new() }));
        Ok(Assembled::Begun)
    }

    /// Takes a binary message.
    ///
    /// # Errors
    /// No attachment is due, those of the packet are too large, or the packet is malformed.
    pub(crate) fn binary(&mut self, data: Bytes) -> Result<Assembled, ParseError> {
        let mut partial = self.partial.take().ok_or(ParseError::Turn)?;
        partial.room = partial.room.checked_sub(data.len()).ok_or(ParseError::TooLarge)?;
        partial.size += data.len();
        partial.received.push(data);
        if partial.received.len() < partial.expected {
            self.partial = Some(partial);
            return Ok(Assembled::More);
        }
        let Partial { mut packet, size, received, .. } = *partial;
        packet.attach(received)?;
        Ok(Assembled::Whole(packet, size))
    }

    /// How many attachments are due.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn due(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.expected - partial.received.len())
    }
}
