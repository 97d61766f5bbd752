//! The protocol as others read it: TypeScript for the web client, a document for people. `examples/protocol.rs` writes
//! both.

pub(crate) mod example;
#[cfg(feature = "gen")]
mod http;
#[cfg(feature = "gen")]
mod markdown;
#[cfg(feature = "gen")]
mod typescript;

#[cfg(feature = "gen")]
pub use book::Book;
#[cfg(feature = "gen")]
pub use markdown::markdown;
#[cfg(feature = "gen")]
pub use typescript::typescript;

#[cfg(feature = "gen")]
mod book;

#[cfg(all(test, feature = "gen"))]
mod tests;
