//! The bytes of a WebSocket, as frames.

use super::{Cut, Input};
use crate::ws::{Decoder, Received, Violation};

/// Around the places where a header changes its form, and where everything is too long.
const LIMITS: [usize; 6] = [0, 1, 125, 126, 1000, 70_000];
/// The longest header of a client's frame: two bytes, a length of 64 bits, a mask.
const HEADER_MAX: usize = 14;
/// The longest payload of a control frame.
const CONTROL_MAX: usize = 125;
/// How many fragments a message may have.
const FRAGMENTS_MAX: usize = 256;

#[derive(Debug, PartialEq)]
enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Nothing,
    Close,
}

/// What a client sends over WebSocket: a byte that chooses the limit, one that chooses the cutting, the stream. Promises:
/// it is read the same however it is cut; no message is over the limit; never is more held than one frame within it.
pub fn websocket(data: &[u8]) {
    let mut input = Input(data);
    let limit = LIMITS[usize::from(input.byte()) % LIMITS.len()];
    let seed = input.byte().into();
    let stream = input.0;
    let whole = decode(stream, limit, Cut::Not);
    for cut in [Cut::Bytes, Cut::By(seed)] {
        assert_eq!(decode(stream, limit, cut), whole, "cut {cut:?}");
    }
}

/// The frames, and how many bytes are left over or why the stream was given up.
fn decode(stream: &[u8], limit: usize, mut cut: Cut) -> (Vec<Seen>, Result<usize, Violation>) {
    let mut decoder = Decoder::new(limit);
    let (mut seen, mut held, mut rest) = (Vec::new(), Vec::new(), stream);
    let (mut payloads, mut parts) = (0, 0);
    while !rest.is_empty() {
        let (part, tail) = rest.split_at(cut.next().min(rest.len()));
        rest = tail;
        held.extend_from_slice(part);
        loop {
            let (used, frame) = match decoder.next(&mut held) {
                Ok(Some((used, received))) => (used, look(&received, limit)),
                Ok(None) => break,
                Err(violation) => return (seen, Err(violation)),
            };
            assert!(used <= held.len());
            held.drain(..used);
            parts = if decoder.is_within_message() { parts + usize::from(frame == Seen::Nothing) } else { 0 };
            if let Seen::Text(payload) | Seen::Binary(payload) = &frame {
                payloads += payload.len();
            }
            seen.push(frame);
        }
        assert!(held.len() < HEADER_MAX + limit.max(CONTROL_MAX), "{} bytes are held", held.len());
    }
    assert!(payloads <= stream.len());
    // Pongs between the fragments are counted with them, and cost the client six bytes each.
    assert!(parts <= FRAGMENTS_MAX + stream.len() / 6);
    (seen, Ok(held.len()))
}

fn look(received: &Received<'_>, limit: usize) -> Seen {
    match received {
        Received::Text(payload) | Received::Binary(payload) => assert!(payload.len() <= limit),
        Received::Ping(payload) => assert!(payload.len() <= CONTROL_MAX),
        Received::Nothing | Received::Close => {}
    }
    match received {
        Received::Text(payload) => Seen::Text(payload.to_vec()),
        Received::Binary(payload) => Seen::Binary(payload.to_vec()),
        Received::Ping(payload) => Seen::Ping(payload.to_vec()),
        Received::Nothing => Seen::Nothing,
        Received::Close => Seen::Close,
    }
}
