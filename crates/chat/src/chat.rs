//! The product as a whole: what the transport holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::account::{self, PasswordCost, Passwords};
use crate::answer::Answer;
use crate::channel::{self, Channel, ChannelType};
use crate::command::{Command, Cx, Kind, Live, Request};
use crate::db::{Conn, Database, Db, Fault, OpenError, Opening, Prepare};
use crate::effect::{Actor, Audience, Batch, Effect};
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::id::{ChannelId, Epoch, SessionId, UserId};
use crate::lane::{Entry, Lanes, Pending};
use crate::limits::Limits;
use crate::member;
use crate::presence::Presence;
use crate::session::{self, EndedSessions, Identity};
use crate::stats::{Stats, Tallies};
use crate::text::{ChannelName, fold, look};
use crate::time::{Environment, Time};
use crate::world::World;

/// Write lanes on PostgreSQL: enough to overlap their waiting for the network and the disk.
const POSTGRES_LANES: usize = 4;
/// The channel that everybody is in.
const GENERAL: &str = "General";

/// How to open the product.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the data lives.
    pub database: Database,
    /// What a password hash costs. Less than the default is for tests alone.
    pub password_cost: PasswordCost,
    /// How many channels and memberships of others one account may make in an hour, all of them at once if need be; any
    /// number if absent. See [`budget`](crate::budget).
    pub made_per_hour: Option<u32>,
    /// What else is bounded.
    pub limits: Limits,
    /// What may be done to the database before it is used.
    pub prepare: Prepare,
}

impl Options {
    /// With the defaults for everything else.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            password_cost: PasswordCost::default(),
            made_per_hour: None,
            limits: Limits::default(),
            prepare: Prepare::Fully,
        }
    }
}

/// The product: commands in, answers and effects out. Cheap to clone.
#[derive(Clone)]
pub struct Chat {
    inner: Arc<Inner>,
}

struct Inner {
    world: Arc<World>,
    db: Arc<Db>,
    lanes: Lanes,
    passwords: Passwords,
}

impl Chat {
    /// Open the database, bring it up to date, start the write lanes. Each lane hands over what it has committed on a
    /// queue of its own, in order; the lane waits when nobody takes from it.
    ///
    /// Must be called in a Tokio runtime.
    pub async fn open(options: Options, env: Environment) -> Result<(Self, Vec<mpsc::Receiver<Batch>>), OpenError> {
        let found = async |conn: &mut Conn<'_>| found(conn, &env).await;
        let opening = Opening { statement: options.limits.statement, now: env.now(), prepare: options.prepare };
        let (db, (epoch, general)) = Db::open(&options.database, opening, found).await?;
        let db = Arc::new(db);
        let (fatal, _) = watch::channel(None);
        let world = Arc::new(World {
            env,
            limits: options.limits,
            tallies: Tallies::default(),
            epoch,
            general,
            made_per_hour: options.made_per_hour,
            presence: Presence::default(),
            ended: EndedSessions::default(),
            typing: Default::default(),
            moved: Default::default(),
            fatal,
            #[cfg(test)]
            fail_point: Default::default(),
        });
        let lanes = match *db {
            Db::Sqlite { .. } => 1,
            Db::Postgres { .. } => POSTGRES_LANES,
        };
        let (lanes, batches) = Lanes::open(lanes, &db, &world);
        let passwords = Passwords::new(options.password_cost, options.limits.passwords_waiting)
            .map_err(|error| OpenError::Passwords(error.to_string()))?;
        Ok((Self { inner: Arc::new(Inner { world, db, lanes, passwords }) }, batches))
    }

    /// Queue a command that writes, without waiting for anything. `reply` is called once, with the answer: at once
    /// when the lane's queue is full, else from [`Done::finish`](crate::effect::Done::finish), else by the lane.
    pub fn submit(&self, actor: Actor, request: Request, reply: impl FnOnce(Answer) + Send + 'static) {
        self.submit_since(Instant::now(), actor, request, reply);
    }

    /// [`submit`](Self::submit) for a command that arrived at `since` and has waited from then on.
    pub fn submit_since(
        &self,
        since: Instant,
        actor: Actor,
        request: Request,
        reply: impl FnOnce(Answer) + Send + 'static,
    ) {
        if request.kind() != Kind::Write {
            return reply(Answer::from(
                &self.inner.world.report("submit", Error::internal("not a command that writes")),
            ));
        }
        if let Some((key, mut entry)) = request.into_entry(actor, Box::new(reply)) {
            entry.since = since;
            self.inner.lanes.submit(key, entry);
        }
    }

