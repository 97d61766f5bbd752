//! Channels and direct conversations: where messages stand.

mod add;
mod create;
mod join;
mod leave;
mod list;
mod members;
mod reach;
mod remove;
mod search;
pub(crate) mod sql;
mod sweep;
mod update;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, UserId};
use crate::text::{ChannelName, Topic};
use crate::time::Time;
use crate::wire::wire;

pub use add::{ADD_MAX, AddMembers};
pub use create::CreateChannel;
pub use join::JoinChannel;
pub use leave::LeaveChannel;
pub use list::{ChannelOrder, ListChannels};
pub use members::{ChannelMember, ListMembers};
pub use reach::{REACH_MAX, ReachUsers};
pub use remove::RemoveMember;
pub use search::{FOUND_MAX, FoundChannels, SearchChannels, SearchOrder};
pub use update::UpdateChannel;

/// Who may find and join a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum ChannelType {
    /// Everybody.
    Public,
    /// Whoever was added; nobody else is told that it exists.
    Private,
}

/// What somebody is in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May change the channel and who is in it.
    Owner,
    /// May read and write.
    Member,
}

wire! {
    /// A channel as one person sees it.
    pub struct Channel {
        /// Identity.
        pub id: ChannelId,
        /// Its name; null for a direct conversation.
        pub name: Option<ChannelName>,
        /// Who may find and join it. Direct conversations are private.
        pub r#type: ChannelType,
        /// Whether it is the direct conversation of a fixed set of people.
        pub direct: bool,
        /// What it is about.
        pub topic: Option<Topic>,
        /// The other people of a direct conversation; empty for every other channel.
        pub users: Vec<UserId>,
        /// How many members it has.
        pub user_count: i64,
        /// How many messages the reader has not read: `seq` less `readUpTo`. 0 for whoever is not a member.
        pub unread_count: i64,
        /// The newest message's place; 0 while there is none.
        pub seq: i64,
        /// How many changes its messages have seen.
        pub rev: i64,
        /// The place up to which the reader has read; 0 for nothing.
        pub read_up_to: i64,
        /// When the newest message was sent.
        pub last_message_at: Option<Time>,
        /// What the reader is in it; null for whoever is not a member.
        pub role: Option<Role>,
    }
}

wire! {
    /// What is the same of a channel for everybody in it. The rest of a [`Channel`] is about one person, and what
    /// happens to it has events of its own.
    #[derive(sqlx::FromRow)]
    pub struct ChannelUpdate {
        /// Identity.
        pub id: ChannelId,
        /// Its name; null for a direct conversation.
        pub name: Option<ChannelName>,
        /// Who may find and join it.
        #[sqlx(rename = "kind", try_from = "String")]
        pub r#type: ChannelType,
        /// What it is about.
        pub topic: Option<Topic>,
        /// How many members it has.
        pub user_count: i64,
        /// What the reader is in it from now on; there only where that is what changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "gen", ts(optional))]
        #[sqlx(skip)]
        pub role: Option<Role>,
    }
}

impl Channel {
    /// What is the same for everybody in it.
    pub(crate) fn shared(&self) -> ChannelUpdate {
        let Self { id, r#type, user_count, .. } = *self;
        ChannelUpdate { id, name: self.name.clone(), r#type, topic: self.topic.clone(), user_count, role: None }
    }
}

impl ChannelType {
    /// As it stands in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

impl TryFrom<String> for ChannelType {
    type Error = UnknownWord;

    fn try_from(word: String) -> Result<Self, UnknownWord> {
        match word.as_str() {
            "public" => Ok(Self::Public),
            "private" => Ok(Self::Private),
            _ => Err(UnknownWord(word)),
        }
    }
}

impl Role {
    /// As it stands in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }
}

impl TryFrom<String> for Role {
    type Error = UnknownWord;

    fn try_from(word: String) -> Result<Self, UnknownWord> {
        match word.as_str() {
            "owner" => Ok(Self::Owner),
            "member" => Ok(Self::Member),
            _ => Err(UnknownWord(word)),
        }
    }
}

/// A word in the database that this program does not know.
#[derive(Debug, thiserror::Error)]
#[error("the database holds the unknown word {0:?}")]
pub struct UnknownWord(String);
