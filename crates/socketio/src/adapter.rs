//! Several servers as one: what an adapter carries between them.
//!
//! Every server knows its own sockets and serves them from memory; that is all of it by default, and costs nothing more.
//! With an [`Adapter`], what is done to a selection of sockets is done here and carried to the other servers, which hand it
//! to [`crate::Server::apply`]. Commands and replies serialise with serde, in whatever format the adapter likes: over
//! Redis, `publish` is a PUBLISH to a channel that every server subscribes to, and `request` waits for the replies on a
//! channel of its own.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engineio::{Frame, Handshake};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use smallvec::smallvec;

use crate::args::{Args, EmitArgs};
use crate::broadcast::{Answers, Broadcast};
use crate::error::AckError;
use crate::id::SocketId;
use crate::namespace::Inner as Namespace;
use crate::packet::{self, Body, EncodeError, Encoded};
use crate::remote::{Elsewhere, RemoteSocket};
use crate::rooms::Target;
use crate::socket::Socket;

/// The replies of the other servers, when all are here or the time is over.
pub type Replies = Pin<Box<dyn Future<Output = Vec<Reply>> + Send>>;

/// Carries commands to the other servers of a cluster. See [`crate::Builder::adapter`].
///
/// Everybody in a room gets the room's events in the same order only as far as the adapter keeps the order of what it
/// carries; between events of different servers there is none.
pub trait Adapter: Send + Sync + 'static {
    /// Sends a command to every other server. Called where the event is emitted: it must not block.
    fn publish(&self, command: Command);

    /// Sends a command to every other server, at once, and returns a future of their replies: those that come within
    /// `limit`.
    fn request(&self, command: Command, limit: Duration) -> Replies;
}

/// Something to be done with sockets of one namespace, on every server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Command {
    namespace: String,
    rooms: Vec<String>,
    except: Vec<String>,
    action: Action,
}

/// What to do. An event travels as its packet: text, then attachments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Action {
    Emit { packet: Carried, volatile: bool },
    Ask { packet: Carried, limit: Duration },
    Join(String),
    Leave(String),
    Disconnect { close: bool },
    Kick,
    Fetch,
}

/// What another server has to say to a [`Command`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply(Content);

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Content {
    Sockets(Vec<Found>),
    Answers { received: Vec<(SocketId, Carried)>, missing: Vec<(SocketId, bool)> },
}

/// A socket between servers.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Found {
    id: SocketId,
    rooms: Vec<Arc<str>>,
    handshake: Attachment,
    auth: Option<String>,
    data: Option<String>,
}

impl Found {
    fn new(socket: &Socket) -> Found {
        Found {
            id: *socket.id(),
            rooms: socket.rooms(),
            handshake: Attachment(socket.handshake().to_bytes().into()),
            auth: socket.auth_raw().map(|auth| auth.get().to_owned()),
            data: socket.shared_data().map(|data| data.get().to_owned()),
        }
    }

    /// None if the other server is of another version.
    fn into_socket(self, namespace: &Arc<Namespace>) -> Option<RemoteSocket> {
        let raw = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
        let handshake = Handshake::from_bytes(&self.handshake.0)?;
        let about = Elsewhere { handshake, auth: raw(self.auth), data: raw(self.data) };
        Some(RemoteSocket::elsewhere(Arc::clone(namespace), self.id, self.rooms, about))
    }
}

/// A packet between servers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Carried {
    text: String,
    attachments: Vec<Attachment>,
}

