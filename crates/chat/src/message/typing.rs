//! `message:typing`

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::command::{LimitClass, Live, LiveCommand};
use crate::effect::{Actor, Audience, Effect, Origin};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, UserId};
use crate::wire::{Empty, payload, wire};

/// How long somebody counts as writing unless they say so again.
pub const TYPING_LASTS: Duration = Duration::from_secs(6);
/// Channels in which one socket can be writing at once: a person has two hands.
const CHANNELS_PER_SOCKET: usize = 8;

payload! {
    /// Say that one is writing, or no more. Said again every few seconds; ends by itself after six.
    pub struct SetTyping {
        /// Where.
        pub channel_id: ChannelId,
        /// Whether one is writing.
        pub is_typing: bool,
    }
}

wire! {
    /// Somebody is writing, or no more.
    pub struct Typing {
        /// Where.
        pub channel_id: ChannelId,
        /// Who.
        pub user_id: UserId,
        /// Whether they are writing.
        pub is_typing: bool,
    }
}

impl LiveCommand for SetTyping {
    const NAME: &'static str = "message:typing";
    type Reply = Empty;

    fn limit(&self) -> LimitClass {
        if self.is_typing { LimitClass::Typing } else { LimitClass::Mark }
    }

    fn run(self, live: &mut Live<'_>) -> Result<Empty> {
        // The rooms of the acting socket are its memberships; a channel that it is not in may not even exist.
        if !(live.joined)(self.channel_id) {
            return Err(Error::not_found("channel"));
        }
        let (user, board) = (live.actor.user, &live.world.typing);
        let origin = live.actor.origin.as_ref();
        if origin.is_none_or(|origin| board.note(origin, user, self.channel_id, self.is_typing)) {
            live.effects.push(typing(self.channel_id, user, self.is_typing));
        }
        Ok(Empty {})
    }
}

fn typing(channel_id: ChannelId, user_id: UserId, is_typing: bool) -> Effect {
    let event = Event::MessageTyping(Typing { channel_id, user_id, is_typing });
    Effect::Emit { audience: Audience::Channel(channel_id), event, volatile: true }
}

/// Who is writing where, so that it ends by itself and when their socket goes.
#[derive(Debug, Default)]
pub(crate) struct TypingBoard {
    sockets: Mutex<HashMap<Origin, Writer>>,
}

/// What is being written at one socket, and until when that holds.
#[derive(Debug)]
struct Writer {
    user: UserId,
    channels: Vec<(ChannelId, Instant)>,
}

impl TypingBoard {
    /// Whether there is something to tell. Ends are not counted against any budget, so only one that ends something may
    /// cost its channel's members a delivery.
    fn note(&self, origin: &Origin, user: UserId, channel: ChannelId, is_typing: bool) -> bool {
        let mut sockets = self.sockets.lock();
        let writer = sockets.entry(origin.clone()).or_insert_with(|| Writer { user, channels: Vec::new() });
        let before = writer.channels.len();
        writer.channels.retain(|(other, _)| *other != channel);
        let was_typing = writer.channels.len() < before;
        let begins = is_typing && writer.channels.len() < CHANNELS_PER_SOCKET;
        if begins {
            writer.channels.push((channel, Instant::now() + TYPING_LASTS));
        }
        if writer.channels.is_empty() {
            sockets.remove(origin);
        }
        begins || (!is_typing && was_typing)
    }

    /// Whoever has not said for too long that they are still writing has stopped.
    pub(crate) fn expire(&self, now: Instant) -> Vec<Effect> {
        let mut stopped = Vec::new();
        self.sockets.lock().retain(|_, writer| {
            writer.channels.retain(|(channel, until)| {
                let lasts = *until > now;
                if !lasts {
                    stopped.push(typing(*channel, writer.user, false));
                }
                lasts
            });
            !writer.channels.is_empty()
        });
        stopped
    }

    /// A socket is gone, and with it whatever it was writing.
    pub(crate) fn end(&self, actor: &Actor) -> Vec<Effect> {
        let writer = actor.origin.as_ref().and_then(|origin| self.sockets.lock().remove(origin));
        let channels = writer.map(|writer| writer.channels).unwrap_or_default();
        channels.into_iter().map(|(channel, _)| typing(channel, actor.user, false)).collect()
    }
}
