//! After a commit of which nobody knows whether it happened: look, and deliver what is there.

use std::collections::{HashMap, HashSet};

use crate::db::Writer;
use crate::effect::{Audience, Batch, Done, Effect};
use crate::error::Result;
use crate::event::Event;
use crate::id::{ChannelId, SessionId, UserId};
use crate::message::{self, Head};
use crate::session;

/// What may have changed without anybody having been told.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// Channels with the head up to which everything was delivered.
    channels: HashMap<ChannelId, Head>,
    /// People whose memberships may have changed.
    people: HashSet<UserId>,
    /// Sessions that may have ended.
    sessions: HashSet<SessionId>,
}

impl Doubt {
    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.people.is_empty() && self.sessions.is_empty()
    }

    /// Everything above this head of the channel is in doubt.
    pub(super) fn channel(&mut self, channel: ChannelId, head: Head) {
        let known = self.channels.entry(channel).or_insert(head);
        if head.rev < known.rev {
            *known = head;
        }
    }

    /// Where these people are is in doubt.
    pub(super) fn people(&mut self, people: impl IntoIterator<Item = UserId>) {
        self.people.extend(people);
    }

    /// Whether these sessions have ended is in doubt.
    pub(super) fn sessions(&mut self, sessions: impl IntoIterator<Item = SessionId>) {
        self.sessions.extend(sessions);
    }

    /// What is to be told, and which sessions have ended. The lane's turn comes when its transaction that was lost has ended, so that what is read here
    /// is what has become of it.
    pub(super) async fn resolve(&self, writer: &mut Writer, turn: i64) -> Result<(Batch, Vec<SessionId>)> {
        writer.begin_in_turn(turn).await?;
        let conn = &mut writer.conn();
        let mut effects = Vec::new();
        for (&channel, known) in &self.channels {
            for message in message::sql::changed_since(conn, channel, known.rev).await? {
                let is_new = message.id.seq() > known.seq;
                let event = if is_new { Event::MessageSent(message) } else { Event::MessageUpdated(message) };
                effects.push(Effect::emit(Audience::Channel(channel), event));
            }
        }
        let sessions: Vec<_> = self.sessions.iter().copied().collect();
        let existing = session::sql::existing(conn, &sessions).await?;
        let ended: Vec<_> = sessions.into_iter().filter(|session| !existing.contains(session)).collect();
        effects.extend(ended.iter().map(|&session| Effect::EndSession { session }));
        writer.rollback().await?;
        let reread = self.people.iter().copied().collect();
        let batch = Batch { reread, done: vec![Done { origin: None, effects, finish: Box::new(|| {}) }] };
        Ok((batch, ended))
    }
}
