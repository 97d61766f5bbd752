//! Frames and messages from a byte stream, RFC 6455, sections 5 and 7.

use std::borrow::Cow;
use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::CloseReason;

/// More fragments than this belong to no message that an honest client sends.
const FRAGMENTS_MAX: usize = 256;
/// The longest payload of a control frame, RFC 6455, section 5.5.
const CONTROL_MAX: u64 = 125;

/// What the peer did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A whole text message, not yet known to be UTF-8.
    Text(Cow<'a, [u8]>),
    /// A whole binary message.
    Binary(Cow<'a, [u8]>),
    /// A ping, which wants its payload back.
    Ping(&'a [u8]),
    /// A pong that nobody asked for, or a part of a message.
    Nothing,
    /// The peer closes.
    Close,
}

/// The peer broke the protocol or a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("a frame against the WebSocket protocol")]
    Protocol,
    #[error("a message over the limit")]
    TooLarge,
}

impl Violation {
    pub(crate) fn reason(self) -> CloseReason {
        match self {
            Self::Protocol => CloseReason::ParseError,
            Self::TooLarge => CloseReason::TransportError,
        }
    }
}

/// A message whose first fragments are here.
#[derive(Debug)]
struct Partial {
    text: bool,
    fragments: usize,
    payload: Vec<u8>,
}

/// What has to be remembered between two frames.
#[derive(Debug)]
pub(crate) struct Decoder {
    max_payload: u64,
    partial: Option<Box<Partial>>,
}

impl Decoder {
    pub(crate) fn new(max_payload: usize) -> Self {
        Self { max_payload: max_payload as u64, partial: None }
    }

    /// Whether some, but not all fragments of a message are here.
    pub(crate) fn is_within_message(&self) -> bool {
        self.partial.is_some()
    }

    /// Takes one frame from the start of `bytes`, and tells its length. None when it is not all there; a frame over the
    /// limit is refused by its header, before anybody makes room for it.
    pub(crate) fn next<'a>(&mut self, bytes: &'a mut [u8]) -> Result<Option<(usize, Event<'a>)>, Violation> {
        let mut cursor = Cursor::new(&*bytes);
        let Some((header, len)) = FrameHeader::parse(&mut cursor).map_err(|_| Violation::Protocol)? else {
            return Ok(None);
        };
        let start = cursor.position() as usize;
        self.judge(&header, len)?;
        let mask = header.mask.ok_or(Violation::Protocol)?;
        let end = start + len as usize;
        let Some(payload) = bytes.get_mut(start..end) else { return Ok(None) };
        unmask(payload, mask);
        Ok(Some((end, self.take(&header, payload)?)))
    }

    fn judge(&self, header: &FrameHeader, len: u64) -> Result<(), Violation> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Violation::Protocol);
        }
        match header.opcode {
            OpCode::Control(_) if !header.is_final || len > CONTROL_MAX => Err(Violation::Protocol),
            OpCode::Control(_) => Ok(()),
            OpCode::Data(data) => {
                if (data == Data::Continue) != self.partial.is_some() {
                    return Err(Violation::Protocol);
                }
                let before = self.partial.as_ref().map_or(0, |partial| partial.payload.len() as u64);
                let fragments = self.partial.as_ref().map_or(0, |partial| partial.fragments);
                if len > self.max_payload - before || fragments >= FRAGMENTS_MAX {
                    return Err(Violation::TooLarge);
                }
                Ok(())
            }
        }
    }

    fn take<'a>(&mut self, header: &FrameHeader, payload: &'a [u8]) -> Result<Event<'a>, Violation> {
        let text = match header.opcode {
            OpCode::Control(Control::Ping) => return Ok(Event::Ping(payload)),
            OpCode::Control(Control::Close) => return Ok(Event::Close),
            OpCode::Control(_) => return Ok(Event::Nothing),
            OpCode::Data(Data::Continue) => return self.continue_with(header.is_final, payload),
            OpCode::Data(data) => data == Data::Text,
        };
        if !header.is_final {
            self.partial = Some(Box::new(Partial { text, fragments: 1, payload: payload.to_vec() }));
            return Ok(Event::Nothing);
        }
        Ok(whole(text, Cow::Borrowed(payload)))
    }

    fn continue_with<'a>(&mut self, is_final: bool, payload: &'a [u8]) -> Result<Event<'a>, Violation> {
        let mut partial = self.partial.take().ok_or(Violation::Protocol)?;
        partial.payload.extend_from_slice(payload);
        partial.fragments += 1;
        if is_final {
            return Ok(whole(partial.text, Cow::Owned(partial.payload)));
        }
        self.partial = Some(partial);
        Ok(Event::Nothing)
    }
}

