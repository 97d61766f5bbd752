//! `message:sync`

use std::collections::{BTreeMap, HashMap};

use crate::channel::{self, Channel};
use crate::command::{Command, Cx, LimitClass};
use crate::error::{Error, Result};
use crate::id::{ChannelId, Epoch, Rev};
use crate::message::{Message, json_size, sql};
use crate::seeded::Seeded;
use crate::wire::{ANSWER_BYTES_MAX, Data, payload, wire};

/// Most channels of one request: a client with more asks twice.
pub const SYNC_CHANNELS_MAX: usize = 500;
/// Most messages of one answer.
pub const SYNC_ROWS_MAX: usize = 1_000;
/// How many missed changes make reloading the newest page cheaper than catching up.
pub const SYNC_TRUNCATED_ABOVE: i64 = 300;
/// How many of somebody's channels are looked at beside those of the request: more than fit an answer, and with them as
/// many as the next request can name.
const JOINED_ROWS_MAX: usize = ANSWER_BYTES_MAX / CHANNEL_BYTES_MIN + SYNC_CHANNELS_MAX;
/// Fewer bytes than any channel takes as JSON: the names of its fields and its id.
const CHANNEL_BYTES_MIN: usize = 200;
/// Bytes of an entry of `again` or `left`: a quoted UUID and a comma.
const ID_BYTES: usize = 39;
/// Bytes of what is around a channel's messages in an answer: its id, its head, the field names.
const CHANNEL_BYTES: usize = 160;

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

impl Command for SyncMessages {
    const NAME: &'static str = "message:sync";
    type Reply = Data<Synced>;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Synced>> {
        if self.channels.len() > SYNC_CHANNELS_MAX {
            let message = format!("holds more than {SYNC_CHANNELS_MAX}");
            return Err(Error::invalid_field("channels", "invalid", message));
        }
        let user = cx.actor.user;
        let named: Vec<_> = self.channels.keys().copied().collect();
        let newest = i64::try_from(named.len() + JOINED_ROWS_MAX).unwrap_or(i64::MAX);
        let mut own = channel::sql::own_among(cx.db(), user, &named).await?;
        own.extend(channel::sql::newest_of(cx.db(), user, newest).await?);
        let mut own: BTreeMap<_, _> = own.into_iter().map(|row| (row.id, row.seen_by(user))).collect();

        let mut answer = Packing::new(cx.world.epoch, self.channels.len());
        let mut missed = Vec::new();
        for (id, rev) in self.channels {
            let Some(channel) = own.remove(&id) else {
                answer.synced.left.push(id);
                continue;
            };
            let behind = channel.rev - rev.get();
            if (1..=SYNC_TRUNCATED_ABOVE).contains(&behind) {
                missed.push((id, rev, channel));
            } else {
                answer.pack(channel, Vec::new(), behind != 0);
            }
        }
        // As many channels as cannot have more rows in all than an answer holds. The first always can.
        let mut rows = 0;
        let within = missed.iter().take_while(|(_, rev, channel)| {
            rows += channel.rev - rev.get();
            rows <= SYNC_ROWS_MAX as i64
        });
        let within = within.count();
        let cursors: Vec<_> = missed[..within].iter().map(|(id, rev, _)| (*id, rev.get())).collect();
        let mut changed: HashMap<ChannelId, Vec<Message>> = HashMap::new();
        let left_out = usize::from(Seeded::SyncGap.is_sown());
        for message in sql::changed_since(cx.db(), &cursors).await?.into_iter().skip(left_out) {
            changed.entry(message.channel_id).or_default().push(message);
        }
        for (place, (id, _, channel)) in missed.into_iter().enumerate() {
            if place < within {
                answer.pack(channel, changed.remove(&id).unwrap_or_default(), false);
            } else {
                answer.synced.again.push(id);
            }
        }
        // The newest first: with more channels than an answer holds, those are what the client cannot know yet.
        for channel in own.into_values().rev() {
            answer.pack_joined(channel);
        }
        Ok(Data { data: answer.synced })
    }
}

