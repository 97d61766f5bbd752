//! Packet to text, straight into the engine's frame: one buffer per broadcast, whatever the number of receivers.

use std::fmt;
use std::io::Write as _;

use bytes::Bytes;
use engineio::Frame;
use serde::Serialize;
use serde_json::value::RawValue;
use smallvec::{SmallVec, smallvec};

use super::{Body, Kind, Packet, RESERVED_EVENTS, decode_own};
use crate::args::{ArgWriter, Args, EmitArgs, attachments};

/// An event or answer that could not be put into JSON. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The arguments do not serialise, for example a map whose keys are no strings.
    #[error("the arguments cannot be put into JSON")]
    Json(#[from] serde_json::Error),
    /// The name is one that the protocol keeps for itself (`connect`, `disconnect`, …).
    #[error("{0:?} is a reserved event name")]
    Reserved(String),
}

/// A packet as the frames that go out together: the text, then its attachments.
pub(crate) type Encoded = SmallVec<[Frame; 1]>;

/// An EVENT (BINARY_EVENT if the arguments hold binary).
pub(crate) fn encode_event(
    namespace: &str,
    name: &str,
    id: Option<u64>,
    args: &impl EmitArgs,
) -> Result<Encoded, EncodeError> {
    if RESERVED_EVENTS.contains(&name) {
        return Err(EncodeError::Reserved(name.to_owned()));
    }
    frames(|buf| write_message(buf, Kind::Event, namespace, Some(name), id, args))
}

/// An ACK (BINARY_ACK if the arguments hold binary).
pub(crate) fn encode_ack(namespace: &str, id: u64, args: &impl EmitArgs) -> Result<Encoded, EncodeError> {
    frames(|buf| write_message(buf, Kind::Ack, namespace, None, Some(id), args))
}

/// The same event with one more argument, the offset of connection state recovery.
pub(crate) fn with_offset(event: &Encoded, offset: fmt::Arguments<'_>) -> Encoded {
    let text = event[0].payload().strip_suffix(b"]").expect("an event is an array");
    let mut event = event.clone();
    event[0] = Frame::text_with(|buf| {
        buf.extend_from_slice(text);
        write!(buf, ",\"{offset}\"]").expect("writing to memory does not fail");
    });
    event
}

/// What an encoded event says.
pub(crate) fn read_event(event: &Encoded) -> Option<(Box<str>, Args)> {
    let text = std::str::from_utf8(event[0].payload()).ok()?;
    let (packet, _) = decode_own(text).ok()?;
    let Body::Event { name, mut args, .. } = packet.body else { return None };
    args.set_attachments(event[1..].iter().map(|frame| Bytes::copy_from_slice(frame.payload())).collect());
    Some((name, args))
}

/// The server's answer to CONNECT. With a `pid` the client may recover.
pub(crate) fn encode_connect(namespace: &str, sid: &str, pid: Option<&str>) -> Frame {
    #[derive(Serialize)]
    struct Answer<'a> {
        sid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<&'a str>,
    }
    plain(Kind::Connect, namespace, Some(&Answer { sid, pid }))
}

/// The refusal of a CONNECT.
pub(crate) fn encode_connect_error(namespace: &str, message: &str, data: Option<&serde_json::Value>) -> Frame {
    #[derive(Serialize)]
    struct Answer<'a> {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a serde_json::Value>,
    }
    plain(Kind::ConnectError, namespace, Some(&Answer { message, data }))
}

/// A DISCONNECT from a namespace.
pub(crate) fn encode_disconnect(namespace: &str) -> Frame {
    plain(Kind::Disconnect, namespace, None::<&()>)
}

/// The text form of a packet and its attachments: the inverse of [`super::decode()`] and [`Packet::attach`].
///
/// # Errors
/// [`EncodeError::Reserved`] for an event whose name is reserved.
pub fn encode(packet: &Packet) -> Result<(String, Vec<Bytes>), EncodeError> {
    let mut buf = Vec::new();
    let mut binary = Vec::new();
    let namespace = &*packet.namespace;
    match &packet.body {
        Body::Connect(auth) => write_plain(&mut buf, Kind::Connect, namespace, auth.as_deref())?,
        Body::Disconnect => write_plain(&mut buf, Kind::Disconnect, namespace, None::<&RawValue>)?,
        Body::ConnectError(error) => write_plain(&mut buf, Kind::ConnectError, namespace, Some(error))?,
        Body::Event { name, .. } if RESERVED_EVENTS.contains(&&**name) => {
            return Err(EncodeError::Reserved(name.to_string()));
        }
        Body::Event { name, args, id } => {
            binary = write_message(&mut buf, Kind::Event, namespace, Some(name), *id, args)?;
        }
        Body::Ack { id, args } => binary = write_message(&mut buf, Kind::Ack, namespace, None, Some(*id), args)?,
    }
    Ok((String::from_utf8(buf).expect("JSON is UTF-8"), binary))
}

fn frames(write: impl FnOnce(&mut Vec<u8>) -> Result<Vec<Bytes>, serde_json::Error>) -> Result<Encoded, EncodeError> {
    let mut written = Ok(Vec::new());
    let text = Frame::text_with(|buf| written = write(buf));
    let attachments = written?;
    let mut encoded: Encoded = smallvec![text];
    encoded.extend(attachments.iter().map(|bytes| Frame::binary(bytes)));
    Ok(encoded)
}

fn plain<T: Serialize>(kind: Kind, namespace: &str, payload: Option<&T>) -> Frame {
    Frame::text_with(|buf| {
        write_plain(buf, kind, namespace, payload).expect("the library's own payloads are plain JSON");
    })
}

fn write_plain<T: Serialize + ?Sized>(
    buf: &mut Vec<u8>,
    kind: Kind,
    namespace: &str,
    payload: Option<&T>,
) -> Result<(), serde_json::Error> {
    buf.push(kind.digit());
    write_namespace(buf, namespace);
    if let Some(payload) = payload {
        serde_json::to_writer(buf, payload)?;
    }
    Ok(())
}

/// Writes an event or an ack and returns its attachments. How many there are is known only after the arguments are
/// written, so a binary packet gets its header put right at the end.
fn write_message(
    buf: &mut Vec<u8>,
    kind: Kind,
    namespace: &str,
    name: Option<&str>,
    id: Option<u64>,
    args: &impl EmitArgs,
) -> Result<Vec<Bytes>, serde_json::Error> {
    let start = buf.len();
    buf.push(kind.digit());
    write_namespace(buf, namespace);
    if let Some(id) = id {
        write_number(buf, id);
    }
    buf.push(b'[');
    if let Some(name) = name {
        serde_json::to_writer(&mut *buf, name)?;
    }
    let attachments = attachments::collect(|| args.write(&mut ArgWriter::new(buf, name.is_none())))?;
    buf.push(b']');

    if !attachments.is_empty() {
        buf[start] = kind.binary().digit();
        buf.splice(start + 1..start + 1, format!("{}-", attachments.len()).into_bytes());
    }
    Ok(attachments)
}

fn write_namespace(buf: &mut Vec<u8>, namespace: &str) {
    if namespace != "/" {
        buf.extend_from_slice(namespace.as_bytes());
        buf.push(b',');
    }
}

fn write_number(buf: &mut Vec<u8>, number: u64) {
    write!(buf, "{number}").expect("writing to memory does not fail");
}