    /// Carry out a command that reads, or give up when its time is over. The effects are to be carried out before the
    /// answer is given.
    pub async fn answer(&self, actor: &Actor, request: Request) -> (Answer, Vec<Effect>) {
        self.answer_since(Instant::now(), actor, request).await
    }

    /// [`answer`](Self::answer) for a command that arrived at `since` and has waited from then on.
    pub async fn answer_since(&self, since: Instant, actor: &Actor, request: Request) -> (Answer, Vec<Effect>) {
        let (name, begun) = (request.name(), Instant::now());
        let result = timeout_at(since + self.limits().command, async {
            let mut reading = self.inner.db.reading().await?;
            let mut cx = Cx::new(reading.conn(), actor, &self.inner.world);
            let answer = request.read(&mut cx).await?;
            let effects = cx.into_effects();
            reading.end().await?;
            Ok((answer, effects))
        });
        let result = result.await.unwrap_or_else(|_| Err(Error::unavailable()));
        self.inner.world.tallies.read.span(begun.elapsed());
        match result {
            Ok(done) => done,
            Err(error) => (Answer::from(&self.read_error(name, error)), Vec::new()),
        }
    }

    /// Carry out a command that touches memory alone. `joined` tells whether the acting socket stands in a channel's
    /// room.
    pub fn live(&self, actor: &Actor, request: Request, joined: impl Fn(ChannelId) -> bool) -> (Answer, Vec<Effect>) {
        let name = request.name();
        let mut live = Live { actor, world: &self.inner.world, joined: &joined, effects: Vec::new() };
        match request.live(&mut live) {
            Ok(answer) => (answer, live.effects),
            Err(error) => (Answer::from(&self.inner.world.report(name, error)), Vec::new()),
        }
    }

    /// A socket is gone: what ends with it.
    pub fn socket_gone(&self, actor: &Actor) -> Vec<Effect> {
        self.inner.world.typing.end(actor)
    }

    /// Who has stopped writing without saying so. To be called about once a second.
    pub fn expire_typing(&self, now: Instant) -> Vec<Effect> {
        self.inner.world.typing.expire(now)
    }

    /// Who is here.
    pub fn presence(&self) -> &Presence {
        &self.inner.world.presence
    }

    /// The heads of the channels that moved since the last call, each for its own members: to be sent every 25 s.
    pub fn take_heads(&self) -> Vec<Effect> {
        let moved = std::mem::take(&mut *self.inner.world.moved.lock());
        let heads = moved.into_iter().map(|(channel, head)| {
            Effect::emit(Audience::Channel(channel), Event::Heads(BTreeMap::from([(channel, head)])))
        });
        heads.collect()
    }