/// An answer while it is filled up to its bound.
struct Packing {
    synced: Synced,
    bytes: usize,
    rows: bool,
}

impl Packing {
    /// With room kept for every channel of the request in `again` or `left`, and for as many others in `again` as the
    /// next request can name. Not for all others: how many somebody is in, others decide too, and the answer must bring
    /// them on however many there are.
    fn new(epoch: Epoch, named: usize) -> Self {
        let (channels_empty, again, left, joined) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        let synced = Synced { epoch, channels: channels_empty, again, left, joined };
        Self { synced, bytes: 256 + (named + SYNC_CHANNELS_MAX) * ID_BYTES, rows: false }
    }

    /// Put a channel in with what was missed, or ask to come again for it.
    fn pack(&mut self, channel: Channel, mut messages: Vec<Message>, truncated: bool) {
        let mut head = Head { seq: channel.seq, rev: channel.rev };
        let around = CHANNEL_BYTES + json_size(&channel);
        let mut bytes = around;
        let fits = messages.iter().take_while(|message| {
            bytes += json_size(message) + 1;
            self.bytes + bytes <= ANSWER_BYTES_MAX
        });
        let fits = fits.count();
        if fits < messages.len() || self.bytes + around > ANSWER_BYTES_MAX {
            self.synced.again.push(channel.id);
            // Rather whole in the next answer than in parts, unless it is the first and so would never fit.
            let Some(last) = fits.checked_sub(1).filter(|_| !self.rows) else { return };
            head.rev = messages[last].rev;
            messages.truncate(fits);
            bytes = around + messages.iter().map(|message| json_size(message) + 1).sum::<usize>();
        }
        self.bytes += bytes;
        self.rows |= !messages.is_empty();
        self.synced.channels.insert(channel.id, SyncedChannel { messages, head, channel, truncated });
    }

    fn pack_joined(&mut self, channel: Channel) {
        let bytes = json_size(&channel) + 1;
        if self.bytes + bytes > ANSWER_BYTES_MAX {
            // More than the next request can name would have to be asked for twice anyway.
            if self.synced.again.len() < SYNC_CHANNELS_MAX {
                self.synced.again.push(channel.id);
            }
            return;
        }
        self.bytes += bytes;
        self.synced.joined.push(channel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{ChannelType, Role};

    fn channel(number: u128) -> Channel {
        Channel {
            id: ChannelId::from_uuid(uuid::Uuid::from_u128(number)),
            name: None,
            r#type: ChannelType::Private,
            direct: true,
            topic: None,
            users: Vec::new(),
            user_count: 2,
            unread_count: 0,
            seq: 0,
            rev: 0,
            read_up_to: 0,
            last_message_at: None,
            role: Some(Role::Member),
        }
    }

    #[test]
    fn every_channel_takes_more_than_the_least() {
        let mut least = channel(1);
        (least.direct, least.r#type) = (true, ChannelType::Public);
        assert!(json_size(&least) > CHANNEL_BYTES_MIN, "{}", json_size(&least));
    }

    /// Anyone can put anyone into direct conversations; with thousands of them one still catches up.
    #[test]
    fn an_answer_brings_on_whoever_is_in_very_many_channels() {
        let mut answer = Packing::new(Epoch::from_uuid(uuid::Uuid::nil()), SYNC_CHANNELS_MAX);
        (0..20_000).for_each(|number| answer.pack_joined(channel(number)));
        assert!(answer.synced.joined.len() > SYNC_CHANNELS_MAX, "{} fit", answer.synced.joined.len());
        assert_eq!(answer.synced.again.len(), SYNC_CHANNELS_MAX, "as many as the next request can name");
        assert!(json_size(&answer.synced) <= ANSWER_BYTES_MAX);
    }
}
