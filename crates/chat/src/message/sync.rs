//! `message:sync`

use std::collections::BTreeMap;

use crate::channel::Channel;
use crate::id::{ChannelId, Epoch, Rev};
use crate::message::Message;
use crate::wire::{payload, wire};

/// Most channels of one request: a client with more asks twice.
pub const SYNC_CHANNELS_MAX: usize = 500;
/// Most messages of one answer.
pub const SYNC_ROWS_MAX: usize = 1_000;
/// How many missed changes make reloading the newest page cheaper than catching up.
pub const SYNC_TRUNCATED_ABOVE: i64 = 300;

payload! {
    /// What one missed since these revs.
    pub struct SyncMessages {
        /// The client's cursors, at most [`SYNC_CHANNELS_MAX`].
        pub channels: BTreeMap<ChannelId, Rev>,
    }
}

wire! {
    /// How far a channel has come.
    #[derive(Copy)]
    pub struct Head {
        /// The newest message's place.
        pub seq: i64,
        /// The count of changes.
        pub rev: i64,
    }
}

wire! {
    /// What was missed in one channel.
    pub struct SyncedChannel {
        /// Every message that changed since the given rev, in order of rev.
        pub messages: Vec<Message>,
        /// How far this answer brings the cursor. Where the channel is in `again` too, its `rev` is that of the last
        /// message here.
        pub head: Head,
        /// The channel as it is now.
        pub channel: Channel,
        /// Too much was missed, or the cursor is ahead of the channel: `messages` is empty, reload the newest page.
        pub truncated: bool,
    }
}

wire! {
    /// What was missed.
    pub struct Synced {
        /// Another than the one known: drop the cache.
        pub epoch: Epoch,
        /// Per channel of the request.
        pub channels: BTreeMap<ChannelId, SyncedChannel>,
        /// Channels that did not fit: ask again for these.
        pub again: Vec<ChannelId>,
        /// Channels of the request that one is not in.
        pub left: Vec<ChannelId>,
        /// Own channels that the request did not name.
        pub joined: Vec<Channel>,
    }
}
