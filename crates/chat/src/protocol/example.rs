//! An example of everything on the wire. What the server sends is made from the types themselves; what it takes is read
//! back as the type that it is an example of.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::account::{ChangePassword, LogIn, OwnUser, ServerRole, Settings, SignUp};
use crate::channel::{
    AddMembers, Channel, ChannelMember, ChannelType, ChannelUpdate, CreateChannel, FoundChannels, JoinChannel,
    LeaveChannel, ListChannels, ListMembers, ReachUsers, RemoveMember, Role, SearchChannels, UpdateChannel,
};
use crate::error::Error;
use crate::id::{ChannelId, Epoch, MessageId, SessionId, UserId};
use crate::member::{Left, Member};
use crate::message::{
    DeleteMessage, EditMessage, Head, History, ListMessages, Message, SendMessage, Sent, SetTyping, SyncMessages,
    Synced, SyncedChannel, Typing,
};
use crate::read::{AckMessage, ReadMarks};
use crate::server::{Draining, Hello, Meta, SignUpMode};
use crate::session::{SessionInfo, SessionList};
use crate::time::Time;
use crate::user::{GetUser, Profile, SearchUsers, UpdateUser, User, Users};
use crate::wire::{Data, Empty, Page};

/// Something that has an example of how it looks on the wire.
pub(crate) trait Example {
    /// The example, as JSON text: its fields are in the order in which they are declared.
    fn example() -> String;
}

const ADA: &str = "019aa5f2-3c00-7d21-9f7e-5b8a6d2c1e01";
const BEN: &str = "019aa5f2-8a40-7b32-8c11-0e4d7a9b5f02";
const ROOM: &str = "019aa5f3-1180-7c43-a205-6f1e8b3d9a03";
const DEVICE: &str = "019aa5f2-3c00-7e54-b3c9-1a7d5e8f2b04";
const EPOCH: &str = "019aa5f0-0000-7f65-94d8-2c6b9e0a7d05";
const BEGUN: Time = Time::from_millis(1_763_720_000_000);

fn id<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a UUID")
}

fn text<T: TryFrom<String, Error: Debug>>(text: &str) -> T {
    T::try_from(text.to_owned()).expect("a text of its kind")
}

fn wire(thing: &impl Serialize) -> String {
    serde_json::to_string(thing).expect("what goes over the wire is JSON")
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("examples are JSON")
}

