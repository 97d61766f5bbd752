//! One batch: everything in it inside one transaction.

use std::collections::{HashMap, HashSet};

use super::entry::{Settled, Work};
use super::plan::{Step, plan};
use crate::channel;
use crate::command::{Cx, Deed};
use crate::db::{Conn, Fault, Writer};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::id::{ChannelId, SessionId, UserId};
use crate::message::{Head, Move, run};
use crate::world::World;

/// Why a batch was given up before its commit.
#[derive(Debug)]
pub(super) enum Abort {
    /// Other transactions stood in the way: again.
    Repeat(Error),
    /// A session ended while the batch ran: again, without its commands.
    Ended,
    /// A set of statements failed: again, one by one, to find the one at fault.
    OneByOne(Error),
    /// The connection is of no more use.
    Connection(Error),
    /// The disk is of no more use.
    Disk(Error),
}

impl Abort {
    pub(super) fn of(error: Error) -> Self {
        match error.database().map(Fault::of) {
            Some(Fault::Repeat) => Self::Repeat(error),
            Some(Fault::Connection) => Self::Connection(error),
            Some(Fault::Disk) => Self::Disk(error),
            Some(Fault::Statement) | None => Self::OneByOne(error),
        }
    }

    /// Of a transaction that did not begin: nobody knows what state its connection is in, unless it has to wait for others.
    pub(super) fn of_begin(error: Error) -> Self {
        match Self::of(error) {
            Self::OneByOne(error) => Self::Connection(error),
            other => other,
        }
    }
}

/// How one entry came out.
pub(crate) struct Outcome {
    pub(crate) settled: Settled,
    pub(crate) effects: Vec<Effect>,
}

impl Outcome {
    pub(crate) fn refused(error: Error) -> Self {
        Self { settled: Settled::Refused(error), effects: Vec::new() }
    }
}

/// What a transaction has done so far.
#[derive(Default)]
pub(super) struct Progress {
    /// Outcomes with the places of their entries, in the order in which they were carried out.
    pub(super) outcomes: Vec<(usize, Outcome)>,
    /// Channels whose messages changed: where they stood before the batch, and after.
    pub(super) heads: HashMap<ChannelId, (Head, Head)>,
    /// Sessions that the transaction ends.
    pub(super) ended: HashSet<SessionId>,
}

impl Progress {
    /// People whose memberships the transaction changes.
    pub(super) fn moved_people(&self) -> HashSet<UserId> {
        let effects = self.outcomes.iter().flat_map(|(_, outcome)| &outcome.effects);
        effects
            .filter_map(|effect| match effect {
                Effect::Join { user, .. } | Effect::Leave { user, .. } => Some(*user),
                _ => None,
            })
            .collect()
    }

    fn note(&mut self, places: &[usize], outcome: run::RunOutcome) {
        self.outcomes.extend(places.iter().copied().zip(outcome.outcomes));
        self.go_on(outcome.moves);
    }

    fn note_act(&mut self, place: usize, outcome: Outcome, moves: Vec<Move>) {
        self.ended.extend(outcome.effects.iter().filter_map(|effect| match effect {
            Effect::EndSession { session } => Some(*session),
            _ => None,
        }));
        self.outcomes.push((place, outcome));
        self.go_on(moves);
    }

    /// Whether the transaction has ended the session of this before its turn came.
    fn has_ended(&self, work: &Work) -> bool {
        self.ended.contains(&work.actor().session)
    }

    /// Refuse it for that.
    fn sign_out(&mut self, place: usize) {
        self.outcomes.push((place, Outcome::refused(Error::signed_out())));
    }

    /// Refuse those of a run whose session has ended. Who is left.
    fn refuse_ended(&mut self, works: &[Work], places: Vec<usize>) -> Vec<usize> {
        let (over, left): (Vec<_>, _) = places.into_iter().partition(|&place| self.has_ended(&works[place]));
        over.into_iter().for_each(|place| self.sign_out(place));
        left
    }

    fn go_on(&mut self, moves: Vec<Move>) {
        for Move { channel, before, after } in moves {
            self.heads.entry(channel).and_modify(|(_, newest)| *newest = after).or_insert((before, after));
        }
    }
}

/// Carry out a batch inside a transaction that has begun, without its commit.
pub(super) async fn attempt(
    writer: &mut Writer,
    world: &World,
    works: &mut [Work],
    one_by_one: bool,
) -> Result<Progress, Abort> {
    if let conn @ Conn::Postgres(_) = &mut writer.conn() {
        let mut channels: Vec<_> = works.iter().filter_map(Work::channel).collect();
        channels.sort_unstable();
        channels.dedup();
        channel::sql::lock(conn, &channels).await.map_err(Abort::of)?;
    }
    let mut progress = Progress::default();
    for step in plan(works) {
        match step {
            Step::Run(places) if one_by_one => {
                for place in progress.refuse_ended(works, places) {
                    let name = works[place].name();
                    let Some(ask) = works[place].ask() else { continue };
                    writer.savepoint().await.map_err(|error| Abort::of(error.into()))?;
                    let result = run::run(&mut writer.conn(), world.env.now(), &[ask]).await;
                    match settle_savepoint(writer, world, name, result).await? {
                        Ok(outcome) => progress.note(&[place], outcome),
                        Err(refused) => progress.outcomes.push((place, refused)),
                    }
                }
            }
            Step::Run(places) => {
                let places = progress.refuse_ended(works, places);
                let asks: Vec<_> = places.iter().filter_map(|&place| works[place].ask()).collect();
                let outcome = run::run(&mut writer.conn(), world.env.now(), &asks).await.map_err(Abort::of)?;
                progress.note(&places, outcome);
            }
            Step::Act(place) if progress.has_ended(&works[place]) => progress.sign_out(place),
            Step::Act(place) => {
                let (outcome, moves) = act(writer, world, &mut works[place]).await?;
                progress.note_act(place, outcome, moves);
            }
        }
    }
    Ok(progress)
}

async fn act(writer: &mut Writer, world: &World, work: &mut Work) -> Result<(Outcome, Vec<Move>), Abort> {
    let Work::Act(act) = work else {
        let misplaced = Error::internal("a send or a mark stood where an act was planned");
        return Ok((Outcome::refused(misplaced), Vec::new()));
    };
    let (name, actor) = (act.name(), act.actor().clone());
    writer.savepoint().await.map_err(|error| Abort::of(error.into()))?;
    let result = act.attempt(Cx::new(writer.conn(), &actor, world)).await;
    let settled = settle_savepoint(writer, world, name, result).await?;
    Ok(match settled {
        Ok(Deed { effects, moves }) => (Outcome { settled: Settled::Done, effects }, moves),
        Err(refused) => (refused, Vec::new()),
    })
}

/// Keep what was done since the savepoint, or undo it: a refusal costs nobody else anything.
async fn settle_savepoint<T>(
    writer: &mut Writer,
    world: &World,
    name: &'static str,
    result: Result<T>,
) -> Result<Result<T, Outcome>, Abort> {
    let error = match result {
        Ok(value) => {
            writer.keep().await.map_err(|error| Abort::of(error.into()))?;
            return Ok(Ok(value));
        }
        Err(error) => error,
    };
    if error.database().is_some_and(|error| Fault::of(error) != Fault::Statement) {
        return Err(Abort::of(error));
    }
    writer.undo().await.map_err(|error| Abort::Connection(error.into()))?;
    Ok(Err(Outcome::refused(world.report(name, error))))
}
