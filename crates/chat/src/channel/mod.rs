//! Channels and direct conversations: where messages stand.

mod create;
mod join;
mod leave;
mod list;
mod reach;
mod search;

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, UserId};
use crate::text::{ChannelName, Topic};
use crate::time::Time;
use crate::wire::wire;

pub use create::CreateChannel;
pub use join::JoinChannel;
pub use leave::LeaveChannel;
pub use list::{ChannelOrder, ListChannels};
pub use reach::{REACH_MAX, ReachUsers};
pub use search::SearchChannels;

/// Who may find and join a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub enum ChannelType {
    /// Everybody.
    Public,
    /// Whoever was added; nobody else is told that it exists.
    Private,
}

/// What somebody is in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
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
