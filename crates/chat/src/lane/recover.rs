//! After a commit of which nobody knows whether it happened: look, and deliver what is there.

use std::collections::{HashMap, HashSet};

use crate::channel::{self, ChannelUpdate};
use crate::db::{Conn, Writer};
use crate::effect::{Audience, Batch, Done, Effect};
use crate::error::Result;
use crate::event::Event;
use crate::id::{ChannelId, SessionId, UserId};
use crate::member::sql::Standing;
use crate::member::{self, Member};
use crate::message::{self, Head};
use crate::session;
use crate::user;

/// What may have changed without anybody having been told.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// Channels with the head up to which everything was delivered.
    channels: HashMap<ChannelId, Head>,
    /// People whose memberships may have changed.
    people: HashSet<UserId>,
    /// Sessions that may have ended.
    sessions: HashSet<SessionId>,
    /// What was to be told of anything else.
    untold: Untold,
}

/// Events that were lost with a commit, by what they are about. What is so by now is told in their place: telling it again,
/// or where nothing was committed, does no harm.
#[derive(Debug, Default)]
struct Untold {
    /// Channels whose name, topic or count of members is to be told.
    channels: HashSet<ChannelId>,
    /// Who is to be told what they are in a channel.
    roles: HashSet<(ChannelId, UserId)>,
    /// Of whom a channel's members are to be told whether they are in it.
    members: HashSet<(ChannelId, UserId)>,
    /// Who goes by another name.
    names: HashSet<UserId>,
}

impl Untold {
    fn note(&mut self, effect: &Effect) {
        let Effect::Emit { audience, event, .. } = effect else { return };
        match (audience, event) {
            (Audience::User(user), Event::ChannelUpdated(update)) => _ = self.roles.insert((update.id, *user)),
            (_, Event::ChannelUpdated(update)) => _ = self.channels.insert(update.id),
            (_, Event::MemberJoined(member) | Event::MemberLeft(member)) => {
                self.members.insert((member.channel_id, member.user_id));
                self.channels.insert(member.channel_id);
            }
            (_, Event::UserUpdated(profile)) => _ = self.names.insert(profile.id),
            _ => {}
        }
    }

    /// Everything as it is now. Who is in a channel comes before how many they are: clients count by the first, and the
    /// second sets them right.
    async fn tell(&self, conn: &mut Conn<'_>, general: ChannelId) -> Result<Vec<Effect>> {
        let people: Vec<_> = self.members.union(&self.roles).copied().collect();
        let standings = member::sql::standings(conn, &people).await?;
        let channels: HashSet<_> = self.channels.iter().copied().chain(self.roles.iter().map(|(id, _)| *id)).collect();
        let channels: Vec<_> = channels.into_iter().collect();
        let channels = channel::sql::shared(conn, &channels).await?;

        let mut effects = Vec::new();
        for pair @ &(channel_id, user_id) in &self.members {
            let member = Member { channel_id, user_id };
            let is_in = standings.get(pair).is_some_and(Standing::is_member);
            let event = if is_in { Event::MemberJoined(member) } else { Event::MemberLeft(member) };
            effects.push(Effect::emit(Audience::Channel(channel_id), event));
        }
        for update in self.channels.iter().filter_map(|id| channels.get(id)) {
            effects.push(Effect::emit(Audience::Channel(update.id), Event::ChannelUpdated(update.clone())));
        }
        for pair @ (id, user) in &self.roles {
            let (Some(update), Some(standing)) = (channels.get(id), standings.get(pair)) else { continue };
            let Some(role) = standing.role()? else { continue };
            let update = ChannelUpdate { role: Some(role), ..update.clone() };
            effects.push(Effect::emit(Audience::User(*user), Event::ChannelUpdated(update)));
        }
        let names: Vec<_> = self.names.iter().copied().collect();
        for person in user::sql::by_ids(conn, &names).await? {
            effects.push(Effect::emit(Audience::Channel(general), Event::UserUpdated(person.profile())));
        }
        Ok(effects)
    }

    fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.roles.is_empty() && self.members.is_empty() && self.names.is_empty()
    }
}

impl Doubt {
    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.people.is_empty() && self.sessions.is_empty() && self.untold.is_empty()
    }

    /// Whether these have been told of is in doubt.
    pub(super) fn effects<'a>(&mut self, effects: impl Iterator<Item = &'a Effect>) {
        effects.for_each(|effect| self.untold.note(effect));
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

    /// What is to be told, and which sessions have ended. The lane's turn comes when its transaction that was lost has
    /// ended, so that what is read here is what has become of it.
    pub(super) async fn resolve(
        &self,
        writer: &mut Writer,
        turn: i64,
        general: ChannelId,
    ) -> Result<(Batch, Vec<SessionId>)> {
        writer.begin_in_turn(turn).await?;
        let conn = &mut writer.conn();
        let mut effects = Vec::new();
        let known: Vec<_> = self.channels.iter().map(|(id, known)| (*id, known.rev)).collect();
        for message in message::sql::changed_since(conn, &known).await? {
            let channel = message.channel_id;
            let is_new = self.channels.get(&channel).is_none_or(|known| message.id.seq() > known.seq);
            let event = if is_new { Event::MessageSent(message) } else { Event::MessageUpdated(message) };
            effects.push(Effect::emit(Audience::Channel(channel), event));
        }
        effects.extend(self.untold.tell(conn, general).await?);
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
