//! The queue of one socket: what waits to be written, bounded in bytes.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use crate::Frame;

/// Frames are copied together up to this length and written by one system call.
const COALESCE_MAX: usize = 64 * 1024;
/// A frame from this length on is written from where it is, without a copy.
const DIRECT_MIN: usize = 16 * 1024;
/// A queue that had room for more frames than this gives the room back when it is empty.
const ROOM_KEPT: usize = 32;
/// Between the packets of a long-polling payload (Engine.IO protocol 4, "Payload encoding").
pub(crate) const SEPARATOR: u8 = 0x1e;

/// The frames that wait for one peer, and their account.
#[derive(Default)]
pub(crate) struct Outbound {
    frames: VecDeque<Frame>,
    /// What of the first frame is already written.
    written: usize,
    /// What counts towards the limit: every frame here or in a response that is being sent.
    bytes: usize,
    /// How much of what is queued first does not count; see [`Outbound::push`].
    uncounted: usize,
    /// The part of `bytes` that is in a long-polling response.
    in_flight: usize,
    /// How many frames have left.
    left: u64,
    /// The places, counted from the first frame ever, of messages and the binary ones that were queued right behind them: an
    /// event and its attachments.
    units: VecDeque<Range<u64>>,
}

/// The next bytes to write.
pub(crate) enum Chunk {
    /// There is nothing.
    Empty,
    /// They were copied to the scratch buffer.
    Copied,
    /// The rest of this frame from this place on.
    Direct(Frame, usize),
}

impl Outbound {
    /// Queues the frames next to each other. Returns false when that exceeds `limit`.
    ///
    /// Onto an empty queue they are admitted whatever their size, since otherwise a message longer than the limit could
    /// never be sent. They then count with half of the limit, so that what follows them finds the other half.
    pub(crate) fn push(&mut self, frames: impl IntoIterator<Item = Frame>, limit: usize) -> bool {
        let before = self.frames.len();
        self.frames.extend(frames);
        self.note_units(before);
        let added: usize = self.frames.range(before..).map(Frame::cost).sum();
        if self.bytes == 0 && added > limit {
            self.bytes = limit / 2;
            self.uncounted = added - self.bytes;
            return true;
        }
        self.bytes += added;
        self.bytes <= limit
    }

    /// Queues the answer to a ping. One that still waits behind everything else is replaced: of several pings only the
    /// newest needs an answer (RFC 6455, section 5.5.3). Returns false when that exceeds `limit`.
    pub(crate) fn push_pong(&mut self, pong: Frame, limit: usize) -> bool {
        let begun = self.frames.len() == 1 && self.written > 0;
        match self.frames.back_mut().filter(|last| last.is_pong() && !begun) {
            Some(last) => {
                self.bytes = (self.bytes + pong.cost()).saturating_sub(last.cost());
                *last = pong;
                true
            }
            None => self.push([pong], limit),
        }
    }

