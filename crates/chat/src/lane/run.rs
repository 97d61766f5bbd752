//! A lane's life: cut a batch from the queue, carry it out, commit, hand over; and what to do when that fails.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::batch::{Abort, Progress, attempt};
use super::entry::{Entry, Settled, Work};
use super::recover::Doubt;
use crate::db::{Db, Fault, Writer};
use crate::effect::{Batch, Done};
use crate::error::Error;
use crate::fail_point;
use crate::id::SessionId;
use crate::seeded::Seeded;
use crate::world::World;

/// Sends per batch: more make the commit no cheaper, and the first of them wait longer.
const SENDS: usize = 128;
/// Commands per batch that run by themselves: each costs several statements.
const ACTS: usize = 32;
/// Entries per batch in all.
const ENTRIES: usize = 512;
/// Longest that one attempt to reach the database may take: nobody is told anything meanwhile.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(1);
/// How often a batch is repeated when other transactions stand in its way.
const REPEATS: u32 = 5;
/// Messages from which on it matters how the database looks for one of them.
pub(super) const LOOK_FROM: i64 = 1_000;
/// It looks anew when there are so many times as many; later it does so by itself.
const LOOK_AGAIN: i64 = 4;
/// No repetition begins later than this: whoever waits for the batch has waited before it too.
const REPEAT_WITHIN: Duration = Duration::from_secs(1);

/// What a lane lets others see of itself.
pub(super) struct Status {
    /// Whether it reaches its database.
    pub(super) healthy: AtomicBool,
    /// How many transactions it has committed.
    pub(super) commits: AtomicU64,
}

/// One write lane.
pub(super) struct Lane {
    pub(super) db: Arc<Db>,
    pub(super) world: Arc<World>,
    pub(super) entries: mpsc::Receiver<Entry>,
    /// Taken from the queue while the database was away, to see who has waited too long.
    pub(super) backlog: VecDeque<Entry>,
    pub(super) out: mpsc::Sender<Batch>,
    /// Names this lane's transactions, see [`Writer::begin_in_turn`].
    pub(super) turn: i64,
    pub(super) writer: Option<Writer>,
    pub(super) doubt: Doubt,
    pub(super) status: Arc<Status>,
    /// Messages that it has stored.
    stored: i64,
    /// From how many on the database looks at them anew.
    look_at: i64,
}

/// How a transaction ended.
enum Ended {
    /// It is durable.
    Committed(Progress),
    /// Nothing changed, and all of it can be run again.
    Again { one_by_one: bool },
    /// It is over: nothing changed, or nobody knows.
    Failed,
}

impl Lane {
    /// A lane that takes its commands from `entries` and hands over on `out` what it has committed.
    pub(super) fn new(
        db: Arc<Db>,
        world: Arc<World>,
        entries: mpsc::Receiver<Entry>,
        out: mpsc::Sender<Batch>,
        status: Arc<Status>,
    ) -> Self {
        let turn = i64::from_be_bytes(world.env.random());
        Self {
            db,
            world,
            entries,
            backlog: VecDeque::new(),
            out,
            turn,
            writer: None,
            doubt: Doubt::default(),
            status,
            stored: 0,
            look_at: LOOK_FROM,
        }
    }

    /// Carry out what is queued until nobody can queue anything any more, or the server must stop.
    pub(super) async fn live(mut self) {
        loop {
            if (self.writer.is_none() || !self.doubt.is_empty()) && !self.reach().await {
                break;
            }
            let next = match self.backlog.pop_front() {
                Some(entry) => Some(entry),
                None => self.entries.recv().await,
            };
            let Some(first) = next else { break };
            let works = self.cut(first);
            if !works.is_empty() {
                self.carry_out(works).await;
            }
        }
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.close().await
        {
            tracing::warn!(%error, "a lane's connection did not close in good order");
        }
    }