/// An object with its fields in this order.
fn object(fields: &[(&str, Value)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", wire(name))).collect();
    format!("{{{}}}", fields.join(","))
}

/// What the server takes.
macro_rules! asked {
    ($($type:ty: { $($field:literal: $value:tt),* },)*) => {
        $(impl Example for $type {
            fn example() -> String {
                object(&[$(($field, json!($value))),*])
            }
        })*
    };
}

asked! {
    CreateChannel: { "name": "Reading room", "type": "public", "topic": "What we read" },
    UpdateChannel: { "channelId": ROOM, "name": "Library", "topic": "" },
    JoinChannel: { "channelId": ROOM },
    LeaveChannel: { "channelId": ROOM },
    AddMembers: { "channelId": ROOM, "userIds": [BEN] },
    RemoveMember: { "channelId": ROOM, "userId": BEN },
    ListMembers: { "channelId": ROOM, "size": 50, "after": ADA },
    ListChannels: { "size": 10, "orderBy": "name:asc", "after": ROOM },
    SearchChannels: { "q": "read", "size": 10, "orderBy": "activity:desc" },
    ReachUsers: { "userIds": [BEN] },
    GetUser: { "userId": BEN },
    SearchUsers: { "q": "be", "size": 10, "all": true },
    UpdateUser: { "displayName": "Ada L." },
    SendMessage: { "channelId": ROOM, "content": "Hello", "clientId": "0f9b3c1e-7a52", "replyTo": "41" },
    EditMessage: { "channelId": ROOM, "messageId": "42", "content": "Hello, Ben" },
    DeleteMessage: { "channelId": ROOM, "messageId": "42" },
    ListMessages: { "channelId": ROOM, "after": "43", "size": 50, "orderBy": "id:desc" },
    AckMessage: { "channelId": ROOM, "messageId": "42" },
    SetTyping: { "channelId": ROOM, "isTyping": true },
    SyncMessages: { "channels": { ROOM: 57 } },
    SignUp: { "username": "ada", "password": "correct horse", "displayName": "Ada" },
    LogIn: { "username": "ada", "password": "correct horse" },
    ChangePassword: { "current": "correct horse", "new": "battery staple" },
}

/// What the server sends.
macro_rules! sent {
    ($($type:ty: $make:expr,)*) => {
        $(impl Example for $type {
            fn example() -> String {
                let example: $type = $make;
                wire(&example)
            }
        })*
    };
}

sent! {
    Empty: Empty {},
    Channel: channel(),
    ChannelUpdate: channel().shared(),
    FoundChannels: FoundChannels { data: vec![channel()], has_more: false, count: 1 },
    ChannelMember: ChannelMember {
        id: id(BEN), username: text("ben"), display_name: text("Ben"), is_online: true, role: Role::Member, read_up_to: 42,
    },
    Message: message(),
    Sent: Sent { id: MessageId::from_seq(42), seq: 42, rev: 58, created_at: BEGUN, repeated: None },
    History: History { data: vec![message()], has_more: true, rev: 58 },
    Head: Head { seq: 42, rev: 58 },
    Synced: synced(),
    Users: Users::One(user()),
    User: user(),
    Profile: Profile { id: id(ADA), username: text("ada"), display_name: text("Ada L.") },
    OwnUser: OwnUser {
        id: id(ADA), username: text("ada"), display_name: text("Ada"), role: ServerRole::Member, settings: Settings {},
    },
    Typing: Typing { channel_id: id(ROOM), user_id: id(BEN), is_typing: true },
    ReadMarks: ReadMarks { channel_id: id(ROOM), marks: BTreeMap::from([(id(BEN), MessageId::from_seq(42))]) },
    Left: Left { channel_id: id(ROOM) },
    Member: Member { channel_id: id(ROOM), user_id: id(BEN) },
    UserId: id(BEN),
    Hello: Hello { version: "0.1.0".to_owned(), web_build: "5d41402abc4b2a76".to_owned() },
    Draining: Draining { retry_after_ms: 1_000 },
    SessionList: SessionList { sessions: vec![session()] },
    Meta: meta(),
    Error: Error::invalid_field("name", "invalid", "must have 2 to 32 characters, has 1"),
}

impl<T: Example> Example for Data<T> {
    fn example() -> String {
        wire(&Data { data: raw(T::example()) })
    }
}

impl<T: Example> Example for Page<T> {
    fn example() -> String {
        wire(&Page { data: vec![raw(T::example())], has_more: false })
    }
}

impl Example for BTreeMap<ChannelId, Head> {
    fn example() -> String {
        wire(&Self::from([(id(ROOM), Head { seq: 42, rev: 58 })]))
    }
}

fn channel() -> Channel {
    Channel {
        id: id(ROOM),
        name: Some(text("Reading room")),
        r#type: ChannelType::Public,
        direct: false,
        topic: Some(text("What we read")),
        users: Vec::new(),
        user_count: 2,
        unread_count: 1,
        seq: 42,
        rev: 58,
        read_up_to: 41,
        last_message_at: Some(BEGUN),
        role: Some(Role::Owner),
    }
}

fn message() -> Message {
    Message {
        id: MessageId::from_seq(42),
        channel_id: id(ROOM),
        from: id(ADA),
        content: "Hello".to_owned(),
        created_at: BEGUN,
        rev: 58,
        client_id: Some(text("0f9b3c1e-7a52")),
        reply_to: Some(MessageId::from_seq(41)),
        edited_at: None,
        deleted_at: None,
    }
}

fn synced() -> Synced {
    let head = Head { seq: 42, rev: 58 };
    let missed = SyncedChannel { messages: vec![message()], head, channel: channel(), truncated: false };
    Synced {
        epoch: Epoch::from_uuid(id(EPOCH)),
        channels: BTreeMap::from([(id(ROOM), missed)]),
        again: Vec::new(),
        left: Vec::new(),
        joined: Vec::new(),
    }
}

fn user() -> User {
    User { id: id(BEN), username: text("ben"), display_name: text("Ben"), is_online: true }
}

fn session() -> SessionInfo {
    SessionInfo {
        id: id::<SessionId>(DEVICE),
        created_at: BEGUN,
        last_used_at: BEGUN,
        address: "203.0.113.7".to_owned(),
        agent: "Mozilla/5.0 (X11; Linux x86_64)".to_owned(),
        current: true,
    }
}

fn meta() -> Meta {
    Meta {
        name: "Hearth".to_owned(),
        version: "0.1.0".to_owned(),
        web_build: "5d41402abc4b2a76".to_owned(),
        signup: SignUpMode::Open,
        empty: false,
        setup_code: false,
        members: Some(12),
        signed_in: true,
    }
}
