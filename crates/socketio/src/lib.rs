//! A Socket.IO 5 server for the official clients 3.x and 4.x, on the [`engineio`] crate.
//!
//! Every notion has the name that it has in Node's `socket.io`: namespaces, rooms, acknowledgements, middleware. What it
//! promises beyond that:
//!
//! - **Order.** A socket's events reach their handlers in the order of arrival; the next handler starts when the previous
//!   one's future has finished. Acknowledgements and disconnects overtake.
//! - **Nothing lost around connecting.** What a client sends right after CONNECT waits for the connect handler.
//! - **Bounds.** Everything that waits is bounded in bytes, in both directions. A client that sends faster than it is served
//!   is read more slowly; one that does not read is closed. Nothing but volatile events is ever dropped silently.
//! - **Isolation.** A malformed packet, a panic in a handler, a stalled reader end that one connection.
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! use socketio::Server;
//!
//! let io = Server::new();
//! let chat = io.of("/");
//! chat.on_connect(|socket| async move {
//!     socket.join("lobby");
//! });
//! chat.on("say", |socket, event| async move {
//!     let Ok((text,)) = event.args::<(String,)>() else { return };
//!     let sent = socket.to("lobby").emit("said", (socket.id(), text));
//!     if let (Ok(()), Some(ack)) = (sent, event.take_ack()) {
//!         // The client may have left; then nobody waits for the answer.
//!         let _ = ack.send(("ok",));
//!     }
//! });
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! engineio::serve(listener, io.service(), std::future::pending::<()>()).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Order and tasks
//!
//! A socket at rest costs no task and no timer. A handler is started on the task that reads the connection; if it has
//! nothing to wait for, it is done before the next packet is looked at. So a handler must not block its thread, as
//! everywhere in async code. To let a slow job not hold up the socket's later events, spawn it.
//!
//! # Handles
//!
//! [`Socket`] is a handle. The library lets go of its own when the socket disconnects, and of the listeners that were
//! registered on it after the disconnect handlers have run, so a listener may hold the socket that it belongs to.

mod acks;
mod adapter;
mod args;
mod broadcast;
mod connection;
mod data;
mod deadlines;
mod error;
mod event;
mod farewells;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod handler;
mod id;
mod namespace;
pub mod packet;
mod reason;
mod recovery;
mod remote;
mod rooms;
mod runner;
mod server;
mod service;
mod socket;
mod stats;

pub use adapter::{Adapter, Command, Replies, Reply};
pub use args::{ArgWriter, Args, ArgsError, Binary, EmitArgs, FromArgs};
pub use broadcast::{Answers, Broadcast};
pub use error::{AckError, ConnectError, EmitError, EncodeError};
pub use event::{Ack, Event};
pub use id::SocketId;
pub use namespace::{DynamicNamespace, Namespace};
pub use reason::DisconnectReason;
pub use recovery::Recovery;
pub use remote::RemoteSocket;
pub use server::{Builder, Server};
pub use service::Service;
pub use socket::Socket;
pub use stats::Stats;

pub use engineio::{Config, Engine, Handshake, Refusal, Transport};
