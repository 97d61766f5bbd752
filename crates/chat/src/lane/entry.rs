//! What stands in a lane's queue.

use std::future::Future;
use std::pin::Pin;

use tokio::time::Instant;

use crate::command::{Command, Cx, Deed};
use crate::effect::{Actor, Origin};
use crate::error::{Error, Result};
use crate::id::{ChannelId, UserId};
use crate::message::{SendMessage, Sent};
use crate::read::AckMessage;
use crate::wire::{Data, Empty};

/// Commands waiting for one lane: about a fifth of a second of work. Beyond that `BUSY` is the honest answer.
pub(super) const QUEUE: usize = 1_024;

/// Takes the outcome of a command. Called after the effects have been carried out.
pub(crate) type Then<R> = Box<dyn FnOnce(Result<R>) + Send>;

type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Deed>> + Send + 'a>>;

/// One command in a lane's queue.
pub(crate) struct Entry {
    pub(crate) work: Work,
    pub(crate) since: Instant,
}

/// What is to be done: the two that are many are done as sets, the others each by itself.
pub(crate) enum Work {
    /// A message to send.
    Send(Box<Sending>),
    /// A read mark to set.
    Mark(Box<Mark>),
    /// Anything else.
    Act(Box<dyn Act>),
}

/// A message to send, and who is to be told how it came out.
pub(crate) struct Sending {
    pub(crate) ask: SendAsk,
    pub(crate) then: Then<Data<Sent>>,
}

/// A message to send.
pub(crate) struct SendAsk {
    pub(crate) command: SendMessage,
    /// What is compared when the `clientId` comes again; nothing without one.
    pub(crate) hash: Option<[u8; 16]>,
    pub(crate) actor: Actor,
}

/// A read mark to set, and who is to be told how it came out.
pub(crate) struct Mark {
    pub(crate) ask: MarkAsk,
    pub(crate) then: Then<Empty>,
}

/// A read mark to set.
pub(crate) struct MarkAsk {
    pub(crate) command: AckMessage,
    pub(crate) actor: Actor,
}

/// What is asked of a run: without whoever waits for it, so that it can be looked at from any thread.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// A message to send.
    Send(&'a SendAsk),
    /// A read mark to set.
    Mark(&'a MarkAsk),
}

impl Ask<'_> {
    /// Who acts.
    pub(crate) fn user(&self) -> UserId {
        match self {
            Self::Send(ask) => ask.actor.user,
            Self::Mark(ask) => ask.actor.user,
        }
    }

    /// Where.
    pub(crate) fn channel(&self) -> ChannelId {
        match self {
            Self::Send(ask) => ask.command.channel_id,
            Self::Mark(ask) => ask.command.channel_id,
        }
    }
}

/// A command that runs by itself, in a savepoint.
pub(crate) trait Act: Send {
    /// Its name, for the log.
    fn name(&self) -> &'static str;
    /// Who acts.
    fn actor(&self) -> &Actor;
    /// The channel that it changes.
    fn channel(&self) -> Option<ChannelId>;
    /// Run it; keeps its reply and returns what else it did. May be called again after a rollback.
    fn attempt<'a>(&'a mut self, cx: Cx<'a>) -> Attempt<'a>;
    /// Give the answer: the reply that was kept, or this error.
    fn settle(self: Box<Self>, outcome: Result<()>);
}

/// A command of any type that runs by itself.
pub(crate) struct Pending<C: Command> {
    command: C,
    actor: Actor,
    reply: Option<C::Reply>,
    then: Then<C::Reply>,
}

impl<C: Command> Pending<C> {
    pub(crate) fn new(command: C, actor: Actor, then: Then<C::Reply>) -> Self {
        Self { command, actor, reply: None, then }
    }
}

impl<C: Command> Act for Pending<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn actor(&self) -> &Actor {
        &self.actor
    }

    fn channel(&self) -> Option<ChannelId> {
        self.command.channel()
    }

    fn attempt<'a>(&'a mut self, mut cx: Cx<'a>) -> Attempt<'a> {
        self.reply = None;
        let command = self.command.clone();
        Box::pin(async move {
            self.reply = Some(command.run(&mut cx).await?);
            Ok(cx.into_deed())
        })
    }

    fn settle(self: Box<Self>, outcome: Result<()>) {
        let Self { reply, then, .. } = *self;
        then(outcome.and_then(|()| reply.ok_or_else(|| Error::internal("a command was kept without its reply"))));
    }
}

impl Entry {
    fn new(work: Work) -> Self {
        Self { work, since: Instant::now() }
    }

    pub(crate) fn act<C: Command>(pending: Pending<C>) -> Self {
        Self::new(Work::Act(Box::new(pending)))
    }

    pub(crate) fn send(sending: Sending) -> Self {
        Self::new(Work::Send(Box::new(sending)))
    }

    pub(crate) fn mark(mark: Mark) -> Self {
        Self::new(Work::Mark(Box::new(mark)))
    }

    /// Answer with an error.
    pub(crate) fn refuse(self, error: Error) {
        self.work.settle(Settled::Refused(error));
    }
}

/// How a piece of work came out.
pub(crate) enum Settled {
    /// A message stands here.
    Sent(Sent),
    /// It is done.
    Done,
    /// It is not.
    Refused(Error),
}

impl Work {
    /// The acting socket.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.actor().origin.as_ref()
    }

    pub(crate) fn actor(&self) -> &Actor {
        match self {
            Self::Send(sending) => &sending.ask.actor,
            Self::Mark(mark) => &mark.ask.actor,
            Self::Act(act) => act.actor(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Send(_) => SendMessage::NAME,
            Self::Mark(_) => AckMessage::NAME,
            Self::Act(act) => act.name(),
        }
    }

    /// What is asked of a run. Nothing for an act.
    pub(crate) fn ask(&self) -> Option<Ask<'_>> {
        match self {
            Self::Send(sending) => Some(Ask::Send(&sending.ask)),
            Self::Mark(mark) => Some(Ask::Mark(&mark.ask)),
            Self::Act(_) => None,
        }
    }

    /// The channel that it changes.
    pub(crate) fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Send(sending) => Some(sending.ask.command.channel_id),
            Self::Mark(mark) => Some(mark.ask.command.channel_id),
            Self::Act(act) => act.channel(),
        }
    }

    /// Give the answer.
    pub(crate) fn settle(self, outcome: Settled) {
        let misplaced = || Error::internal("an outcome of another command");
        match (self, outcome) {
            (Self::Send(sending), Settled::Sent(sent)) => (sending.then)(Ok(Data { data: sent })),
            (Self::Send(sending), Settled::Refused(error)) => (sending.then)(Err(error)),
            (Self::Send(sending), Settled::Done) => (sending.then)(Err(misplaced())),
            (Self::Mark(mark), Settled::Refused(error)) => (mark.then)(Err(error)),
            (Self::Mark(mark), Settled::Done) => (mark.then)(Ok(Empty {})),
            (Self::Mark(mark), Settled::Sent(_)) => (mark.then)(Err(misplaced())),
            (Self::Act(act), Settled::Refused(error)) => act.settle(Err(error)),
            (Self::Act(act), Settled::Done) => act.settle(Ok(())),
            (Self::Act(act), Settled::Sent(_)) => act.settle(Err(misplaced())),
        }
    }
}
