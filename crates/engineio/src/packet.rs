//! Engine.IO packets as a client sends them (Engine.IO protocol 4, "Packet encoding").

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::outbound::SEPARATOR;

/// Node's decoder takes base64 with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A packet from the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// `4`: a text message.
    Text(&'a str),
    /// `b` on long-polling: a binary message.
    Binary(Vec<u8>),
    /// `1`: the client closes.
    Close,
    /// `2`: with `probe` the first step of an upgrade, else an error, since pings come from the server.
    Ping(&'a str),
    /// `3`: the answer to a ping.
    Pong,
    /// `5`: the last step of an upgrade.
    Upgrade,
    /// `0`, `6`: known, without a meaning from a client.
    Ignored,
}

/// What arrived is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Engine.IO packet")]
pub(crate) struct Malformed;

impl<'a> Packet<'a> {
    /// Decodes a text packet, the only kind that travels in WebSocket text frames.
    pub(crate) fn text(packet: &'a str) -> Result<Self, Malformed> {
        let kind = *packet.as_bytes().first().ok_or(Malformed)?;
        let rest = packet.get(1..).ok_or(Malformed)?;
        Ok(match kind {
            b'4' => Self::Text(rest),
            b'3' => Self::Pong,
            b'2' => Self::Ping(rest),
            b'1' => Self::Close,
            b'5' => Self::Upgrade,
            b'0' | b'6' => Self::Ignored,
            _ => return Err(Malformed),
        })
    }

    /// Decodes one packet of a long-polling payload.
    pub(crate) fn polling(packet: &'a str) -> Result<Self, Malformed> {
        match packet.strip_prefix('b') {
            Some(encoded) => BASE64.decode(encoded).map(Self::Binary).map_err(|_| Malformed),
            None => Self::text(packet),
        }
    }
}

/// The packets of a long-polling payload, one at a time; there may be as many as fit into `maxPayload`.
pub(crate) fn split(payload: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(payload);
    std::iter::from_fn(move || {
        let payload = rest?;
        match memchr::memchr(SEPARATOR, payload.as_bytes()) {
            Some(end) => {
                rest = Some(&payload[end + 1..]);
                Some(&payload[..end])
            }
            None => rest.take(),
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Frame;
    use crate::outbound::Outbound;

    #[test]
    fn every_kind_of_packet_is_told_apart() {
        assert_eq!(Packet::text("4hello"), Ok(Packet::Text("hello")));
        assert_eq!(Packet::text("4"), Ok(Packet::Text("")));
        assert_eq!(Packet::text("2probe"), Ok(Packet::Ping("probe")));
        assert_eq!(Packet::text("3"), Ok(Packet::Pong));
        assert_eq!(Packet::text("1"), Ok(Packet::Close));
        assert_eq!(Packet::text("5"), Ok(Packet::Upgrade));
        assert_eq!(Packet::text("6"), Ok(Packet::Ignored));
        assert_eq!(Packet::polling("bAQIDBA=="), Ok(Packet::Binary(vec![1, 2, 3, 4])));
        assert_eq!(Packet::polling("bAQIDBA"), Ok(Packet::Binary(vec![1, 2, 3, 4])));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for packet in ["", "abc", "7", "é", "b", "-1"] {
            assert_eq!(Packet::text(packet), Err(Malformed), "{packet:?}");
        }
        for packet in ["b*", "bA", "bAQ=I", "é", ""] {
            assert_eq!(Packet::polling(packet), Err(Malformed), "{packet:?}");
        }
    }

    #[test]
    fn an_empty_part_of_a_payload_is_a_packet_of_its_own() {
        assert_eq!(split("4a\u{1e}\u{1e}4b").collect::<Vec<_>>(), ["4a", "", "4b"]);
        assert_eq!(split("4a\u{1e}").collect::<Vec<_>>(), ["4a", ""]);
        assert_eq!(split("").collect::<Vec<_>>(), [""]);
    }

    #[derive(Clone, Debug)]
    enum Sent {
        Text(String),
        Binary(Vec<u8>),
    }

    fn sent() -> impl Strategy<Value = Sent> {
        prop_oneof![
            "[^\u{1e}]{0,40}".prop_map(Sent::Text),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Sent::Binary),
        ]
    }

    proptest! {
        #[test]
        fn a_payload_gives_back_the_messages_that_went_in(messages in proptest::collection::vec(sent(), 1..20)) {
            let mut queue = Outbound::default();
            let frames = messages.iter().map(|message| match message {
                Sent::Text(text) => Frame::text(text),
                Sent::Binary(bytes) => Frame::binary(bytes),
            });
            prop_assert!(queue.push(frames, usize::MAX));
            let (payload, packets) = queue.take_payload();
            prop_assert_eq!(packets, messages.len() as u64);
            let payload = std::str::from_utf8(&payload).expect("payloads are text");
            for (packet, message) in split(payload).zip(&messages) {
                match (Packet::polling(packet).expect("own packets are well-formed"), message) {
                    (Packet::Text(got), Sent::Text(sent)) => prop_assert_eq!(got, sent),
                    (Packet::Binary(got), Sent::Binary(sent)) => prop_assert_eq!(&got, sent),
                    (got, sent) => prop_assert!(false, "{:?} came back as {:?}", sent, got),
                }
            }
            prop_assert_eq!(split(payload).count(), messages.len());
        }

        #[test]
        fn no_text_makes_the_decoder_panic(payload in any::<String>()) {
            for packet in split(&payload) {
                let _ = Packet::polling(packet);
                let _ = Packet::text(packet);
            }
        }
    }
}
