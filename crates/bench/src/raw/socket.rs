//! One connection of the yardstick.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::sync::Arc;

use mio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

/// Frames are copied together up to this length.
const COALESCE_MAX: usize = 64 * 1024;
/// Node's open packet, with an id that is no secret.
const OPEN: &str = r#"0{"sid":"000000000000000000000000","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const CONNECTED: &str = r#"40{"sid":"000000000000000000000000"}"#;

/// What is to be sent because of what came.
pub(super) enum Said {
    ToSelf(Arc<[u8]>),
    ToAll(Arc<[u8]>),
}

pub(super) struct Socket {
    stream: TcpStream,
    queue: VecDeque<Arc<[u8]>>,
    /// What of the first frame is written.
    written: usize,
    /// The handshake is done: frames follow.
    open: bool,
    /// Events reach it.
    joined: bool,
    dirty: bool,
    /// What came and is not whole; it has no memory otherwise.
    held: Vec<u8>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, queue: VecDeque::new(), written: 0, open: false, joined: false, dirty: false, held: Vec::new() }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    /// Takes what is whole of the bytes and keeps the rest.
    pub(super) fn take(&mut self, bytes: &mut [u8], said: &mut Vec<Said>) -> io::Result<()> {
        if self.held.is_empty() {
            let used = self.consume(bytes, said)?;
            self.held.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let used = self.consume(&mut held, said)?;
        self.held.extend_from_slice(&held[used..]);
        Ok(())
    }

    fn consume(&mut self, bytes: &mut [u8], said: &mut Vec<Said>) -> io::Result<usize> {
        let mut used = 0;
        if !self.open {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(0) };
            used = end + 4;
            said.push(Said::ToSelf(accept(&bytes[..end])?.into_bytes().into()));
            said.push(Said::ToSelf(text(OPEN.as_bytes())));
            self.open = true;
        }
        while let Some((len, payload)) = unmasked(&mut bytes[used..])? {
            used += len;
            match payload {
                b"40" => {
                    self.joined = true;
                    said.push(Said::ToSelf(text(CONNECTED.as_bytes())));
                }
                payload => said.extend(answer(payload)),
            }
        }
        Ok(used)
    }

    /// Queues a frame; true when the socket has to be put on the list of those that write.
    pub(super) fn queue(&mut self, frame: Arc<[u8]>) -> bool {
        self.queue.push_back(frame);
        !std::mem::replace(&mut self.dirty, true)
    }

    pub(super) fn is_joined(&self) -> bool {
        self.joined
    }

    /// Whether it has something to say and is on no list yet; it then counts as being on one.
    pub(super) fn wants_to_write(&mut self) -> bool {
        !self.queue.is_empty() && !std::mem::replace(&mut self.dirty, true)
    }

    /// Writes until the queue is empty or the peer takes no more.
    pub(super) fn flush(&mut self, scratch: &mut Vec<u8>) -> io::Result<()> {
        self.dirty = false;
        while !self.queue.is_empty() {
            scratch.clear();
            let mut from = self.written;
            for frame in &self.queue {
                if !scratch.is_empty() && scratch.len() + frame.len() > COALESCE_MAX {
                    break;
                }
                scratch.extend_from_slice(&frame[from..]);
                from = 0;
            }
            match self.stream.write(scratch) {
                Ok(written) => {
                    self.advance(written);
                    if written < scratch.len() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn advance(&mut self, written: usize) {
        self.written += written;
        while let Some(first) = self.queue.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.queue.pop_front();
        }
        if self.queue.is_empty() && self.queue.capacity() > 32 {
            self.queue = VecDeque::new();
        }
    }
}

/// The answer to a WebSocket handshake.
fn accept(head: &[u8]) -> io::Result<String> {
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let headers = head.split("\r\n").filter_map(|line| line.split_once(": "));
    let key = headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
    let (_, key) = key.ok_or_else(|| io::Error::other("no WebSocket handshake"))?;
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    ))
}

/// What the two events of the load ask for: `say` goes to everybody as `said`, `echo` comes back as its ack.
fn answer(payload: &[u8]) -> Option<Said> {
    let rest = payload.strip_prefix(b"42")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (id, event) = rest.split_at(digits);
    if let Some(args) = event.strip_prefix(br#"["say","#) {
        return Some(Said::ToAll(text(&[br#"42["said","#, args].concat())));
    }
    let args = event.strip_prefix(br#"["echo","#)?;
    Some(Said::ToSelf(text(&[b"43", id, b"[", args].concat())))
}

/// A finished text frame.
fn text(payload: &[u8]) -> Arc<[u8]> {
    let mut frame = Vec::with_capacity(payload.len() + 4);
    match payload.len() {
        len @ 0..126 => frame.extend([0x81, len as u8]),
        len => {
            frame.extend([0x81, 126]);
            frame.extend((len as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.into()
}

/// The first frame, its payload unmasked in place; none when it is not all there.
fn unmasked(bytes: &mut [u8]) -> io::Result<Option<(usize, &[u8])>> {
    let (len, start) = match *bytes {
        [0x81, 0xfe, high, low, ..] => (usize::from(u16::from_be_bytes([high, low])), 8),
        [0x81, second, ..] if second & 0x80 != 0 && second < 0xfe => (usize::from(second & 0x7f), 6),
        [] | [0x81] | [0x81, 0xfe, ..] => return Ok(None),
        _ => return Err(io::Error::other("the yardstick knows short masked text frames only")),
    };
    if bytes.len() < start + len {
        return Ok(None);
    }
    let (head, payload) = bytes[..start + len].split_at_mut(start);
    let mask = [head[start - 4], head[start - 3], head[start - 2], head[start - 1]];
    let (words, rest) = payload.as_chunks_mut::<4>();
    words.iter_mut().for_each(|word| *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes());
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    Ok(Some((start + len, payload)))
}
