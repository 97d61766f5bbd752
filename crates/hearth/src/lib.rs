//! Hearth, assembled: HTTP, sockets, fan-out and jobs around the crate `chat`.
//!
//! The binary is a thin shell around [`serve`]; nothing here knows a rule of the chat.

mod app;
pub mod cli;
pub mod config;
mod connection;
mod cookie;
mod descriptors;
mod fan_out;
mod http;
mod hub;
mod jobs;
mod limits;
pub mod log;
mod marks;
mod memory;
mod metrics;
mod places;
mod scrape;
mod serve;
mod setup;
mod socket;

pub use serve::serve;
