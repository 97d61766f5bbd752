//! Targets for a fuzzer: functions that take any bytes and panic where a promise is broken.
//!
//! cargo-fuzz builds with `--cfg fuzzing`, which makes them public for the workspace in `fuzz/`; its README says how.
//! The crate's own tests call them with the corpus and with what proptest makes of it. Nobody else sees them.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::packet::{
    ATTACHMENTS_MAX, Assembled, Assembler, Body, NAMESPACE_MAX, Packet, ParseError, RESERVED_EVENTS, decode, encode,
    encode_ack, encode_event,
};
use crate::{Args, Binary};

/// The text of a packet. Promises: what is read keeps within the limits and is no longer than the text; it is written
/// again as what it was; no type that a handler asks for makes it panic.
pub fn packet(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok((mut packet, due)) = decode(text) else { return };
    assert!(due <= ATTACHMENTS_MAX);
    if due > 0 && packet.attach(vec![Bytes::from_static(b"data"); due]).is_err() {
        return;
    }
    check(&packet, text.len());
}

/// What holds of every packet that was read from a text of so many bytes.
fn check(packet: &Packet, len: usize) {
    assert!(packet.namespace.starts_with('/') && packet.namespace.len() <= NAMESPACE_MAX);
    if let Body::Event { name, .. } = &packet.body {
        assert!(!RESERVED_EVENTS.contains(&&**name));
    }
    if let Body::Event { args, .. } | Body::Ack { args, .. } = &packet.body {
        let kept: usize = (0..args.len()).filter_map(|index| args.raw(index)).map(|raw| raw.get().len()).sum();
        assert!(kept < len);
        // None of these need fit.
        let _ = args.parse::<Vec<Value>>();
        let _ = args.parse::<Vec<Binary>>();
        let _ = args.parse::<(Tree, Option<Tree>)>();
    }

    let (text, attachments) = encode(packet).expect("what was read can be written");
    let (mut again, due) = decode(&text).expect("what was written can be read");
    assert_eq!(due, attachments.len());
    if due > 0 {
        again.attach(attachments.clone()).expect("the attachments are what they were");
    }
    assert_eq!(again.namespace, packet.namespace);
    assert_eq!(encode(&again).expect("what was read can be written"), (text, attachments));
}

/// The messages of a connection, a line each: one that begins with `b` is binary, another is text. Promises: a packet
/// comes with exactly the attachments that followed its text, in their order; a message out of turn and an attachment
/// too many are refused; never more is awaited than a packet may have.
pub fn sequence(data: &[u8]) {
    let mut assembler = Assembler::new(usize::MAX);
    let mut begun: Option<Begun<'_>> = None;
    for message in data.split(|byte| *byte == b'\n') {
        let (assembled, expected) = match (message.strip_prefix(b"b"), std::str::from_utf8(message)) {
            (Some(attachment), _) => {
                (assembler.binary(Bytes::copy_from_slice(attachment)), take_binary(&mut begun, attachment))
            }
            (None, Ok(text)) => (assembler.text(text), take_text(&mut begun, text)),
            (None, Err(_)) => continue,
        };
        match (assembled, expected) {
            (Ok(Assembled::Whole(packet, size)), Ok(Expected::Whole(attachments))) => {
                if let Body::Event { args, .. } | Body::Ack { args, .. } = &packet.body {
                    assert!(args.attachments().iter().eq(attachments.attachments.iter()));
                }
                assert_eq!(size, attachments.size);
                check(&packet, size);
            }
            (Ok(Assembled::Begun | Assembled::More), Ok(Expected::More)) => {}
            // The connection is closed, and nothing more is read from it.
            (Err(error), Err(expected)) => return assert!(expected.contains(&error), "{error}"),
            (assembled, _) => panic!("{:?} brought {assembled:?}", String::from_utf8_lossy(message)),
        }
        let due = begun.as_ref().map_or(0, |begun| begun.due - begun.attachments.len());
        assert_eq!(assembler.due(), due);
        assert!(due <= ATTACHMENTS_MAX);
    }
}

