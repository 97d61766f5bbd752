//! Identities: one type per kind of thing, so that none can be taken for another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id that these 128 bits stand for.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The 128 bits of this id.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_id! {
    /// Identity of a person's account: a UUIDv7.
    UserId
}
uuid_id! {
    /// Identity of a channel or direct conversation: a UUIDv7.
    ChannelId
}
uuid_id! {
    /// Public identity of a signed-in device: a UUIDv7. Not the secret that the device holds.
    SessionId
}
uuid_id! {
    /// Identity of an invitation: a UUIDv7. Not the code that is handed out.
    InviteId
}
uuid_id! {
    /// Names one life of the database's contents: a UUIDv7 that is made with the database and again by a restore.
    /// Another epoch than the one it knew makes a client drop its cache.
    Epoch
}

/// A message's place in its channel, and with the channel its identity: 1, 2, 3 … without gaps.
/// On the wire a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
#[sqlx(transparent)]
pub struct MessageId(i64);

impl MessageId {
    /// The message with this `seq`.
    pub const fn from_seq(seq: i64) -> Self {
        Self(seq)
    }

    /// The place in the channel.
    pub const fn seq(self) -> i64 {
        self.0
    }
}

impl Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let seq = plain.then(|| text.parse().ok()).flatten();
        seq.map(Self).ok_or_else(|| serde::de::Error::custom("a message id is a positive whole number in a string"))
    }
}

/// A channel's count of changes to its messages, and a client's cursor in it: the highest one up to which it holds
/// everything. Each new or changed message takes the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "number"))]
#[serde(try_from = "i64")]
#[sqlx(transparent)]
pub struct Rev(i64);

impl Rev {
    /// The change with this number.
    pub const fn new(rev: i64) -> Self {
        Self(rev)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Rev {
    type Error = &'static str;

    fn try_from(rev: i64) -> Result<Self, Self::Error> {
        if rev < 0 { Err("a rev is not negative") } else { Ok(Self(rev)) }
    }
}

impl Epoch {
    /// Of a copy that no server has opened yet.
    pub(crate) const NONE: Self = Self(Uuid::nil());
}
