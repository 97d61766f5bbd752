//! Text to packet. Everything here is fed by strangers: it returns an error for whatever it does not understand,
//! allocates no more than the text is long, and does not recurse.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::{ARGS_MAX, ATTACHMENTS_MAX, AUTH_MAX, Body, Kind, NAMESPACE_MAX, Packet, RESERVED_EVENTS};
use crate::args::Args;

/// Why a packet was refused. The socket that sent it is closed with the reason "parse error".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is empty or its first character is not a digit from 0 to 6.
    #[error("unknown packet type")]
    Type,
    /// The number of attachments is missing, malformed, or above [`ATTACHMENTS_MAX`].
    #[error("illegal number of attachments")]
    Attachments,
    /// The namespace is longer than [`NAMESPACE_MAX`] bytes.
    #[error("namespace too long")]
    Namespace,
    /// An ack has no id, the id does not fit 64 bits, or a packet has an id that may not have one.
    #[error("illegal ack id")]
    Id,
    /// The JSON is malformed or is not what this type of packet carries, or it is more than [`ARGS_MAX`] or [`AUTH_MAX`].
    #[error("invalid payload")]
    Payload,
    /// The event has a name that is reserved for the library.
    #[error("reserved event name")]
    Reserved,
    /// A placeholder points at an attachment that does not exist.
    #[error("illegal attachments")]
    Placeholder,
    /// The attachments of one packet have more bytes together than one message may have.
    #[error("attachments too large")]
    TooLarge,
    /// Binary data came without a packet that announced it, or text while attachments were due.
    #[error("binary data out of turn")]
    Turn,
}

/// Reads the text of a packet.
///
/// Returns the packet and the number of binary messages that have to follow; hand those to [`Packet::attach`].
///
/// # Errors
/// [`ParseError`] for everything that the specification does not allow.
pub fn decode(text: &str) -> Result<(Packet, usize), ParseError> {
    read(text, &Limits { attachments: ATTACHMENTS_MAX, args: ARGS_MAX, auth: AUTH_MAX })
}

/// Reads what a server of this kind wrote: an application may send more than strangers may.
pub(crate) fn decode_own(text: &str) -> Result<(Packet, usize), ParseError> {
    read(text, &Limits { attachments: usize::MAX, args: usize::MAX, auth: usize::MAX })
}

/// What a packet may hold.
struct Limits {
    attachments: usize,
    args: usize,
    auth: usize,
}

fn read(text: &str, limits: &Limits) -> Result<(Packet, usize), ParseError> {
    let (&first, _) = text.as_bytes().split_first().ok_or(ParseError::Type)?;
    let kind = Kind::from_digit(first).ok_or(ParseError::Type)?;
    let rest = &text[1..];

    let (attachments, rest) = if kind.is_binary() { split_attachments(rest, limits.attachments)? } else { (0, rest) };
    let (namespace, rest) = split_namespace(rest)?;
    let (id, payload) = split_id(rest)?;

    if id.is_some() && !matches!(kind, Kind::Event | Kind::BinaryEvent | Kind::Ack | Kind::BinaryAck) {
        return Err(ParseError::Id);
    }
    let body = match kind {
        Kind::Connect if payload.is_empty() => Body::Connect(None),
        Kind::Connect if payload.len() > limits.auth => return Err(ParseError::Payload),
        Kind::Connect => Body::Connect(Some(object(payload)?)),
        Kind::Disconnect if payload.is_empty() => Body::Disconnect,
        Kind::Disconnect => return Err(ParseError::Payload),
        Kind::ConnectError => Body::ConnectError(object(payload)?),
        Kind::Event | Kind::BinaryEvent => {
            let EventText { name, args } = whole(payload, EventParts { args_max: limits.args })?;
            if RESERVED_EVENTS.contains(&&*name) {
                return Err(ParseError::Reserved);
            }
            Body::Event { name, args: Args::from_values(args), id }
        }
        Kind::Ack | Kind::BinaryAck => {
            let args = whole(payload, AckParts { args_max: limits.args })?;
            Body::Ack { id: id.ok_or(ParseError::Id)?, args: Args::from_values(args) }
        }
    };
    // Nearly everything is for this one, so that it needs no memory of its own.
    let namespace = if namespace == "/" { Cow::Borrowed("/") } else { Cow::Owned(namespace.to_owned()) };
    Ok((Packet { namespace, body }, attachments))
}

