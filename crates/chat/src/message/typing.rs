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
        if let Some(origin) = &live.actor.origin {
            live.world.typing.note(origin, self.channel_id, self.is_typing);
        }
        live.effects.push(typing(self.channel_id, live.actor.user, self.is_typing));
        Ok(Empty {})
    }
}

fn typing(channel_id: ChannelId, user_id: UserId, is_typing: bool) -> Effect {
    let event = Event::MessageTyping(Typing { channel_id, user_id, is_typing });
    Effect::Emit { audience: Audience::Channel(channel_id), event, volatile: true }
}

/// Who is writing where, so that it ends when their socket goes.
#[derive(Debug, Default)]
pub(crate) struct TypingBoard {
    sockets: Mutex<HashMap<Origin, Vec<(ChannelId, Instant)>>>,
}

impl TypingBoard {
    fn note(&self, origin: &Origin, channel: ChannelId, is_typing: bool) {
        let now = Instant::now();
        let mut sockets = self.sockets.lock();
        let channels = sockets.entry(origin.clone()).or_default();
        channels.retain(|(other, until)| *other != channel && *until > now);
        if is_typing && channels.len() < CHANNELS_PER_SOCKET {
            channels.push((channel, now + TYPING_LASTS));
        }
        if channels.is_empty() {
            sockets.remove(origin);
        }
    }

    /// A socket is gone, and with it whatever it was writing.
    pub(crate) fn end(&self, actor: &Actor) -> Vec<Effect> {
        let Some(origin) = &actor.origin else { return Vec::new() };
        let channels = self.sockets.lock().remove(origin).unwrap_or_default();
        let now = Instant::now();
        let open = channels.into_iter().filter(|(_, until)| *until > now);
        open.map(|(channel, _)| typing(channel, actor.user, false)).collect()
    }
}
