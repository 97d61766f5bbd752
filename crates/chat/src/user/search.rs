//! `user:search`

use crate::text::SearchText;
use crate::wire::{PageSize, payload};

payload! {
    /// Other people, by the beginning of either of their names.
    pub struct SearchUsers {
        /// The beginning of a name; all if absent.
        pub q: Option<SearchText>,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
        /// With those too with whom one has a direct conversation already.
        pub all: Option<bool>,
    }
}