impl Packet {
    /// Gives a packet the attachments that it announced.
    ///
    /// # Errors
    /// [`ParseError::Placeholder`] if a placeholder in the arguments points past the attachments, and
    /// [`ParseError::Turn`] if the packet is of a type that has none.
    pub fn attach(&mut self, attachments: Vec<Bytes>) -> Result<(), ParseError> {
        let (Body::Event { args, .. } | Body::Ack { args, .. }) = &mut self.body else { return Err(ParseError::Turn) };
        for index in 0..args.len() {
            let text = args.raw(index).map_or("null", RawValue::get);
            // Also holds the nesting of packets with attachments to what serde_json reads without overflowing the stack.
            let value: Value = serde_json::from_str(text).map_err(|_| ParseError::Payload)?;
            check_placeholders(&value, attachments.len())?;
        }
        args.set_attachments(attachments);
        Ok(())
    }
}

/// Every `{"_placeholder": true}` must name an attachment that exists. Recursion is bounded by serde_json's own limit.
fn check_placeholders(value: &Value, attachments: usize) -> Result<(), ParseError> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_placeholders(item, attachments)),
        Value::Object(fields) if fields.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = fields.get("num").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            number.filter(|number| *number < attachments).map(|_| ()).ok_or(ParseError::Placeholder)
        }
        Value::Object(fields) => fields.values().try_for_each(|item| check_placeholders(item, attachments)),
        _ => Ok(()),
    }
}

fn split_attachments(text: &str, max: usize) -> Result<(usize, &str), ParseError> {
    let (count, rest) = text.split_once('-').ok_or(ParseError::Attachments)?;
    if count.is_empty() || count.len() > 19 || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseError::Attachments);
    }
    let count: usize = count.parse().map_err(|_| ParseError::Attachments)?;
    if count > max {
        return Err(ParseError::Attachments);
    }
    Ok((count, rest))
}

fn split_namespace(text: &str) -> Result<(&str, &str), ParseError> {
    if !text.starts_with('/') {
        return Ok(("/", text));
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    if namespace.len() > NAMESPACE_MAX {
        return Err(ParseError::Namespace);
    }
    Ok((namespace, rest))
}

fn split_id(text: &str) -> Result<(Option<u64>, &str), ParseError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Ok((None, text));
    }
    let (id, rest) = text.split_at(digits);
    Ok((Some(id.parse().map_err(|_| ParseError::Id)?), rest))
}

fn object(payload: &str) -> Result<Box<RawValue>, ParseError> {
    let raw: Box<RawValue> = serde_json::from_str(payload).map_err(|_| ParseError::Payload)?;
    if raw.get().starts_with('{') { Ok(raw) } else { Err(ParseError::Payload) }
}

type Values = SmallVec<[Box<RawValue>; 1]>;

/// Reads a text that is this and nothing else.
fn whole<'de, S: DeserializeSeed<'de>>(text: &'de str, what: S) -> Result<S::Value, ParseError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = what.deserialize(&mut json).map_err(|_| ParseError::Payload)?;
    json.end().map_err(|_| ParseError::Payload)?;
    Ok(value)
}

/// `["name", …args]`, read in one pass.
struct EventText {
    name: Box<str>,
    args: Values,
}

struct EventParts {
    args_max: usize,
}

impl<'de> DeserializeSeed<'de> for EventParts {
    type Value = EventText;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EventText, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EventParts {
    type Value = EventText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array that starts with the name of an event")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<EventText, A::Error> {
        let Name(name) = items.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
        Ok(EventText { name, args: collect(items, self.args_max)? })
    }
}

/// `[…args]`.
struct AckParts {
    args_max: usize,
}

impl<'de> DeserializeSeed<'de> for AckParts {
    type Value = Values;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Values, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AckParts {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Values, A::Error> {
        collect(items, self.args_max)
    }
}

fn collect<'de, A: SeqAccess<'de>>(mut items: A, max: usize) -> Result<Values, A::Error> {
    let mut values = Values::new();
    while let Some(value) = items.next_element()? {
        if values.len() == max {
            return Err(de::Error::custom("too many arguments"));
        }
        values.push(value);
    }
    Ok(values)
}

/// The name of an event. The reference implementation also takes a number; it is kept as its digits.
struct Name(Box<str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an event")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
                Ok(Name(name.into()))
            }

            fn visit_u64<E: de::Error>(self, name: u64) -> Result<Name, E> {
                Ok(Name(name.to_string().into()))
            }

            fn visit_i64<E: de::Error>(self, name: i64) -> Result<Name, E> {
                Ok(Name(name.to_string().into()))
            }

            fn visit_f64<E: de::Error>(self, name: f64) -> Result<Name, E> {
                Ok(Name(name.to_string().into()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}
