//! Measures the crate `socketio` side by side with Node's socket.io, the crate `socketioxide` and a yardstick, the raw
//! server: what each costs per delivery, round trip, handshake and connection. Run it with `cargo xtask bench`.
//!
//! Every server answers the same two events: `say` goes to a room that every socket is in, as `said`; `echo` comes back as
//! its ack. The servers run in turns, on a core of their own, the load on another.

pub mod chat;
pub mod compare;
pub mod conditions;
pub mod hostile;
pub mod load;
pub mod peer;
pub mod raw;
pub mod report;
pub mod scenario;
pub mod server;
