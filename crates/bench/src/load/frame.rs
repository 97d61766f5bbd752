//! WebSocket frames as a client writes and reads them, RFC 6455, section 5. The reading is for a peer that is trusted:
//! it costs as little as possible, since the load must not be what is measured.

/// The key of every frame: any value is as good, since nobody between us and the server is to be protected.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// The opcode of a text frame.
const TEXT: u8 = 1;
/// The opcode of a close frame.
const CLOSE: u8 = 8;

/// Appends a masked text frame.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(0x80 | TEXT);
    match text.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(text.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A whole frame from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A text message.
    Text(&'a [u8]),
    /// The server closes.
    Close,
    /// Anything else, which no server here has a reason to send.
    Other,
}

/// The frame at the start of `bytes` and its length; none when it is not all there.
pub(crate) fn next(bytes: &[u8]) -> Option<(usize, Frame<'_>)> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (start, len) = match second {
        126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*rest.first_chunk()?) as usize),
        len => (2, usize::from(len)),
    };
    let end = start + len;
    let payload = bytes.get(start..end)?;
    let frame = match first & 0x0f {
        TEXT => Frame::Text(payload),
        CLOSE => Frame::Close,
        _ => Frame::Other,
    };
    Some((end, frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server would send for a text.
    fn unmasked(text: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        put_text(&mut frame, text);
        let header = frame.len() - text.len() - MASK.len();
        frame[1] &= 0x7f;
        frame.splice(header.., text.iter().copied());
        frame
    }

    #[test]
    fn the_example_of_the_specification_is_written() {
        let mut frame = Vec::new();
        put_text(&mut frame, b"Hello");
        assert_eq!(frame, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn frames_of_every_length_are_read_and_cut_ones_are_waited_for() {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let text = vec![b'x'; len];
            let mut stream = unmasked(&text);
            let whole = stream.len();
            assert_eq!(next(&stream[..whole - 1]), None, "{len} bytes, cut");
            stream.extend(unmasked(b"next"));
            assert_eq!(next(&stream), Some((whole, Frame::Text(&text))), "{len} bytes");
        }
    }

    #[test]
    fn a_close_is_told_from_a_text() {
        assert_eq!(next(&[0x88, 0]), Some((2, Frame::Close)));
        assert_eq!(next(&[0x82, 1, 7]), Some((3, Frame::Other)));
    }
}
