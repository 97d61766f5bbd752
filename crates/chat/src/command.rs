//! What a command is, and the list of them all.

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::channel::{
    AddMembers, CreateChannel, JoinChannel, LeaveChannel, ListChannels, ListMembers, ReachUsers, RemoveMember,
    SearchChannels, UpdateChannel,
};
use crate::db::Conn;
use crate::effect::{Actor, Audience, Effect};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::ChannelId;
use crate::lane::{Entry, Pending, Then};
use crate::message::{DeleteMessage, EditMessage, ListMessages, Move, SendMessage, SetTyping, SyncMessages};
use crate::read::AckMessage;
use crate::time::{Environment, Time};
use crate::user::{GetUser, SearchUsers, UpdateUser};
use crate::world::World;

/// One thing that a client can ask for.
pub(crate) trait Command: Clone + Send + Sized + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What its answer holds beside the status: one of the shapes of [`wire`](crate::wire).
    type Reply: Serialize + Send + 'static;

    /// Which budget of requests it counts against.
    fn limit(&self) -> LimitClass {
        LimitClass::Other
    }

    /// What it must be in order with: everything of one key runs on one lane.
    fn lane(&self, actor: &Actor) -> LaneKey {
        self.channel().map_or_else(|| LaneKey::of(&actor.user), |channel| LaneKey::of(&channel))
    }

    /// The channel that it changes: locked before the batch, and in order with that channel's messages.
    fn channel(&self) -> Option<ChannelId> {
        None
    }

    /// Carry it out, inside a transaction that is not its own. May be run again if the transaction had to be.
    fn run(self, cx: &mut Cx<'_>) -> impl Future<Output = Result<Self::Reply>> + Send;

    /// How it stands in a lane's queue.
    fn entry(self, actor: Actor, then: Then<Self::Reply>) -> Entry {
        Entry::act(Pending::new(self, actor, then))
    }
}

/// A command that touches memory alone: no database, no waiting.
pub(crate) trait LiveCommand: Clone + Send + Sized + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What its answer holds beside the status.
    type Reply: Serialize + Send + 'static;

    /// Which budget of requests it counts against.
    fn limit(&self) -> LimitClass;

    /// Carry it out.
    fn run(self, live: &mut Live<'_>) -> Result<Self::Reply>;
}

/// How a command is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a write lane: [`Chat::submit`](crate::Chat::submit).
    Write,
    /// From a snapshot: [`Chat::answer`](crate::Chat::answer).
    Read,
    /// In memory: [`Chat::live`](crate::Chat::live).
    Live,
}

/// A budget of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitClass {
    /// Messages sent.
    Send,
    /// Whatever only reads.
    Read,
    /// Not counted: read marks, which are merged, and the end of typing, which must always pass.
    Mark,
    /// The beginning of typing.
    Typing,
    /// Everything else.
    Other,
}

/// What must run in order runs on the same lane: a hash of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneKey(u64);

impl LaneKey {
    /// The key of whatever `thing` identifies.
    pub(crate) fn of(thing: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        thing.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Which of this many lanes.
    pub(crate) fn place(self, lanes: usize) -> usize {
        usize::try_from(self.0 % lanes.max(1) as u64).unwrap_or_default()
    }
}

/// What a command works with: the transaction, the time, who acts, and the effects so far.
pub(crate) struct Cx<'a> {
    db: Conn<'a>,
    /// Who acts.
    pub(crate) actor: &'a Actor,
    pub(crate) world: &'a World,
    now: Time,
    effects: Vec<Effect>,
    moves: Vec<Move>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(db: Conn<'a>, actor: &'a Actor, world: &'a World) -> Self {
        Self { db, actor, world, now: world.env.now(), effects: Vec::new(), moves: Vec::new() }
    }

    pub(crate) fn db(&mut self) -> &mut Conn<'a> {
        &mut self.db
    }

    pub(crate) fn into_effects(self) -> Vec<Effect> {
        self.effects
    }

    /// The effects, and how far which channels came.
    pub(crate) fn into_deed(self) -> Deed {
        Deed { effects: self.effects, moves: self.moves }
    }

    /// The time, which stands still for one command.
    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// Where ids and randomness come from.
    pub(crate) fn env(&self) -> &Environment {
        &self.world.env
    }

    /// Do this after the commit.
    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// The messages of a channel have changed: its new head is to be told, and after a commit whose outcome is unknown
    /// what stands above the old one.
    pub(crate) fn moved(&mut self, step: Move) {
        self.moves.push(step);
    }

    /// Tell them this after the commit.
    pub(crate) fn emit(&mut self, audience: Audience, event: Event) {
        self.effect(Effect::emit(audience, event));
    }
}

/// What a command did beside its reply.
pub(crate) struct Deed {
    pub(crate) effects: Vec<Effect>,
    pub(crate) moves: Vec<Move>,
}

/// What a command that touches memory alone works with.
pub(crate) struct Live<'a> {
    /// Who acts.
    pub(crate) actor: &'a Actor,
    pub(crate) world: &'a World,
    pub(crate) joined: &'a dyn Fn(ChannelId) -> bool,
    pub(crate) effects: Vec<Effect>,
}

