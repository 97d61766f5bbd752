//! A test world: databases of either kind, servers on free ports, users, sockets.

pub mod app;
pub mod client;
pub mod corpus;
pub mod database;
pub mod wire;
