//! Every server→client event.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::channel::{Channel, ChannelUpdate};
use crate::id::{ChannelId, UserId};
use crate::member::{Left, Member};
use crate::message::{Head, Message, Typing};
use crate::read::ReadMarks;
use crate::server::{Draining, Hello};
use crate::user::Profile;

macro_rules! events {
    ($($(#[doc = $doc:literal])* $variant:ident($data:ty) = $name:literal,)*) => {
        /// Something that a client is told unasked. Serialises as the event's one argument.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $($(#[doc = $doc])* $variant($data),)*
        }

        impl Event {
            /// Every event's name.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The event's name on the wire.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }
        }

        /// Notes every event.
        #[cfg(feature = "gen")]
        pub(crate) fn describe(book: &mut crate::protocol::Book) {
            $(book.event::<$data>($name, concat!($($doc),*));)*
        }
    };
}

events! {
    /// A message was sent; the acting socket has its ack instead.
    MessageSent(Message) = "message:sent",
    /// A message was edited or deleted; the acting socket has its ack instead.
    MessageUpdated(Message) = "message:updated",
    /// Somebody is writing.
    MessageTyping(Typing) = "message:typing",
    /// Somebody has read.
    MessageRead(ReadMarks) = "message:read",
    /// A channel was made, by oneself on another device or by who reached out.
    ChannelCreated(Channel) = "channel:created",
    /// One is in a channel: joined on another device, added by the owner, or not told before.
    ChannelJoined(Channel) = "channel:joined",
    /// A channel's name, topic or count of members is this, or what one is in it.
    ChannelUpdated(ChannelUpdate) = "channel:updated",
    /// One's membership ended.
    ChannelLeft(Left) = "channel:left",
    /// Somebody became a member.
    MemberJoined(Member) = "member:joined",
    /// Somebody's membership ended.
    MemberLeft(Member) = "member:left",
    /// Somebody whose presence this socket follows came.
    UserConnected(UserId) = "user:connected",
    /// Somebody whose presence this socket follows went.
    UserDisconnected(UserId) = "user:disconnected",
    /// Somebody with whom one shares a channel goes by another name.
    UserUpdated(Profile) = "user:updated",
    /// How far the channels are that moved of late.
    Heads(BTreeMap<ChannelId, Head>) = "heads",
    /// The first event on every socket.
    ServerHello(Hello) = "server:hello",
    /// The server is about to stop.
    ServerDraining(Draining) = "server:draining",
}
