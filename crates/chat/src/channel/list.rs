//! `channel:list`

use serde::Deserialize;

use crate::id::ChannelId;
use crate::wire::{PageSize, payload};

payload! {
    /// One's own channels, direct conversations last.
    pub struct ListChannels {
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
        /// The order; by name if absent.
        pub order_by: Option<ChannelOrder>,
        /// The last channel of the page before.
        pub after: Option<ChannelId>,
    }
}

/// Orders of a list of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum ChannelOrder {
    /// By name from A to Z.
    #[serde(rename = "name:asc")]
    NameAscending,
}
