//! The product: rules, commands and storage of Hearth, free of any transport.
//!
//! A [`Request`] is decoded from a command's name and payload, carried out by [`Chat`], and comes back as an
//! [`Answer`] and [`Effect`]s: what writes goes through a lane ([`Chat::submit`]) whose [`Batch`]es come out in the
//! order of the commits, what reads is answered from a snapshot ([`Chat::answer`]).

pub mod account;
mod answer;
pub mod budget;
pub mod channel;
mod chat;
pub mod command;
mod db;
pub mod effect;
pub mod error;
pub mod event;
pub mod fail_point;
pub mod id;
pub mod invite;
mod lane;
mod limits;
pub mod member;
pub mod message;
pub mod presence;
#[cfg(any(test, feature = "gen"))]
pub mod protocol;
pub mod read;
pub mod seeded;
pub mod server;
pub mod session;
pub mod stats;
pub mod text;
pub mod time;
pub mod user;
pub mod wire;
mod world;

#[cfg(test)]
mod test_world;

pub use account::{ChangePassword, Door, LogIn, OwnUser, PasswordCost, SignUp, SignedIn};
pub use answer::Answer;
pub use chat::{Chat, Options};
pub use command::{Kind, LimitClass, Request};
pub use db::{BackupError, Database, Lock, OpenError, Prepare, Sessions as BackupSessions};
pub use effect::{Actor, Audience, Batch, Done, Effect, Origin};
pub use error::{Code, Error};
pub use event::Event;
pub use id::{ChannelId, InviteId, MessageId, SessionId, UserId};
pub use limits::Limits;
pub use presence::Presence;
pub use session::{Device, Identity, Token};
pub use time::{Environment, Time};