macro_rules! commands {
    (write { $($write:ident),* $(,)? } read { $($read:ident),* $(,)? } live { $($live:ident),* $(,)? }) => {
        /// A command with its payload, checked.
        #[derive(Debug, Clone)]
        pub enum Request {
            $(#[doc = concat!("[`", stringify!($write), "`]")] $write($write),)*
            $(#[doc = concat!("[`", stringify!($read), "`]")] $read($read),)*
            $(#[doc = concat!("[`", stringify!($live), "`]")] $live($live),)*
        }

        impl Request {
            /// Every command's name.
            pub const NAMES: &'static [&'static str] = &[
                $(<$write as Command>::NAME,)* $(<$read as Command>::NAME,)* $(<$live as LiveCommand>::NAME,)*
            ];

            /// The command of this name with this payload; without one, `{}`. Errors: `INVALID` for a name that there
            /// is not and for a payload that does not fit, with the path of what does not.
            pub fn decode(name: &str, payload: Option<&RawValue>) -> Result<Self> {
                $(if name == <$write as Command>::NAME { return decode(payload).map(Self::$write); })*
                $(if name == <$read as Command>::NAME { return decode(payload).map(Self::$read); })*
                $(if name == <$live as LiveCommand>::NAME { return decode(payload).map(Self::$live); })*
                Err(Error::invalid("no such command"))
            }

            /// The command's name on the wire.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$write(_) => <$write as Command>::NAME,)*
                    $(Self::$read(_) => <$read as Command>::NAME,)*
                    $(Self::$live(_) => <$live as LiveCommand>::NAME,)*
                }
            }

            /// How it is carried out.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$write(_) => Kind::Write,)*
                    $(Self::$read(_) => Kind::Read,)*
                    $(Self::$live(_) => Kind::Live,)*
                }
            }

            /// Which budget of requests it counts against.
            pub fn limit(&self) -> LimitClass {
                match self {
                    $(Self::$write(command) => Command::limit(command),)*
                    $(Self::$read(_) => LimitClass::Read,)*
                    $(Self::$live(command) => LiveCommand::limit(command),)*
                }
            }

            /// As it stands in a lane's queue, and which lane. Nothing for a command that does not write.
            pub(crate) fn into_entry(self, actor: Actor, reply: AnswerTo) -> Option<(LaneKey, Entry)> {
                Some(match self {
                    $(Self::$write(command) => {
                        (command.lane(&actor), command.entry(actor, Box::new(move |result| reply(answer(result)))))
                    })*
                    _ => return None,
                })
            }

            /// Carry out a command that reads.
            pub(crate) async fn read(self, cx: &mut Cx<'_>) -> Result<Answer> {
                match self {
                    $(Self::$read(command) => Ok(Answer::ok(&command.run(cx).await?)),)*
                    _ => Err(Error::internal("not a command that reads")),
                }
            }

            /// Carry out a command that touches memory alone.
            pub(crate) fn live(self, live: &mut Live<'_>) -> Result<Answer> {
                match self {
                    $(Self::$live(command) => Ok(Answer::ok(&command.run(live)?)),)*
                    _ => Err(Error::internal("not a command without a database")),
                }
            }
        }

        /// An example of every command's payload.
        #[cfg(test)]
        pub(crate) fn examples() -> Vec<(&'static str, String)> {
            use crate::protocol::example::Example;
            vec![
                $((<$write as Command>::NAME, <$write as Example>::example()),)*
                $((<$read as Command>::NAME, <$read as Example>::example()),)*
                $((<$live as LiveCommand>::NAME, <$live as Example>::example()),)*
            ]
        }

        /// Notes every command.
        #[cfg(feature = "gen")]
        pub(crate) fn describe(book: &mut crate::protocol::Book) {
            $(book.command::<$write, <$write as Command>::Reply>(<$write as Command>::NAME);)*
            $(book.command::<$read, <$read as Command>::Reply>(<$read as Command>::NAME);)*
            $(book.command::<$live, <$live as LiveCommand>::Reply>(<$live as LiveCommand>::NAME);)*
        }
    };
}

commands! {
    write {
        CreateChannel, UpdateChannel, JoinChannel, LeaveChannel, AddMembers, RemoveMember, ReachUsers, UpdateUser,
        SendMessage, EditMessage, DeleteMessage, AckMessage,
    }
    read { ListChannels, SearchChannels, ListMembers, GetUser, SearchUsers, ListMessages, SyncMessages }
    live { SetTyping }
}

/// Takes the answer of a command.
pub(crate) type AnswerTo = Box<dyn FnOnce(Answer) + Send>;

fn answer<R: Serialize>(result: Result<R>) -> Answer {
    match result {
        Ok(reply) => Answer::ok(&reply),
        Err(error) => Answer::from(&error),
    }
}

fn decode<P: DeserializeOwned>(payload: Option<&RawValue>) -> Result<P> {
    decode_json(payload.map_or("{}", RawValue::get))
}

/// A checked value from a JSON object. Errors: `INVALID` with the path of what does not fit.
pub fn decode_json<P: DeserializeOwned>(text: &str) -> Result<P> {
    // Serde would take an array for a struct too, field by field.
    if !text.trim_start().starts_with('{') {
        return Err(Error::invalid_field("", "invalid", "must be an object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = cut(&error.path().to_string());
        // The position in a text that nobody sees helps nobody.
        let message = error.into_inner().to_string();
        let message = cut(message.split(" at line ").next().unwrap_or_default());
        let code = if message.starts_with("missing field") {
            "required"
        } else if message.starts_with("unknown field") {
            "unknown"
        } else {
            "invalid"
        };
        Error::invalid_field(if path == "." { String::new() } else { path }, code, message)
    })?;
    json.end().map_err(|_| Error::invalid("more than one JSON value"))?;
    Ok(value)
}

/// What is said back of a request is short, however long the request was.
fn cut(text: &str) -> String {
    const SAID_BACK_MAX: usize = 200;
    text.chars().take(SAID_BACK_MAX).collect()
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
