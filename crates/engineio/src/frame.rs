//! Outgoing messages, encoded once and shared by every socket that they go to.

use std::cell::Cell;
use std::fmt;
use std::iter;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest WebSocket header that a server sends: two bytes and a length of 64 bits (RFC 6455, section 5.2).
const HEADER_MAX: usize = 10;
/// FIN and the opcode of a text frame.
const TEXT: u8 = 0x81;
/// FIN and the opcode of a binary frame.
const BINARY: u8 = 0x82;
/// FIN and the opcode of a close frame.
const CLOSE: u8 = 0x88;
/// FIN and the opcode of a pong frame.
const PONG: u8 = 0x8a;
/// What a queued frame weighs beside its bytes: reference counts, allocator and its places in the queue, so that a
/// queue of many tiny frames is bounded like one of few large ones.
const OVERHEAD: usize = 96;
/// A scratch buffer that grew beyond this is given back to the allocator after use.
const SCRATCH_KEPT: usize = 256 * 1024;

/// One message, encoded once for every transport.
///
/// It is one shared allocation: a finished WebSocket frame (header and Engine.IO packet), of which long-polling uses the
/// part behind the header. A clone costs one increment of a counter, so a broadcast encodes once and every queue refers
/// to the same bytes. On long-polling, binary is sent as `b` and base64 (Engine.IO protocol 4, "Packet encoding").
#[derive(Clone)]
pub struct Frame {
    /// WebSocket header, then the packet.
    wire: Arc<[u8]>,
}

impl Frame {
    /// A text message.
    #[must_use]
    pub fn text(payload: &str) -> Self {
        Self::assemble(TEXT, |buffer| {
            buffer.push(b'4');
            buffer.extend_from_slice(payload.as_bytes());
        })
    }

    /// A text message that is serialised straight into place. What `write` appends must be valid UTF-8, as a WebSocket
    /// peer fails the connection otherwise.
    pub fn text_with(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let frame = Self::assemble(TEXT, |buffer| {
            buffer.push(b'4');
            write(buffer);
        });
        debug_assert!(simdutf8::basic::from_utf8(frame.packet_bytes()).is_ok(), "a text frame must be UTF-8");
        frame
    }

    /// A binary message.
    #[must_use]
    pub fn binary(payload: &[u8]) -> Self {
        Self::assemble(BINARY, |buffer| buffer.extend_from_slice(payload))
    }

    /// A text packet other than a message, its type included.
    pub(crate) fn packet(packet: &str) -> Self {
        Self::assemble(TEXT, |buffer| buffer.extend_from_slice(packet.as_bytes()))
    }

    /// A WebSocket close frame, RFC 6455, section 5.5.1.
    pub(crate) fn close(code: u16) -> Self {
        Self::assemble(CLOSE, |buffer| buffer.extend_from_slice(&code.to_be_bytes()))
    }

    /// A WebSocket pong, RFC 6455, section 5.5.3.
    pub(crate) fn pong(payload: &[u8]) -> Self {
        Self::assemble(PONG, |buffer| buffer.extend_from_slice(payload))
    }

    /// The length of the message in bytes, without any framing.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        self.payload().len()
    }

    /// The message without any framing.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.packet_bytes()[usize::from(!self.is_binary())..]
    }

    /// Whether this is a binary message.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        self.wire[0] == BINARY
    }

    /// Whether this is a message, not one of the engine's own packets.
    pub(crate) fn is_message(&self) -> bool {
        self.is_binary() || (self.wire[0] == TEXT && self.packet_bytes().first() == Some(&b'4'))
    }

    pub(crate) fn is_pong(&self) -> bool {
        self.wire[0] == PONG
    }

    /// What this frame adds to a queue's account, in bytes.
    pub(crate) fn cost(&self) -> usize {
        self.wire.len() + OVERHEAD
    }

    /// The finished WebSocket frame.
    pub(crate) fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// The packet as a part of a long-polling payload.
    pub(crate) fn write_polling(&self, out: &mut Vec<u8>) {
        if self.is_binary() {
            out.push(b'b');
            let bytes = self.packet_bytes();
            let start = out.len();
            let encoded = base64::encoded_len(bytes.len(), true).expect("a packet in memory has a countable length");
            out.resize(start + encoded, 0);
            STANDARD.encode_slice(bytes, &mut out[start..]).expect("the space was measured");
        } else {
            out.extend_from_slice(self.packet_bytes());
        }
    }

    fn packet_bytes(&self) -> &[u8] {
        let header = match self.wire[1] {
            127 => 10,
            126 => 4,
            _ => 2,
        };
        &self.wire[header..]
    }

    /// Lets `write` append the packet behind room for the header, then copies both into one exact allocation.
    fn assemble(first: u8, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        thread_local! {
            static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        // Taken, not borrowed: `write` may itself encode a frame.
        let mut scratch = SCRATCH.take();
        scratch.clear();
        scratch.resize(HEADER_MAX, 0);
        write(&mut scratch);
        let start = put_header(&mut scratch, first);
        let frame = Self { wire: scratch[start..].into() };
        if scratch.capacity() <= SCRATCH_KEPT {
            SCRATCH.set(scratch);
        }
        frame
    }
}

/// Writes the header of an unmasked, final frame just before the packet; returns where it starts.
fn put_header(buffer: &mut [u8], first: u8) -> usize {
    let len = buffer.len() - HEADER_MAX;
    let (start, marker) = match len {
        0..126 => (HEADER_MAX - 2, len as u8),
        126..0x1_0000 => (HEADER_MAX - 4, 126),
        _ => (0, 127),
    };
    buffer[start] = first;
    buffer[start + 1] = marker;
    match marker {
        126 => buffer[start + 2..HEADER_MAX].copy_from_slice(&(len as u16).to_be_bytes()),
        127 => buffer[start + 2..HEADER_MAX].copy_from_slice(&(len as u64).to_be_bytes()),
        _ => {}
    }
    start
}

/// One frame is also a sequence of one, so that `socket.send(frame)` reads well.
impl IntoIterator for Frame {
    type Item = Self;
    type IntoIter = iter::Once<Self>;

    fn into_iter(self) -> Self::IntoIter {
        iter::once(self)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("binary", &self.is_binary()).field("len", &self.payload_len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_as_short_as_the_length_allows() {
        for (len, header) in [
            (0, &[0x82, 0][..]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65_535, &[0x82, 126, 0xff, 0xff]),
            (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = Frame::binary(&vec![7; len]);
            assert_eq!(frame.wire(), [header, &vec![7; len]].concat());
            assert_eq!(frame.payload_len(), len);
        }
    }

    #[test]
    fn text_is_the_same_however_it_is_written() {
        let nested = Frame::text_with(|buffer| {
            // Another frame in between must not disturb this one.
            let inner = Frame::text("inner");
            buffer.extend_from_slice(&inner.packet_bytes()[1..]);
        });
        assert_eq!(nested.wire(), Frame::text("inner").wire());
        assert_eq!(nested.wire(), b"\x81\x064inner");
        assert_eq!(nested.payload_len(), 5);
        assert!(!nested.is_binary() && nested.is_message());
        assert!(!Frame::packet("2").is_message());
    }
}
