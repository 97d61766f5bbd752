//! `channel:search`

use crate::text::SearchText;
use crate::wire::{PageSize, payload};

payload! {
    /// Public channels that one is not in yet, by the beginning of their name.
    pub struct SearchChannels {
        /// The beginning of the name; all if absent.
        pub q: Option<SearchText>,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
    }
}