fn whole(text: bool, payload: Cow<'_, [u8]>) -> Event<'_> {
    if text { Event::Text(payload) } else { Event::Binary(payload) }
}

/// RFC 6455, section 5.3; eight bytes at a time, which compilers widen further.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: u8 = 1;
    const BINARY: u8 = 2;
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![opcode | if fin { 0x80 } else { 0 }];
        match payload.len() {
            len @ 0..126 => bytes.push(0x80 | len as u8),
            len @ 126..0x1_0000 => {
                bytes.push(0x80 | 126);
                bytes.extend((len as u16).to_be_bytes());
            }
            len => {
                bytes.push(0x80 | 127);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// The messages of a stream that arrives in parts of the given length.
    fn decode(decoder: &mut Decoder, stream: &[u8], part: usize) -> Result<Vec<(bool, Vec<u8>)>, Violation> {
        let (mut messages, mut held) = (Vec::new(), Vec::new());
        for part in stream.chunks(part.max(1)) {
            held.extend_from_slice(part);
            while let Some((used, event)) = decoder.next(&mut held)? {
                match event {
                    Event::Text(payload) => messages.push((true, payload.into_owned())),
                    Event::Binary(payload) => messages.push((false, payload.into_owned())),
                    _ => {}
                }
                held.drain(..used);
            }
        }
        Ok(messages)
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let mut bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let read = Decoder::new(100).next(&mut bytes);
        assert_eq!(read, Ok(Some((11, Event::Text(b"Hello".into())))));
    }

    #[test]
    fn control_frames_between_fragments_are_seen_at_once() {
        let mut decoder = Decoder::new(100);
        decoder.next(&mut frame(false, TEXT, b"4he")).expect("a fragment");
        assert!(decoder.is_within_message());
        assert_eq!(decoder.next(&mut frame(true, 9, b"hi")), Ok(Some((8, Event::Ping(b"hi")))));
        let read = decoder.next(&mut frame(true, 0, b"llo")).map(|read| read.map(|(_, event)| format!("{event:?}")));
        assert_eq!(read, Ok(Some(format!("{:?}", Event::Text(b"4hello".into())))));
        assert!(!decoder.is_within_message());
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_by_its_header_alone() {
        let mut header = frame(true, TEXT, &[b'a'; 1001]);
        header.truncate(8);
        assert_eq!(Decoder::new(1000).next(&mut header), Err(Violation::TooLarge));
        let mut enormous = vec![0x82, 0xff];
        enormous.extend(u64::MAX.to_be_bytes());
        enormous.extend(MASK);
        assert_eq!(Decoder::new(1000).next(&mut enormous), Err(Violation::TooLarge));
    }

    #[test]
    fn fragments_are_limited_together_and_in_number() {
        let mut stream = frame(false, BINARY, &[0; 600]);
        stream.extend(frame(true, 0, &[0; 600]));
        assert_eq!(decode(&mut Decoder::new(1000), &stream, usize::MAX), Err(Violation::TooLarge));

        let mut stream = frame(false, TEXT, b"4");
        (0..FRAGMENTS_MAX).for_each(|_| stream.extend(frame(false, 0, b"")));
        assert_eq!(decode(&mut Decoder::new(1000), &stream, usize::MAX), Err(Violation::TooLarge));
    }

    #[test]
    fn frames_against_the_protocol_are_refused() {
        let unmasked = vec![0x81, 0x01, b'4'];
        let reserved_bit = {
            let mut bytes = frame(true, TEXT, b"4");
            bytes[0] |= 0x40;
            bytes
        };
        let cases = [
            ("unmasked", unmasked),
            ("reserved bit", reserved_bit),
            ("unknown opcode", frame(true, 3, b"4")),
            ("continuation of nothing", frame(true, 0, b"4")),
            ("fragmented ping", frame(false, 9, b"")),
            ("long ping", frame(true, 9, &[0; 126])),
            ("message within a message", [frame(false, TEXT, b"4"), frame(true, TEXT, b"4")].concat()),
        ];
        for (case, stream) in cases {
            assert_eq!(decode(&mut Decoder::new(1000), &stream, usize::MAX), Err(Violation::Protocol), "{case}");
        }
    }

    proptest! {
        #[test]
        fn messages_survive_any_cutting(
            messages in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..300)), 1..8),
            fragment in 1..100_usize,
            part in 1..400_usize,
        ) {
            let mut stream = Vec::new();
            for (text, payload) in &messages {
                let opcode = if *text { TEXT } else { BINARY };
                let mut rest: &[u8] = payload;
                let mut first = true;
                loop {
                    let (piece, tail) = rest.split_at(rest.len().min(fragment));
                    stream.extend(frame(tail.is_empty(), if first { opcode } else { 0 }, piece));
                    if tail.is_empty() { break; }
                    (rest, first) = (tail, false);
                }
            }
            prop_assume!(fragment >= 2);
            prop_assert_eq!(decode(&mut Decoder::new(1000), &stream, part), Ok(messages));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(stream in proptest::collection::vec(any::<u8>(), 0..300), part in 1..50_usize) {
            let _ = decode(&mut Decoder::new(200), &stream, part);
        }
    }
}