    /// Queues a frame that no limit applies to: the engine's own.
    pub(crate) fn push_control(&mut self, frame: Frame) {
        self.bytes += frame.cost();
        self.frames.push_back(frame);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether more waits than the engine's own packets.
    pub(crate) fn has_messages(&self) -> bool {
        self.frames.iter().any(Frame::is_message)
    }

    /// What counts towards the limit, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the peer still reads a long-polling response.
    pub(crate) fn in_flight(&self) -> bool {
        self.in_flight > 0
    }

    /// The next bytes for a WebSocket: as many frames as fit into one write.
    pub(crate) fn gather(&self, scratch: &mut Vec<u8>) -> Chunk {
        let Some(first) = self.frames.front() else { return Chunk::Empty };
        let rest = &first.wire()[self.written..];
        if rest.len() >= DIRECT_MIN {
            return Chunk::Direct(first.clone(), self.written);
        }
        scratch.clear();
        scratch.extend_from_slice(rest);
        for frame in self.frames.iter().skip(1) {
            if scratch.len() + frame.wire().len() > COALESCE_MAX {
                break;
            }
            scratch.extend_from_slice(frame.wire());
        }
        Chunk::Copied
    }

    /// `written` more bytes are with the kernel. Returns how many frames that finished.
    pub(crate) fn advance(&mut self, written: usize) -> u64 {
        let mut finished = 0;
        self.written += written;
        while let Some(frame) = self.frames.front() {
            let (len, cost) = (frame.wire().len(), frame.cost());
            if self.written < len {
                break;
            }
            self.written -= len;
            self.frames.pop_front();
            self.release(cost);
            finished += 1;
        }
        self.left += finished;
        while self.units.front().is_some_and(|unit| unit.end <= self.left) {
            self.units.pop_front();
        }
        self.give_room_back();
        finished
    }

    /// Everything that waits, as a long-polling payload, which counts until [`Outbound::landed`].
    pub(crate) fn take_payload(&mut self) -> (Bytes, u64) {
        let mut body = Vec::with_capacity(self.frames.iter().map(|frame| frame.wire().len()).sum());
        let packets = self.frames.len() as u64;
        self.left += packets;
        self.units.clear();
        for (place, frame) in self.frames.drain(..).enumerate() {
            if place > 0 {
                body.push(SEPARATOR);
            }
            frame.write_polling(&mut body);
        }
        self.in_flight = self.bytes;
        self.uncounted = 0;
        self.give_room_back();
        (body.into(), packets)
    }

    /// The long-polling response has been handed over.
    pub(crate) fn landed(&mut self) {
        self.bytes -= self.in_flight;
        self.in_flight = 0;
    }

    /// Whether there is a frame that has not begun to leave.
    pub(crate) fn is_waiting(&self) -> bool {
        self.frames.len() > usize::from(self.written > 0)
    }

    /// Drops what waits, except the rest of what has begun to leave: a frame, or no close frame could follow, and the
    /// attachments behind it, or the peer would take what follows for one.
    pub(crate) fn drop_waiting(&mut self) {
        let begun = self.left + u64::from(self.written > 0);
        self.units.retain(|unit| unit.start < begun);
        let end = self.units.front().map_or(begun, |unit| unit.end);
        self.frames.truncate((end - self.left) as usize);
        self.uncounted = 0;
        self.bytes = self.in_flight + self.frames.iter().map(Frame::cost).sum::<usize>();
    }

    /// Drops everything: the peer is gone.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Finds the messages with attachments among the frames from this place on, which were queued together.
    fn note_units(&mut self, from: usize) {
        let mut begin = from;
        for end in from + 1..=self.frames.len() {
            if self.frames.get(end).is_some_and(Frame::is_binary) {
                continue;
            }
            if end > begin + 1 {
                self.units.push_back(self.left + begin as u64..self.left + end as u64);
            }
            begin = end;
        }
    }

    fn release(&mut self, cost: usize) {
        let free = cost.min(self.uncounted);
        self.uncounted -= free;
        self.bytes = self.bytes.saturating_sub(cost - free);
    }

    fn give_room_back(&mut self) {
        if self.frames.is_empty() && self.frames.capacity() > ROOM_KEPT {
            self.frames = VecDeque::new();
            self.units = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a queue writes in steps of the given length, and how many frames that were.
    fn written(queue: &mut Outbound, step: usize) -> (Vec<u8>, u64) {
        let (mut stream, mut scratch, mut frames) = (Vec::new(), Vec::new(), 0);
        loop {
            let bytes = match queue.gather(&mut scratch) {
                Chunk::Empty => return (stream, frames),
                Chunk::Copied => scratch.clone(),
                Chunk::Direct(frame, from) => frame.wire()[from..].to_vec(),
            };
            let taken = bytes.len().min(step);
            stream.extend_from_slice(&bytes[..taken]);
            frames += queue.advance(taken);
        }
    }

    #[test]
    fn every_byte_is_written_once_however_little_the_peer_takes() {
        let frames: Vec<Frame> =
            [1, 125, 126, 20_000, 3, 70_000, 2].map(|len| Frame::binary(&vec![len as u8; len])).into();
        let whole: Vec<u8> = frames.iter().flat_map(|frame| frame.wire().to_vec()).collect();
        for step in [1, 7, 1000, 65_536, usize::MAX] {
            let mut queue = Outbound::default();
            assert!(queue.push(frames.clone(), usize::MAX));
            assert_eq!(written(&mut queue, step), (whole.clone(), frames.len() as u64), "{step} bytes at a time");
            assert_eq!(queue.bytes(), 0);
        }
    }

    #[test]
    fn small_frames_share_a_write_and_large_ones_are_not_copied() {
        let mut queue = Outbound::default();
        queue.push((0..100).map(|_| Frame::text("small")), usize::MAX);
        queue.push([Frame::binary(&[0; 40_000])], usize::MAX);
        let mut scratch = Vec::new();
        assert!(matches!(queue.gather(&mut scratch), Chunk::Copied));
        assert_eq!(scratch.len(), 100 * 8 + 40_004);
        queue.advance(800);
        assert!(matches!(queue.gather(&mut scratch), Chunk::Direct(_, 0)));
    }

    #[test]
    fn the_limit_is_kept_except_for_the_first_message() {
        let small = Frame::binary(&[0; 100]);
        let cost = small.cost();
        let mut queue = Outbound::default();
        assert!(queue.push([small.clone(), small.clone()], 2 * cost));
        assert!(!queue.push([small.clone()], 2 * cost));

        let mut queue = Outbound::default();
        assert!(queue.push([Frame::binary(&[0; 10_000])], 1_000));
        assert_eq!(queue.bytes(), 500);
        assert!(queue.push([small.clone()], 1_000));
        assert!(queue.push([small.clone()], 1_000));
        assert!(!queue.push([small], 1_000));
        written(&mut queue, usize::MAX);
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn a_newer_pong_takes_the_place_of_one_that_waits_but_not_of_one_that_is_being_written() {
        let mut queue = Outbound::default();
        for text in [&b"one"[..], b"second", b"3"] {
            assert!(queue.push_pong(Frame::pong(text), 1_000));
        }
        queue.advance(1);
        assert!(queue.push_pong(Frame::pong(b"four"), 1_000));
        assert_eq!(written(&mut queue, usize::MAX), (b"\x013\x8a\x04four".to_vec(), 2));
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn dropping_what_waits_keeps_the_rest_of_a_started_frame() {
        let mut queue = Outbound::default();
        queue.push([Frame::text("first")], usize::MAX);
        queue.push([Frame::text("second")], usize::MAX);
        queue.advance(3);
        queue.drop_waiting();
        queue.push_control(Frame::close(1000));
        let (stream, frames) = written(&mut queue, usize::MAX);
        assert_eq!((stream.as_slice(), frames), (&b"first\x88\x02\x03\xe8"[..], 2));
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn what_was_queued_together_leaves_together_or_not_at_all() {
        let event = || [Frame::text("event"), Frame::binary(b"one"), Frame::binary(b"two")];
        let last = Frame::close(1000);
        // How much has left, and how many frames of the first event the peer gets in all.
        for (taken, frames) in [(0, 0), (1, 3), (8, 3), (9, 3), (18, 3)] {
            let mut queue = Outbound::default();
            queue.push([Frame::text("alone")], usize::MAX);
            let alone = Frame::text("alone").wire().len();
            queue.push(event(), usize::MAX);
            queue.push(event(), usize::MAX);
            queue.advance(alone);
            queue.advance(taken);
            queue.drop_waiting();
            queue.push_control(last.clone());
            let whole =
                event()[..frames].iter().chain([&last]).flat_map(|frame| frame.wire().to_vec()).collect::<Vec<_>>();
            assert_eq!(written(&mut queue, usize::MAX).0, whole[taken..], "{taken} bytes had left");
            assert_eq!(queue.bytes(), 0);
        }
    }

    #[test]
    fn messages_that_were_queued_together_are_dropped_one_by_one() {
        let mut queue = Outbound::default();
        let event = || [Frame::text("event"), Frame::binary(b"one"), Frame::binary(b"two")];
        queue.push(event().into_iter().chain([Frame::text("alone")]).chain(event()), usize::MAX);
        let whole = event().iter().flat_map(|frame| frame.wire().to_vec()).collect::<Vec<_>>();
        queue.advance(1);
        queue.drop_waiting();
        assert_eq!(written(&mut queue, usize::MAX).0, whole[1..]);
    }

    #[test]
    fn a_payload_counts_until_it_has_landed() {
        let mut queue = Outbound::default();
        queue.push([Frame::text("a")], usize::MAX);
        let before = queue.bytes();
        let (payload, packets) = queue.take_payload();
        assert_eq!((&payload[..], packets, queue.bytes()), (&b"4a"[..], 1, before));
        queue.push([Frame::text("b")], usize::MAX);
        queue.landed();
        assert_eq!(queue.bytes(), before);
    }
}
