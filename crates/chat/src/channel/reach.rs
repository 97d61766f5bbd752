//! `user:reach`

use crate::id::UserId;
use crate::wire::payload;

/// Most other people of a direct conversation: beyond that it wants a name, and is a channel.
pub const REACH_MAX: usize = 8;

payload! {
    /// The direct conversation with exactly these people, made if it does not exist.
    pub struct ReachUsers {
        /// The others, 1 to [`REACH_MAX`]; oneself does not count.
        pub user_ids: Vec<UserId>,
    }
}
