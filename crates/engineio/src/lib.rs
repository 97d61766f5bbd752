//! An Engine.IO 4 server: sessions, HTTP long-polling, WebSocket, the upgrade between them, heartbeat, back-pressure.
//!
//! It is the transport under Socket.IO and works on its own: messages, text or binary, in order, to and from browsers,
//! through proxies that let nothing but plain HTTP pass. The protocol is
//! [Engine.IO 4](https://github.com/socketio/engine.io-protocol); names, defaults and errors are those of Node's
//! engine.io 6.
//!
//! ```no_run
//! use engineio::{CloseReason, Config, Engine, Flow, Frame, Handler, Message, Session, Socket};
//!
//! struct Echo;
//! struct EchoSession(Socket);
//!
//! impl Handler for Echo {
//!     fn open(&self, socket: &Socket) -> Box<dyn Session> {
//!         Box::new(EchoSession(socket.clone()))
//!     }
//! }
//!
//! impl Session for EchoSession {
//!     fn message(&mut self, message: Message<'_>) -> Flow {
//!         let _ = match message {
//!             Message::Text(text) => self.0.send(Frame::text(text)),
//!             Message::Binary(bytes) => self.0.send(Frame::binary(bytes)),
//!         };
//!         Flow::Continue
//!     }
//!
//!     fn close(&mut self, reason: CloseReason) {
//!         println!("closed: {reason}");
//!     }
//! }
//!
//! # async fn run() -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! engineio::serve(listener, Engine::new(Config::default(), Echo), std::future::pending::<()>()).await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//! - **Order.** Messages reach the [`Session`] in the order of arrival, one at a time, also across an upgrade; frames reach
//!   the peer in the order of [`Socket::send`].
//! - **Nothing is dropped silently** while a connection is open, except what was sent as volatile.
//! - **Everything is bounded.** What waits for a peer ([`Config::outbound_limit`]), what a peer may send at once
//!   ([`Config::max_payload`], checked before memory is taken), and every wait. At a bound the connection is closed with a
//!   [`CloseReason`].
//! - **A close takes effect within a second**, whatever the peer does.
//! - **The session id is a secret** of 144 random bits that is told to the peer alone.
//!
//! # How it is fast
//! A [`Frame`] is encoded once, however many sockets it goes to. Sockets with something to say are collected, and a task
//! per core writes once to each, after every task that was ready to read has run. After a WebSocket handshake the TCP
//! stream is taken back from the HTTP server: an idle connection has a small task and no buffer or timer. With [`serve`]
//! that is always so; under another server, or behind TLS in the process, a connection's task writes its queue itself.
//!
//! # A third transport
//! The protocol also runs over WebTransport (HTTP/3), which this crate does not serve: it needs a QUIC stack, and `hyper`
//! has none. A session does not know how its packets travel, so nothing above the following would change:
//! - a variant of [`Transport`], which the compiler then asks for wherever requests are told apart, and a field of
//!   [`Transports`]; the open packet lists what a client may move on to;
//! - a stream: a connection's task reads, writes and ends any bidirectional byte stream (`ws::stream::Stream`, whose
//!   implementation `Owned` takes whatever is `AsyncRead` and `AsyncWrite`, as TLS does today), and the upgrade from
//!   long-polling is the same three packets (`ws::probe`);
//! - a header: a [`Frame`] keeps its packet behind the header of a WebSocket frame. That of WebTransport (Engine.IO
//!   protocol 4, "WebTransport") is that header without its first byte, the bit for binary in the top of the length and no
//!   mask, so the same shared bytes serve, written in two parts; `ws::decoder` gets a sibling that reads it.

mod body;
mod config;
mod cors;
mod engine;
mod flush;
mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod handshake;
mod line;
mod message;
mod outbound;
mod packet;
mod polling;
mod refusal;
mod serve;
mod service;
mod sessions;
mod socket;
mod stats;
mod sweep;
mod ws;

pub use body::Body;
pub use config::{Config, Cors, Origins, Refusal, Transports};
pub use engine::{Builder, Engine};
pub use frame::Frame;
pub use handshake::{Handshake, PeerAddr};
pub use message::{CloseReason, Closed, Flow, Handler, Message, Session, Transport};
pub use serve::{HttpService, Server, serve};
pub use socket::Socket;
pub use stats::Stats;