    /// A batch: what is queued, up to the bounds. Whoever has waited too long is told so instead.
    fn cut(&mut self, first: Entry) -> Vec<Work> {
        let now = Instant::now();
        let (mut works, mut sends, mut acts) = (Vec::new(), 0, 0);
        let mut next = Some(first);
        while let Some(entry) = next {
            if now.duration_since(entry.since) > self.world.limits.wait() {
                entry.refuse(Error::busy());
            } else {
                match entry.work {
                    Work::Send(_) => sends += 1,
                    Work::Act(_) => acts += 1,
                    Work::Mark(_) => {}
                }
                works.push(entry.work);
            }
            if sends == SENDS || acts == ACTS || works.len() == ENTRIES {
                break;
            }
            next = self.backlog.pop_front().or_else(|| self.entries.try_recv().ok());
        }
        works
    }

    /// Carry out a batch, commit it, hand it over.
    async fn carry_out(&mut self, mut works: Vec<Work>) {
        let begun = Instant::now();
        let deadline = begun + self.world.limits.batch();
        let mut one_by_one = false;
        // Rolled back as often as it was tried: nothing changed.
        let mut refusal: fn() -> Error = Error::busy;
        for repeat in 0..=REPEATS {
            works = self.refuse_ended(works);
            if works.is_empty() {
                return;
            }
            match self.transaction(&mut works, one_by_one, deadline).await {
                Ended::Committed(progress) => {
                    self.world.tallies.batch.note(works.len() as u64);
                    self.world.tallies.transaction.span(begun.elapsed());
                    return self.hand_over(works, progress).await;
                }
                Ended::Failed => {
                    refusal = Error::unavailable;
                    break;
                }
                Ended::Again { .. } if begun.elapsed() > REPEAT_WITHIN => {
                    let tried = works.len();
                    works = self.refuse_ended(works);
                    // Nobody pays for the end of somebody else's session.
                    if works.len() == tried {
                        break;
                    }
                }
                Ended::Again { one_by_one: fine } => {
                    one_by_one |= fine;
                    sleep(Duration::from_millis(u64::from(repeat) * 5)).await;
                }
            }
        }
        for work in works {
            work.settle(Settled::Refused(refusal()));
        }
    }

    /// Refuse those whose session has ended meanwhile, here or on another lane. Who is left.
    fn refuse_ended(&self, works: Vec<Work>) -> Vec<Work> {
        let over = self.world.ended.among(sessions(&works));
        if over.is_empty() {
            return works;
        }
        let (mut left, mut over) = (Vec::with_capacity(works.len()), over.into_iter().peekable());
        for (place, work) in works.into_iter().enumerate() {
            if over.next_if_eq(&place).is_some() {
                work.settle(Settled::Refused(Error::signed_out()));
            } else {
                left.push(work);
            }
        }
        left
    }

    async fn transaction(&mut self, works: &mut [Work], one_by_one: bool, deadline: Instant) -> Ended {
        let Some(writer) = &mut self.writer else { return Ended::Failed };
        let begun = match timeout_at(deadline, writer.begin_in_turn(self.turn)).await {
            Ok(begun) => begun.map_err(|error| Abort::of_begin(error.into())),
            Err(_) => Err(Abort::Connection(Error::unavailable())),
        };
        if let Err(abort) = begun {
            // There is nothing to roll back.
            return self.aborted(abort);
        }
        let aborted = match timeout_at(deadline, attempt(writer, &self.world, works, one_by_one)).await {
            // A lane that ends a session notes it before anybody is told: what begins its commit after that is not of it.
            Ok(Ok(_)) if !self.world.ended.among(sessions(works)).is_empty() => Abort::Ended,
            Ok(Ok(progress)) => return self.commit(progress, deadline).await,
            Ok(Err(abort)) => abort,
            Err(_) => Abort::Connection(Error::unavailable()),
        };
        let ended = self.aborted(aborted);
        if let (Ended::Again { .. }, Some(writer)) = (&ended, &mut self.writer)
            && !matches!(timeout(CONNECT_MAX, writer.rollback()).await, Ok(Ok(())))
        {
            self.lose();
            return Ended::Failed;
        }
        ended
    }

