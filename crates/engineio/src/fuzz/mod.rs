//! Targets for a fuzzer: functions that take any bytes and panic where a promise is broken.
//!
//! cargo-fuzz builds with `--cfg fuzzing`, which makes them public for the workspace in `fuzz/`; its README says how.
//! The crate's own tests call them with the corpus and with what proptest makes of it. Nobody else sees them.

mod decoder;
mod reader;

use crate::Frame;
use crate::outbound::{Chunk, Outbound};
use crate::packet::{Malformed, Packet, split};
use crate::ws::{Decoder, Received};

pub use decoder::websocket;
pub use reader::reader;

/// Takes an input apart; what is not there is 0 or empty.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// The lengths of the parts in which something arrives: all at once, byte by byte, or by the number.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Not,
    Bytes,
    By(u64),
}

impl Cut {
    fn next(&mut self) -> usize {
        match self {
            Self::Not => usize::MAX,
            Self::Bytes => 1,
            Self::By(state) => {
                // Knuth's MMIX constants; short parts come often, long ones sometimes.
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let random = (*state >> 33) as usize;
                1 + (random >> 8) % if random.is_multiple_of(4) { 300 } else { 8 }
            }
        }
    }
}

fn polling_form(frame: &Frame) -> Vec<u8> {
    let mut form = Vec::new();
    frame.write_polling(&mut form);
    form
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it is UTF-8")
}

/// The body of a POST. Promises: the packets are the body, cut at separators; what is read is no longer than what was
/// sent; a message that is written and read again is the same.
pub fn polling(data: &[u8]) {
    let payload = simdutf8::basic::from_utf8(data).ok();
    assert_eq!(payload, std::str::from_utf8(data).ok());
    let Some(payload) = payload else { return };
    let packets: Vec<&str> = split(payload).collect();
    assert_eq!(packets.join("\u{1e}"), payload);
    for packet in packets {
        match Packet::polling(packet) {
            Ok(Packet::Text(message)) => assert_eq!(polling_form(&Frame::text(message)), packet.as_bytes()),
            Ok(Packet::Binary(bytes)) => {
                assert!(bytes.len() < packet.len());
                let form = polling_form(&Frame::binary(&bytes));
                assert_eq!(Packet::polling(utf8(&form)), Ok(Packet::Binary(bytes)));
            }
            read => assert!(packet.starts_with('b') || read == Packet::text(packet)),
        }
        if !packet.starts_with(['0', '1', '2', '3', '4', '5', '6', 'b']) {
            assert_eq!(Packet::polling(packet), Err(Malformed));
        }
    }
}

enum Sent {
    Text(String),
    Binary(Vec<u8>),
}

/// Messages, each from a byte that says what it is, one that is the length of its content, one that says how often that
/// is repeated, and the content.
fn messages(data: &[u8]) -> Vec<Sent> {
    let mut input = Input(data);
    let (mut messages, mut bytes) = (Vec::new(), 0);
    // More would say nothing more, and take the fuzzer's time.
    while !input.0.is_empty() && messages.len() < 32 && bytes < 150_000 {
        let (kind, len, times) = (input.byte(), input.byte(), input.byte());
        let content = input.take(len.into()).repeat(times.into());
        bytes += content.len();
        messages.push(match kind % 2 {
            0 => Sent::Text(String::from_utf8_lossy(&content).into_owned()),
            _ => Sent::Binary(content),
        });
    }
    messages
}

/// Messages in every form that they travel in. Promises: each form is read as what was written, in its order; a queue
/// writes every byte once, however little is taken at a time, and then counts nothing.
pub fn frames(data: &[u8]) {
    let sent = messages(data);
    let frames: Vec<Frame> = sent
        .iter()
        .map(|message| match message {
            Sent::Text(text) => Frame::text(text),
            Sent::Binary(bytes) => Frame::binary(bytes),
        })
        .collect();

    let mut queue = Outbound::default();
    assert!(queue.push(frames.clone(), usize::MAX));
    let stream = drain(&mut queue, Cut::By(data.len() as u64));
    assert!(stream == frames.iter().map(Frame::wire).collect::<Vec<_>>().concat());
    assert_eq!(queue.bytes(), 0);

    let mut decoder = Decoder::new(usize::MAX);
    for (frame, message) in frames.iter().zip(&sent) {
        let mut masked = from_client(frame.wire());
        let len = masked.len();
        match (decoder.next(&mut masked), message) {
            (Ok(Some((used, Received::Text(packet)))), Sent::Text(text)) => {
                assert_eq!((used, Packet::text(utf8(&packet))), (len, Ok(Packet::Text(text))));
            }
            (Ok(Some((used, Received::Binary(read)))), Sent::Binary(bytes)) => {
                assert!(used == len && *read == **bytes);
            }
            (read, _) => panic!("a frame was read as {read:?}"),
        }
    }
    by_polling(&sent, frames);
}

fn by_polling(sent: &[Sent], frames: Vec<Frame>) {
    // Engine.IO 4 has no way to write the separator in a text; Socket.IO's JSON never holds it.
    let is_sayable = |message: &Sent| !matches!(message, Sent::Text(text) if text.contains('\u{1e}'));
    if sent.is_empty() || !sent.iter().all(is_sayable) {
        return;
    }
    let mut queue = Outbound::default();
    assert!(queue.push(frames, usize::MAX));
    let (payload, packets) = queue.take_payload();
    assert_eq!(packets, sent.len() as u64);
    let payload = utf8(&payload);
    assert_eq!(split(payload).count(), sent.len());
    for (packet, message) in split(payload).zip(sent) {
        match (Packet::polling(packet).expect("own packets are well-formed"), message) {
            (Packet::Text(read), Sent::Text(text)) => assert!(read == text),
            (Packet::Binary(read), Sent::Binary(bytes)) => assert!(read == *bytes),
            (read, _) => panic!("a packet was read as {read:?}"),
        }
    }
    queue.landed();
    assert_eq!(queue.bytes(), 0);
}

/// What a queue writes to a peer that takes little at a time.
fn drain(queue: &mut Outbound, mut cut: Cut) -> Vec<u8> {
    let (mut stream, mut scratch) = (Vec::new(), Vec::new());
    loop {
        let chunk = queue.gather(&mut scratch);
        let bytes = match &chunk {
            Chunk::Empty => return stream,
            Chunk::Copied => &scratch[..],
            Chunk::Direct(frame, from) => &frame.wire()[*from..],
        };
        // In some hundred steps at most, however long the stream is.
        let taken = bytes.len().min(cut.next() * (1 + bytes.len() / 512));
        stream.extend_from_slice(&bytes[..taken]);
        queue.advance(taken);
    }
}

/// A server's frame as a client would send it: the same, masked.
fn from_client(wire: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let header = match wire[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let mut frame = wire[..header].to_vec();
    frame[1] |= 0x80;
    frame.extend(MASK);
    frame.extend(wire[header..].iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use testkit::corpus::check;

    #[test]
    fn polling_payloads_keep_their_promises() {
        check("polling", super::polling);
    }

    #[test]
    fn websocket_streams_keep_their_promises() {
        check("websocket", super::websocket);
    }

    #[test]
    fn connections_keep_their_promises() {
        check("reader", super::reader);
    }

    #[test]
    fn frames_keep_their_promises() {
        check("frames", super::frames);
    }
}