impl Command {
    /// The namespace that it is about, for adapters that keep a channel for each.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(crate) fn new(namespace: &str, target: &Target<'_>, action: Action) -> Command {
        let sender = target.from.map(|(_, id)| id.to_string());
        Command {
            namespace: namespace.to_owned(),
            rooms: target.rooms.iter().map(|room| room.to_string()).collect(),
            except: target.except.iter().map(|room| room.to_string()).chain(sender).collect(),
            action,
        }
    }

    /// Does it with the sockets of this server.
    pub(crate) fn apply(self, namespace: &Arc<Namespace>) -> Pin<Box<dyn Future<Output = Option<Reply>> + Send>> {
        let owned = |names: Vec<String>| names.into_iter().map(Into::into).collect();
        let target = Target { rooms: owned(self.rooms), except: owned(self.except), from: None };
        let selection = Broadcast::new(namespace, target).local();
        match self.action {
            Action::Emit { packet, volatile } => selection.deliver(&packet.frames(), volatile),
            Action::Join(room) => selection.sockets_join(room),
            Action::Leave(room) => selection.sockets_leave(room),
            Action::Disconnect { close } => selection.disconnect_sockets(close),
            Action::Kick => selection.kick_sockets(),
            Action::Fetch => {
                let sockets = selection.sockets().iter().map(Found::new).collect();
                return Box::pin(async move { Some(Reply(Content::Sockets(sockets))) });
            }
            Action::Ask { packet, limit } => {
                let Some((name, args)) = packet.event() else { return Box::pin(async { None }) };
                let Ok(answers) = selection.emit_with_ack(&name, args, limit) else { return Box::pin(async { None }) };
                return Box::pin(async move { Some(Reply::from_answers(answers.await)) });
            }
        }
        Box::pin(async { None })
    }
}

impl Reply {
    fn from_answers(answers: Answers) -> Reply {
        let received = answers.received.into_iter().map(|(id, args)| (id, Carried::from_args(&args))).collect();
        let timed_out = |error| matches!(error, AckError::Timeout);
        let missing = answers.missing.into_iter().map(|(id, error)| (id, timed_out(error))).collect();
        Reply(Content::Answers { received, missing })
    }

    /// Adds the answers to those of this server.
    pub(crate) fn add_answers(self, answers: &mut Answers) {
        let Content::Answers { received, missing } = self.0 else { return };
        answers.received.extend(received.into_iter().filter_map(|(id, args)| Some((id, args.args()?))));
        let error = |timed_out| if timed_out { AckError::Timeout } else { AckError::Disconnected };
        answers.missing.extend(missing.into_iter().map(|(id, timed_out)| (id, error(timed_out))));
    }

    /// The sockets that were found.
    pub(crate) fn sockets(self, namespace: &Arc<Namespace>) -> Vec<RemoteSocket> {
        let Content::Sockets(sockets) = self.0 else { return Vec::new() };
        sockets.into_iter().filter_map(|found| found.into_socket(namespace)).collect()
    }
}

impl Carried {
    pub(crate) fn from_frames(packet: &Encoded) -> Carried {
        let text = String::from_utf8_lossy(packet[0].payload()).into_owned();
        let attachments = packet[1..].iter().map(|frame| Attachment(Bytes::copy_from_slice(frame.payload()))).collect();
        Carried { text, attachments }
    }

    /// An event without an ack id: whoever sends it to sockets draws one of his own.
    pub(crate) fn from_event(namespace: &str, name: &str, args: &impl EmitArgs) -> Result<Carried, EncodeError> {
        Ok(Carried::from_frames(&packet::encode_event(namespace, name, None, args)?))
    }

    fn from_args(args: &Args) -> Carried {
        Carried { text: args.to_json(), attachments: args.attachments().iter().cloned().map(Attachment).collect() }
    }

    fn frames(&self) -> Encoded {
        let mut frames: Encoded = smallvec![Frame::text(&self.text)];
        frames.extend(self.attachments.iter().map(|attachment| Frame::binary(&attachment.0)));
        frames
    }

    fn event(self) -> Option<(Box<str>, Args)> {
        let (mut packet, _) = packet::decode_own(&self.text).ok()?;
        packet.attach(self.attachments.into_iter().map(|attachment| attachment.0).collect()).ok()?;
        match packet.body {
            Body::Event { name, args, .. } => Some((name, args)),
            _ => None,
        }
    }

    fn args(self) -> Option<Args> {
        let mut args = Args::from_values(serde_json::from_str::<Vec<_>>(&self.text).ok()?.into());
        args.set_attachments(self.attachments.into_iter().map(|attachment| attachment.0).collect());
        Some(args)
    }
}

/// Binary that also stays binary in formats that know it.
#[derive(Debug, Clone)]
struct Attachment(Bytes);

impl Serialize for Attachment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Attachment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attachment, D::Error> {
        struct Content;

        impl<'de> Visitor<'de> for Content {
            type Value = Attachment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Attachment, E> {
                Ok(Attachment(Bytes::copy_from_slice(bytes)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Attachment, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = items.next_element()? {
                    bytes.push(byte);
                }
                Ok(Attachment(bytes.into()))
            }
        }

        deserializer.deserialize_byte_buf(Content)
    }
}
