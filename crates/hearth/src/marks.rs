//! Read marks on their way to those who may see them.
//!
//! They are states, not happenings: only the latest counts, so they are collected and told at intervals.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use chat::{ChannelId, MessageId, UserId};
use parking_lot::Mutex;

/// Read marks that have moved since they were last told.
#[derive(Default)]
pub(crate) struct Marks {
    moved: Mutex<HashMap<ChannelId, Moved>>,
}

/// The marks of one channel.
#[derive(Default)]
pub(crate) struct Moved {
    /// Whether the channel is small enough that its members see each other's marks.
    pub(crate) to_members: bool,
    /// The last message that each has read.
    pub(crate) marks: BTreeMap<UserId, MessageId>,
}

impl Marks {
    /// Notes that somebody has read up to here.
    pub(crate) fn read(&self, channel: ChannelId, user: UserId, up_to: MessageId, to_members: bool) {
        let mut all = self.moved.lock();
        let moved = all.entry(channel).or_default();
        moved.to_members = to_members;
        let mark = moved.marks.entry(user).or_insert(up_to);
        *mark = (*mark).max(up_to);
    }

    /// Takes back what was to be told of somebody who is no longer there.
    pub(crate) fn forget(&self, channel: ChannelId, user: UserId) {
        if let Some(moved) = self.moved.lock().get_mut(&channel) {
            moved.marks.remove(&user);
        }
    }

    /// Takes what is to be told now.
    pub(crate) fn take(&self) -> HashMap<ChannelId, Moved> {
        mem::take(&mut *self.moved.lock())
    }
}
