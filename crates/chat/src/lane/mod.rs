//! Write lanes: each runs what is queued in one transaction, commits once, and hands over effects and answers in the
//! order of the commits.

mod away;
mod batch;
mod entry;
mod lanes;
mod plan;
mod recover;
mod run;

pub(crate) use batch::Outcome;
pub(crate) use entry::{Ask, Entry, Mark, MarkAsk, Pending, SendAsk, Sending, Settled, Then};
pub(crate) use lanes::Lanes;

#[cfg(test)]
mod tests;
