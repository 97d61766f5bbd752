//! Hearth, a chat server in one binary that any Socket.IO client can talk to.

fn main() {}