    /// The channels that somebody is in: whose rooms their sockets stand in.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<ChannelId>> {
        self.read(async |conn| member::channels_of(conn, user).await).await
    }

    /// These channels as somebody sees them; without those that they are not in.
    pub async fn channels_of(&self, user: UserId, ids: &[ChannelId]) -> Result<Vec<Channel>> {
        let rows = self.read(async |conn| channel::sql::own_among(conn, user, ids).await).await?;
        // Each once: the statement may find one twice.
        let channels: BTreeMap<_, _> = rows.into_iter().map(|row| (row.id, row.seen_by(user))).collect();
        Ok(channels.into_values().collect())
    }

    /// As [`memberships`](Self::memberships), for a socket that comes in: nothing if its session has ended. One snapshot
    /// tells both.
    pub async fn memberships_of(&self, identity: Identity) -> Result<Option<Vec<ChannelId>>> {
        let now = self.now();
        let read = self.read(async |conn| {
            if !session::is_alive(conn, identity.session, now).await? {
                return Ok(None);
            }
            member::channels_of(conn, identity.user).await.map(Some)
        });
        read.await
    }

    /// Whether commands can be carried out now: the database answers, and every lane reaches it.
    pub async fn ready(&self) -> bool {
        let alive = self.inner.lanes.healthy() && self.inner.world.fatal.borrow().is_none();
        alive && self.is_empty().await.is_ok()
    }

    /// Ends with the reason when the server must stop: the database cannot keep what it acknowledges.
    pub async fn fatal(&self) -> String {
        let mut fatal = self.inner.world.fatal.subscribe();
        match fatal.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The sender lives as long as `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// What was done so far, for whoever watches the server.
    pub fn stats(&self) -> Stats {
        let lanes = &self.inner.lanes;
        let checks = self.passwords().checks();
        Stats::new(&self.inner.world.tallies, lanes.commits(), lanes.queued(), lanes.healthy(), checks)
    }

    /// How many transactions the lanes have committed.
    pub fn commits(&self) -> u64 {
        self.inner.lanes.commits()
    }

    /// Take no more commands, finish those that are queued, close the database. Somebody must go on taking batches.
    pub async fn close(&self) {
        self.inner.lanes.close().await;
        self.inner.db.close().await;
    }

    /// What is bounded how.
    pub fn limits(&self) -> &Limits {
        &self.inner.world.limits
    }

    /// The time, as the product sees it.
    pub fn now(&self) -> Time {
        self.inner.world.env.now()
    }

    #[cfg(test)]
    pub(crate) fn fail(&self, reason: &str) {
        self.inner.world.fail(reason.to_owned());
    }

    #[cfg(test)]
    pub(crate) fn fail_point(&self) -> &crate::world::FailPoint {
        &self.inner.world.fail_point
    }

    /// These sessions were ended beside this server.
    pub(crate) fn note_ended(&self, sessions: &[SessionId]) {
        self.inner.world.ended.note(sessions.iter().copied());
    }

    pub(crate) fn env(&self) -> &Environment {
        &self.inner.world.env
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// The channel that everybody is in.
    pub fn general(&self) -> ChannelId {
        self.inner.world.general
    }

    /// Read something from a snapshot.
    pub(crate) async fn read<T>(&self, work: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        let result = timeout(self.limits().command, async {
            let mut reading = self.inner.db.reading().await?;
            let value = work(&mut reading.conn()).await?;
            reading.end().await?;
            Ok(value)
        });
        let result = result.await.unwrap_or_else(|_| Err(Error::unavailable()));
        result.map_err(|error| self.read_error("read", error))
    }

    /// A database that does not answer is not a fault of ours.
    fn read_error(&self, name: &'static str, error: Error) -> Error {
        match error.database() {
            Some(sqlx::Error::PoolTimedOut) => Error::busy(),
            Some(database) if Fault::of(database) != Fault::Statement => {
                tracing::warn!(command = name, cause = %database, "the database does not answer");
                Error::unavailable()
            }
            _ => self.inner.world.report(name, error),
        }
    }

    /// Run a command of ours on its lane, and wait until its effects are carried out.
    pub(crate) async fn perform<C: Command>(&self, user: UserId, session: SessionId, command: C) -> Result<C::Reply> {
        let (answer, answered) = oneshot::channel();
        let actor = Actor { user, session, origin: None };
        let then = Box::new(move |result| {
            // Whoever asked may have gone.
            let _ = answer.send(result);
        });
        self.inner.lanes.submit(command.lane(&actor), Entry::act(Pending::new(command, actor, then)));
        answered.await.unwrap_or_else(|_| Err(Error::unavailable()))
    }

    /// Run a command of nobody in particular on its lane, and wait until its effects are carried out.
    pub(crate) async fn perform_ours<C: Command>(&self, command: C) -> Result<C::Reply> {
        let nobody = uuid::Uuid::nil();
        self.perform(UserId::from_uuid(nobody), SessionId::from_uuid(nobody), command).await
    }

    /// Run a command of ours on a lane. Nobody waits for it.
    pub(crate) fn perform_unseen<C: Command>(&self, command: C) {
        let nobody = uuid::Uuid::nil();
        let actor = Actor { user: UserId::from_uuid(nobody), session: SessionId::from_uuid(nobody), origin: None };
        let then = Box::new(|result: Result<C::Reply>| {
            if let Err(error) = result
                && error.code() != Code::Busy
            {
                tracing::warn!(command = C::NAME, %error, "a command of ours failed");
            }
        });
        self.inner.lanes.submit(command.lane(&actor), Entry::act(Pending::new(command, actor, then)));
    }
}

/// The server's epoch and its channel for everybody; both made if this is the first start.
async fn found(conn: &mut Conn<'_>, env: &Environment) -> Result<(Epoch, ChannelId)> {
    let (epoch, general, now) = (Epoch::from_uuid(env.uuid()), ChannelId::from_uuid(env.uuid()), env.now());
    // Whoever inserts the row makes the channel; another server that starts at once waits for the row.
    if account::sql::insert_server(conn, epoch, general, now).await? {
        let name = ChannelName::try_from(GENERAL.to_owned()).map_err(Error::internal)?;
        let channel = channel::sql::NewChannel {
            id: general,
            kind: ChannelType::Public,
            name: Some(&name),
            name_key: Some(fold(GENERAL)),
            name_look: Some(look(GENERAL)),
            topic: None,
            people_key: None,
        };
        channel::sql::insert(conn, &channel, now).await?;
        return Ok((epoch, general));
    }
    // A restored copy: it has no epoch until it is opened, so that no two restores have the same.
    account::sql::draw_epoch(conn, epoch).await?;
    account::sql::server(conn).await?.ok_or_else(|| Error::internal("the server's row is gone"))
}
