//! The public name of a socket.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Random bytes behind an id: 120 bits, so that ids cannot be guessed or meet.
const RANDOM_BYTES: usize = 15;
/// Length of the text form: base64 without padding, as Node's `base64id` makes it.
const LENGTH: usize = 20;

/// The public id of a socket: 20 characters of `A–Z a–z 0–9 - _` from the system's random source.
///
/// It names the socket in one namespace, and the room that only this socket is in. It is **not** the Engine.IO session
/// id, which is a secret: whoever knows a `SocketId` can address the socket through the server's own code, and nothing
/// more. Socket.IO 5, "Connection to a namespace" (`sid` of the CONNECT answer).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId([u8; LENGTH]);

impl SocketId {
    /// A fresh id.
    pub(crate) fn random() -> SocketId {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).expect("the system has a random source");
        let mut text = [0; LENGTH];
        let written = URL_SAFE_NO_PAD.encode_slice(random, &mut text).expect("15 bytes are 20 characters of base64");
        debug_assert_eq!(written, LENGTH);
        SocketId(text)
    }

    /// Reads an id back from its text form. `None` if the text cannot be an id.
    pub fn parse(text: &str) -> Option<SocketId> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        let valid = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        valid.then_some(SocketId(bytes))
    }

    /// The text form, as the client sees it.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("ids are ASCII")
    }
}

impl Deref for SocketId {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a SocketId> for Cow<'a, str> {
    fn from(id: &'a SocketId) -> Cow<'a, str> {
        Cow::Borrowed(id.as_str())
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SocketId, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        SocketId::parse(&text).ok_or_else(|| D::Error::custom("no socket id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_twenty_characters_and_differ() {
        let (a, b) = (SocketId::random(), SocketId::random());
        assert_eq!(a.as_str().len(), 20);
        assert_ne!(a, b);
        assert_eq!(SocketId::parse(&a), Some(a));
    }

    #[test]
    fn other_text_is_no_id() {
        for text in ["", "short", "twenty characters öö", "aaaaaaaaaaaaaaaaaaa/", "aaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(SocketId::parse(text), None, "{text}");
        }
    }
}
