//! Drives the real server through faults, and judges what its clients saw.
//!
//! A run has three parts that know nothing of each other: the [`server`] and what befalls it ([`fault`], [`proxy`]),
//! the [`client`]s that do what a careful program should, and the checker ([`check`]), which sees nothing but the
//! [`history`] that the clients have written.

pub mod check;
pub mod client;
pub mod crowd;
pub mod draw;
pub mod fault;
pub mod history;
pub mod official;
pub mod postgres;
pub mod proxy;
pub mod run;
pub mod server;
pub mod setting;
mod town;