    /// Without a COMMIT nothing has changed, whatever becomes of the connection.
    fn aborted(&mut self, abort: Abort) -> Ended {
        match abort {
            Abort::Ended => Ended::Again { one_by_one: false },
            Abort::Repeat(error) => {
                tracing::debug!(cause = %Cause(&error), "a batch is repeated");
                Ended::Again { one_by_one: false }
            }
            Abort::OneByOne(error) => {
                tracing::error!(cause = %Cause(&error), "a batch failed and is repeated one by one");
                Ended::Again { one_by_one: true }
            }
            Abort::Connection(error) => {
                tracing::warn!(cause = %Cause(&error), "the database does not answer");
                self.lose();
                Ended::Failed
            }
            Abort::Disk(error) => {
                self.lose();
                self.world.fail(format!("the database cannot be kept: {}", Cause(&error)));
                Ended::Failed
            }
        }
    }

    async fn commit(&mut self, progress: Progress, deadline: Instant) -> Ended {
        #[cfg(test)]
        if let Some(held) = self.world.fail_point.held_commit() {
            let writer = self.writer.take();
            tokio::spawn(async move {
                let _ = held.await;
                writer.expect("a transaction has a connection").commit().await
            });
            return self.lost(&progress);
        }
        let Some(writer) = &mut self.writer else { return Ended::Failed };
        fail_point::hit("lane.commit").await;
        if Seeded::AckBeforeCommit.is_sown() {
            // `hand_over` makes it.
            return Ended::Committed(progress);
        }
        let begun = Instant::now();
        let committed = timeout_at(deadline, writer.commit()).await;
        self.world.tallies.commit.span(begun.elapsed());
        #[cfg(test)]
        let committed = self.world.fail_point.lose_answer(committed);
        let error = match committed {
            Ok(Ok(())) => {
                self.status.commits.fetch_add(1, Ordering::Relaxed);
                self.note_growth(&progress);
                return Ended::Committed(progress);
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        match &error {
            Some(error) if Fault::of(error) == Fault::Disk => {
                self.world.fail(format!("the database could not make a commit durable: {error}"));
            }
            error => tracing::warn!(?error, "a commit failed, its outcome is unknown"),
        }
        self.lost(&progress)
    }

    /// Has the database renew what it knows of the messages when they have become several times as many.
    fn note_growth(&mut self, progress: &Progress) {
        self.stored += progress.heads.values().map(|(before, after)| after.seq - before.seq).sum::<i64>();
        if self.stored >= self.look_at {
            self.look_at = self.stored * LOOK_AGAIN;
            let db = Arc::clone(&self.db);
            tokio::spawn(async move { db.renew_statistics().await });
        }
    }

    /// Nobody knows whether this was committed.
    fn lost(&mut self, progress: &Progress) -> Ended {
        for (channel, (before, _)) in &progress.heads {
            self.doubt.channel(*channel, *before);
        }
        self.doubt.people(progress.moved_people());
        self.doubt.sessions(progress.ended.iter().copied());
        self.doubt.effects(progress.outcomes.iter().flat_map(|(_, outcome)| &outcome.effects));
        self.lose();
        Ended::Failed
    }

    /// Hand over effects and answers, in the order in which they were carried out.
    async fn hand_over(&mut self, works: Vec<Work>, progress: Progress) {
        self.world.ended.note(progress.ended);
        {
            let mut moved = self.world.moved.lock();
            moved.extend(progress.heads.iter().map(|(channel, (_, after))| (*channel, *after)));
        }
        let mut works: Vec<_> = works.into_iter().map(Some).collect();
        let done = progress.outcomes.into_iter().filter_map(|(place, outcome)| {
            let work = works[place].take()?;
            let origin = work.origin().cloned();
            let settled = outcome.settled;
            Some(Done { origin, effects: outcome.effects, finish: Box::new(move || work.settle(settled)) })
        });
        let batch = Batch { reread: Vec::new(), done: done.collect() };
        // Nobody takes batches any more only when the server is going down.
        let _ = self.out.send(batch).await;
        if let Some(writer) = self.writer.as_mut().filter(|_| Seeded::AckBeforeCommit.is_sown()) {
            sleep(Duration::from_millis(5)).await;
            let _ = writer.commit().await;
        }
    }
}

fn sessions(works: &[Work]) -> impl Iterator<Item = SessionId> {
    works.iter().map(|work| work.actor().session)
}

/// An error with what led to it, for the log.
pub(super) struct Cause<'a>(pub(super) &'a Error);

impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match std::error::Error::source(self.0) {
            Some(source) => write!(f, "{source}"),
            None => write!(f, "{}", self.0),
        }
    }
}
