//! A run: sends and read marks as one set of statements, whatever its length. A single send is a run of one.

use std::collections::{BTreeMap, HashMap};

use crate::channel;
use crate::db::Conn;
use crate::effect::{Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, MessageId, UserId};
use crate::lane::{Ask, MarkAsk, Outcome, SendAsk, Settled};
use crate::member::sql::Standing;
use crate::member::{self, TOLD_OF_READING};
use crate::message::sql::{self, NewMessage};
use crate::message::{Head, Message, Move, Sent};
use crate::read;
use crate::seeded::Seeded;
use crate::text::ClientId;
use crate::time::Time;

/// What a run did.
pub(crate) struct RunOutcome {
    /// Per entry.
    pub(crate) outcomes: Vec<Outcome>,
    /// Channels that got messages.
    pub(crate) moves: Vec<Move>,
}

/// What a `clientId` stands for.
struct Known {
    sent: Sent,
    hash: Vec<u8>,
}

type SendKey<'a> = (ChannelId, UserId, &'a ClientId);

/// A run while it is put together in memory, between the statements that read and those that write.
struct Run<'a> {
    now: Time,
    standings: HashMap<(ChannelId, UserId), Standing>,
    known: HashMap<(ChannelId, UserId, ClientId), Known>,
    heads: BTreeMap<ChannelId, (Head, Head)>,
    messages: Vec<NewMessage<'a>>,
    marks: BTreeMap<(ChannelId, UserId), i64>,
}