/// The model of [`sequence`]: a packet whose attachments are due.
struct Begun<'a> {
    text: &'a str,
    size: usize,
    due: usize,
    attachments: Vec<&'a [u8]>,
}

enum Expected<'a> {
    Whole(Begun<'a>),
    More,
}

type Errors = &'static [ParseError];

fn take_text<'a>(begun: &mut Option<Begun<'a>>, text: &'a str) -> Result<Expected<'a>, Errors> {
    if begun.is_some() {
        return Err(&[ParseError::Turn]);
    }
    // Which mistake it is, is the decoder's own business.
    let (_, due) = decode(text).map_err(|_| -> Errors {
        use ParseError::{Attachments, Id, Namespace, Payload, Reserved, Type};
        &[Type, Attachments, Namespace, Id, Payload, Reserved]
    })?;
    let packet = Begun { text, size: text.len(), due, attachments: Vec::new() };
    if due == 0 {
        return Ok(Expected::Whole(packet));
    }
    *begun = Some(packet);
    Ok(Expected::More)
}

fn take_binary<'a>(begun: &mut Option<Begun<'a>>, attachment: &'a [u8]) -> Result<Expected<'a>, Errors> {
    let Some(mut packet) = begun.take() else { return Err(&[ParseError::Turn]) };
    packet.attachments.push(attachment);
    packet.size += attachment.len();
    if packet.attachments.len() < packet.due {
        *begun = Some(packet);
        return Ok(Expected::More);
    }
    match placeholders(packet.text) {
        Some(numbers) if numbers.iter().all(|number| number.is_some_and(|number| number < packet.due as u64)) => {
            Ok(Expected::Whole(packet))
        }
        Some(_) => Err(&[ParseError::Placeholder]),
        None => Err(&[ParseError::Payload, ParseError::Placeholder]),
    }
}

/// The numbers in the placeholders of a packet, where they are numbers; nothing if it nests too deep to be read.
fn placeholders(text: &str) -> Option<Vec<Option<u64>>> {
    let (Packet { body: Body::Event { args, .. } | Body::Ack { args, .. }, .. }, _) = decode(text).ok()? else {
        return Some(Vec::new());
    };
    let raw = (0..args.len()).filter_map(|index| args.raw(index));
    let mut values = raw.map(|raw| serde_json::from_str(raw.get()).ok()).collect::<Option<Vec<Value>>>()?;
    let mut numbers = Vec::new();
    while let Some(value) = values.pop() {
        match value {
            Value::Array(items) => values.extend(items),
            Value::Object(fields) if fields.get("_placeholder") == Some(&Value::Bool(true)) => {
                numbers.push(fields.get("num").and_then(Value::as_u64));
            }
            Value::Object(fields) => values.extend(fields.into_iter().map(|(_, field)| field)),
            _ => {}
        }
    }
    Some(numbers)
}

/// Any value that an application could emit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Tree {
    Binary(Binary),
    Null(()),
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
}

/// Values nest no deeper than this; what serde_json reads is bounded too.
const DEPTH: usize = 6;

impl Tree {
    /// A value from bytes: what it is, then what it consists of.
    fn read(input: &mut &[u8], depth: usize) -> Tree {
        let Some((&kind, rest)) = input.split_first() else { return Tree::Null(()) };
        *input = rest;
        let size = usize::from(kind >> 3);
        match kind % 8 {
            1 => Tree::Bool(size % 2 == 1),
            2 => Tree::Number(take(input, 8).iter().fold(0, |number, byte| number << 8 | i64::from(*byte))),
            3 | 4 => Tree::Text(String::from_utf8_lossy(take(input, size)).into_owned()),
            5 => Tree::Binary(Binary(Bytes::copy_from_slice(take(input, size)))),
            6 if depth < DEPTH => Tree::List((0..size).map(|_| Tree::read(input, depth + 1)).collect()),
            // A key of its own, so that it is no placeholder.
            7 if depth < DEPTH => {
                Tree::Map((0..size).map(|key| (format!("k{key}\""), Tree::read(input, depth + 1))).collect())
            }
            _ => Tree::Null(()),
        }
    }

