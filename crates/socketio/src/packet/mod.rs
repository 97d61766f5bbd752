//! The packets of Socket.IO protocol 5 and their text form.
//!
//! A packet on the wire is `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`, followed by one binary message for
//! each attachment ("Packet encoding" in the specification). JSON stays text from end to end: it is checked once on the
//! way in, and parsed only where a handler asks for a type.

mod assemble;
mod decode;
mod encode;

use std::borrow::Cow;

use serde_json::value::RawValue;

pub(crate) use assemble::{Assembled, Assembler};
pub(crate) use decode::decode_own;
pub use decode::{ParseError, decode};
pub use encode::{EncodeError, encode};
pub(crate) use encode::{
    Encoded, encode_ack, encode_connect, encode_connect_error, encode_disconnect, encode_event, read_event, with_offset,
};

use crate::args::Args;

/// Binary attachments that one packet may announce. Node's default parser has no bound; the official clients rarely
/// send more than two or three.
pub const ATTACHMENTS_MAX: usize = 16;

/// Arguments that one packet of a client may carry. Each costs an allocation, however short it is, so a megabyte of them
/// would take up twenty. The reference implementation has no bound; more values belong into an array, which is one argument.
pub const ARGS_MAX: usize = 1024;

/// Bytes of the `auth` object in a CONNECT, which stays in memory as long as the socket does: as many as the head of an HTTP
/// request may have, where such things travel otherwise.
pub const AUTH_MAX: usize = 16 * 1024;

/// Bytes in the name of a namespace, so that a name can be echoed and logged without thought.
pub const NAMESPACE_MAX: usize = 256;

/// Event names that the client library uses for itself; a packet that carries one is refused, as Node refuses it.
pub const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// One Socket.IO packet.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The namespace it belongs to, starting with `/`.
    pub namespace: Cow<'static, str>,
    /// What it says.
    pub body: Body,
}

/// What a packet says. The binary variants of EVENT and ACK are not told apart: their [`Args`] hold attachments.
#[derive(Debug, Clone)]
pub enum Body {
    /// CONNECT: from a client the `auth` object, if it sent one; from the server `{"sid": …}`.
    Connect(Option<Box<RawValue>>),
    /// DISCONNECT from the namespace.
    Disconnect,
    /// EVENT or BINARY_EVENT.
    Event {
        /// The name of the event, never one of [`RESERVED_EVENTS`].
        name: Box<str>,
        /// The arguments after the name.
        args: Args,
        /// The ack id, if the sender wants an answer.
        id: Option<u64>,
    },
    /// ACK or BINARY_ACK: the answer to an event.
    Ack {
        /// The id that the event carried.
        id: u64,
        /// The arguments of the answer.
        args: Args,
    },
    /// CONNECT_ERROR: `{"message": …, "data"?: …}`; only a server sends it.
    ConnectError(Box<RawValue>),
}

/// The first character of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect = 0,
    Disconnect = 1,
    Event = 2,
    Ack = 3,
    ConnectError = 4,
    BinaryEvent = 5,
    BinaryAck = 6,
}

impl Kind {
    fn from_digit(digit: u8) -> Option<Kind> {
        Some(match digit {
            b'0' => Kind::Connect,
            b'1' => Kind::Disconnect,
            b'2' => Kind::Event,
            b'3' => Kind::Ack,
            b'4' => Kind::ConnectError,
            b'5' => Kind::BinaryEvent,
            b'6' => Kind::BinaryAck,
            _ => return None,
        })
    }

    fn digit(self) -> u8 {
        b'0' + self as u8
    }

    /// The same packet with attachments.
    fn binary(self) -> Kind {
        match self {
            Kind::Event => Kind::BinaryEvent,
            Kind::Ack => Kind::BinaryAck,
            other => other,
        }
    }

    fn is_binary(self) -> bool {
        matches!(self, Kind::BinaryEvent | Kind::BinaryAck)
    }
}