/// Carry out a run. An error means that none of it is done; refusals are outcomes.
pub(crate) async fn run(conn: &mut Conn<'_>, now: Time, asks: &[Ask<'_>]) -> Result<RunOutcome> {
    let mut pairs: Vec<_> = asks.iter().map(|ask| (ask.channel(), ask.user())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let standings = member::sql::standings(conn, &pairs).await?;
    let known = known(conn, asks, &standings).await?;
    let (heads, messages, marks) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    let mut run = Run { now, standings, known, heads, messages, marks };

    let decided: Vec<_> = asks.iter().map(|&ask| run.decide(ask)).collect();

    if !run.messages.is_empty() {
        let growth: Vec<_> = run.heads.iter().map(|(id, (before, after))| (*id, after.seq - before.seq)).collect();
        channel::sql::grow(conn, &growth, now).await?;
        sql::insert(conn, &run.messages).await?;
    }
    let reached = run.reached();
    read::sql::raise(conn, &reached).await?;

    let reached: HashMap<_, _> = reached.into_iter().map(|(channel, user, seq)| ((channel, user), seq)).collect();
    let outcomes = decided.into_iter().zip(asks).map(|(decision, ask)| run.outcome(decision, ask, &reached));
    let outcomes = outcomes.collect();
    let moves = run.heads.into_iter().map(|(channel, (before, after))| Move { channel, before, after });
    Ok(RunOutcome { outcomes, moves: moves.collect() })
}

/// What the database knows of the run's `clientId`s.
async fn known(
    conn: &mut Conn<'_>,
    asks: &[Ask<'_>],
    standings: &HashMap<(ChannelId, UserId), Standing>,
) -> Result<HashMap<(ChannelId, UserId, ClientId), Known>> {
    let mut keys: Vec<SendKey<'_>> = Vec::new();
    for ask in asks {
        let Ask::Send(sending) = ask else { continue };
        let Some(client_id) = &sending.command.client_id else { continue };
        let (channel, user) = (ask.channel(), ask.user());
        // Whoever may not write is refused without being told what was sent before.
        if standings.get(&(channel, user)).is_some_and(Standing::is_member) {
            keys.push((channel, user, client_id));
        }
    }
    if Seeded::NoUniqueKey.is_sown() {
        keys.clear();
    }
    let rows = sql::first_sent(conn, &keys).await?;
    let known = rows.into_iter().map(|row| {
        let (id, repeated) = (MessageId::from_seq(row.seq), Some(true));
        let sent = Sent { id, seq: row.seq, rev: row.sent_rev, created_at: row.created_at, repeated };
        ((row.channel_id, row.author_id, row.client_id), Known { sent, hash: row.sent_hash })
    });
    Ok(known.collect())
}

/// What was decided about an entry.
enum Decision {
    Stored(Sent, Message),
    Repeated(Sent),
    Marked,
    Refused(Error),
}

impl<'a> Run<'a> {
    fn decide(&mut self, ask: Ask<'a>) -> Decision {
        let decided = match ask {
            Ask::Send(sending) => self.send(sending),
            Ask::Mark(mark) => self.mark(mark),
        };
        decided.unwrap_or_else(Decision::Refused)
    }

    fn standing(&self, channel: ChannelId, user: UserId) -> Result<&Standing> {
        let standing = self.standings.get(&(channel, user)).ok_or_else(|| Error::not_found("channel"))?;
        standing.require_member()?;
        Ok(standing)
    }

    /// Give the message its place, unless it has one. Refused sends are out before numbers are given: no holes.
    fn send(&mut self, sending: &'a SendAsk) -> Result<Decision> {
        let command = &sending.command;
        let (channel, user) = (command.channel_id, sending.actor.user);
        let head = self.standing(channel, user)?.head();
        let key = command.client_id.clone().map(|client_id| (channel, user, client_id));
        let hash = sending.hash.as_ref().map(|hash| hash.as_slice());

        if let Some(known) = key.as_ref().and_then(|key| self.known.get(key)) {
            if hash != Some(&known.hash) {
                return Err(Error::conflict("this clientId was used for another message"));
            }
            return Ok(Decision::Repeated(known.sent.clone()));
        }
        let (_, after) = self.heads.get(&channel).copied().unwrap_or((head, head));
        // Places are gapless, so that there is a message for every number up to the head.
        if command.reply_to.is_some_and(|reply_to| reply_to.seq() > after.seq) {
            return Err(Error::not_found("message"));
        }

        let place = Head { seq: after.seq + 1, rev: after.rev + 1 };
        self.heads.entry(channel).or_insert((head, head)).1 = place;
        self.raise(channel, user, place.seq);
        let message = NewMessage {
            channel,
            seq: place.seq,
            rev: place.rev,
            author: user,
            content: command.content.as_str(),
            created_at: self.now,
            client_id: command.client_id.as_ref(),
            hash,
            reply_to: command.reply_to,
        };
        let event = message.to_message();
        self.messages.push(message);
        let sent = Sent { id: event.id, seq: place.seq, rev: place.rev, created_at: self.now, repeated: None };
        if let (Some(key), Some(hash)) = (key, hash) {
            let sent = Sent { repeated: Some(true), ..sent };
            self.known.insert(key, Known { sent, hash: hash.to_owned() });
        }
        Ok(Decision::Stored(sent, event))
    }

    fn mark(&mut self, mark: &MarkAsk) -> Result<Decision> {
        let (channel, user) = (mark.command.channel_id, mark.actor.user);
        self.standing(channel, user)?;
        self.raise(channel, user, mark.command.message_id.seq());
        Ok(Decision::Marked)
    }

    fn raise(&mut self, channel: ChannelId, user: UserId, seq: i64) {
        let mark = self.marks.entry((channel, user)).or_default();
        *mark = if Seeded::ReadMarkOverwritten.is_sown() { seq } else { seq.max(*mark) };
    }

    /// The marks that move: clamped to the head as it is after the run, and only forward.
    fn reached(&self) -> Vec<(ChannelId, UserId, i64)> {
        let moving = self.marks.iter().filter_map(|(&(channel, user), &wanted)| {
            let standing = self.standings.get(&(channel, user))?;
            let head = self.heads.get(&channel).map_or(standing.seq, |(_, after)| after.seq);
            let reached = wanted.min(head);
            let moves = reached > standing.read_seq.unwrap_or_default() || Seeded::ReadMarkOverwritten.is_sown();
            moves.then_some((channel, user, reached))
        });
        moving.collect()
    }

    fn outcome(&self, decision: Decision, ask: &Ask<'_>, reached: &HashMap<(ChannelId, UserId), i64>) -> Outcome {
        let (settled, effects) = match decision {
            Decision::Stored(sent, message) => {
                let audience = Audience::Channel(message.channel_id);
                (Settled::Sent(sent), vec![Effect::emit(audience, Event::MessageSent(message))])
            }
            Decision::Repeated(sent) => (Settled::Sent(sent), Vec::new()),
            Decision::Refused(error) => return Outcome::refused(error),
            Decision::Marked => (Settled::Done, self.told_of_reading(ask, reached)),
        };
        Outcome { settled, effects }
    }

    fn told_of_reading(&self, ask: &Ask<'_>, reached: &HashMap<(ChannelId, UserId), i64>) -> Vec<Effect> {
        let (channel, user) = (ask.channel(), ask.user());
        let Some(&seq) = reached.get(&(channel, user)) else { return Vec::new() };
        let to_members = self.standings.get(&(channel, user)).is_some_and(|s| s.user_count <= TOLD_OF_READING);
        vec![Effect::Read { channel, user, up_to: MessageId::from_seq(seq), to_members }]
    }
}