    fn attachments(&self) -> usize {
        match self {
            Tree::Binary(_) => 1,
            Tree::List(items) => items.iter().map(Tree::attachments).sum(),
            Tree::Map(fields) => fields.values().map(Tree::attachments).sum(),
            _ => 0,
        }
    }
}

fn take<'a>(input: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(len.min(input.len()));
    *input = rest;
    taken
}

/// An event and an ack that an application sends: a byte that chooses the namespace, one that chooses the ack id, one for
/// the length of the name, the name, then values. Promises: it is read as what was sent, binary included, wherever it
/// stands; one with more attachments than are let in is refused when read, and not misread.
pub fn values(data: &[u8]) {
    let mut input = data;
    let namespace = ["/", "/a", "/ä-9"][usize::from(byte(&mut input)) % 3];
    let id = [None, Some(0), Some(7), Some(u64::MAX)][usize::from(byte(&mut input)) % 4];
    let len = byte(&mut input);
    let name = String::from_utf8_lossy(take(&mut input, len.into())).into_owned();
    let mut values = Vec::new();
    while !input.is_empty() && values.len() < 32 {
        values.push(Tree::read(&mut input, 0));
    }
    let attachments = values.iter().map(Tree::attachments).sum();

    match encode_event(namespace, &name, id, &values) {
        Ok(frames) => {
            let Some(packet) = read(&frames, attachments) else { return };
            assert_eq!(&*packet.namespace, namespace);
            let Body::Event { name: read, args, id: read_id } = packet.body else { panic!("no event: {packet:?}") };
            assert_eq!((&*read, read_id), (name.as_str(), id));
            compare(&args, &values);
        }
        Err(_) => assert!(RESERVED_EVENTS.contains(&name.as_str())),
    }

    let frames = encode_ack(namespace, 9, &values).expect("a tree serialises");
    let Some(packet) = read(&frames, attachments) else { return };
    let Body::Ack { id: 9, args } = packet.body else { panic!("no ack: {packet:?}") };
    compare(&args, &values);
}

fn byte(input: &mut &[u8]) -> u8 {
    take(input, 1).first().copied().unwrap_or_default()
}

/// What another server of this kind would read; none if it is more than that lets in.
fn read(frames: &[engineio::Frame], attachments: usize) -> Option<Packet> {
    assert_eq!(frames.len(), 1 + attachments);
    assert!(!frames[0].is_binary() && frames[1..].iter().all(engineio::Frame::is_binary));
    let text = std::str::from_utf8(frames[0].payload()).expect("JSON is UTF-8");
    if attachments > ATTACHMENTS_MAX {
        assert!(matches!(decode(text), Err(ParseError::Attachments)));
        return None;
    }
    let (mut packet, due) = decode(text).expect("what was written can be read");
    assert_eq!(due, attachments);
    if due > 0 {
        let attachments = frames[1..].iter().map(|frame| Bytes::copy_from_slice(frame.payload())).collect();
        packet.attach(attachments).expect("the attachments are what was announced");
    }
    Some(packet)
}

fn compare(args: &Args, values: &[Tree]) {
    assert_eq!(args.parse::<Vec<Tree>>().expect("it is what was sent"), values);
}

#[cfg(test)]
mod tests {
    use testkit::corpus::check;

    #[test]
    fn packets_keep_their_promises() {
        check("packet", super::packet);
    }

    #[test]
    fn sequences_of_messages_keep_their_promises() {
        check("sequence", super::sequence);
    }

    #[test]
    fn values_come_back_as_they_were_sent() {
        check("values", super::values);
    }
}
