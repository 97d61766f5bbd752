//! The protocol as others read it: TypeScript for the web client, a document for people. `examples/protocol.rs` writes
//! both.

#[cfg(feature = "gen")]
mod book;
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

/// All that the protocol consists of.
#[cfg(feature = "gen")]
fn whole() -> Book {
    let mut book = Book::new();
    crate::command::describe(&mut book);
    crate::event::describe(&mut book);
    http::describe(&mut book);
    // No route and no command names it: each may answer with it.
    ts_rs::TypeVisitor::visit::<crate::error::Error>(&mut book);
    book
}

#[cfg(all(test, feature = "gen"))]
mod tests;
