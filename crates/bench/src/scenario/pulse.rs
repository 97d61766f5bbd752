//! Messages that carry the time at which they were sent.

use std::time::{Duration, Instant};

/// Digits of a time in microseconds.
const DIGITS: usize = 16;
/// So long is the text of a message, for a frame of about 120 bytes.
const TEXT: usize = 105;

/// The clock of one measurement, and the texts made by it.
pub(super) struct Pulse {
    clock: Instant,
    /// When the bytes of the session came that is being looked at.
    read_at: u64,
    session: usize,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { clock: Instant::now(), read_at: 0, session: usize::MAX }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// A packet of the given start, with a text, and the closing bracket.
    pub(super) fn packet(&self, start: &str) -> String {
        self.packet_of(start, TEXT)
    }

    /// The same with a text of another length.
    pub(super) fn packet_of(&self, start: &str, len: usize) -> String {
        format!("{start}\"{:0DIGITS$}{:x<2$}\"]", self.clock.elapsed().as_micros(), "", len - DIGITS)
    }

    /// A new turn: what comes now has come now.
    pub(super) fn turn(&mut self) {
        self.session = usize::MAX;
    }

    /// How long the message took, in microseconds; none when this is not a packet of the given start. What came for a
    /// session in one read has come at one time.
    pub(super) fn age(&mut self, session: usize, packet: &[u8], start: &str) -> Option<u32> {
        let text = packet.strip_prefix(start.as_bytes())?.strip_prefix(b"\"")?;
        let digits = text.first_chunk::<DIGITS>()?;
        let sent = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit.wrapping_sub(b'0')));
        if self.session != session {
            self.session = session;
            self.read_at = self.clock.elapsed().as_micros() as u64;
        }
        Some(self.read_at.saturating_sub(sent) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_packet_is_read_from_it() {
        let mut pulse = Pulse::new();
        let said = pulse.packet("42[\"said\",");
        assert_eq!(said.len(), 118, "two bytes of header make it 120");
        while pulse.elapsed() < Duration::from_millis(2) {}
        let age = pulse.age(0, said.as_bytes(), "42[\"said\",").unwrap();
        assert!(age >= 1000, "{age}");
        assert_eq!(pulse.age(0, b"42[\"other\",\"0000000000000000\"]", "42[\"said\","), None);
    }
}
