//! The product: rules, commands and storage of Hearth, free of any transport.

pub mod account;
pub mod channel;
pub mod command;
pub mod error;
pub mod event;
pub mod id;
pub mod member;
pub mod message;
#[cfg(feature = "gen")]
pub mod protocol;
pub mod read;
pub mod server;
pub mod session;
pub mod text;
pub mod time;
pub mod user;
pub mod wire;
