//! People as others see them.

mod get;
mod search;
pub(crate) mod sql;
mod update;

#[cfg(test)]
mod tests;

use crate::id::UserId;
use crate::text::{DisplayName, Username};
use crate::wire::wire;

pub use get::{GetUser, USERS_MAX, Users};
pub use search::SearchUsers;
pub use update::UpdateUser;

wire! {
    /// Somebody as others see them.
    pub struct User {
        /// Identity.
        pub id: UserId,
        /// The name that they sign in with.
        pub username: Username,
        /// How they want to be called.
        pub display_name: DisplayName,
        /// Whether they are here now.
        pub is_online: bool,
    }
}

wire! {
    /// How somebody is called.
    pub struct Profile {
        /// Identity.
        pub id: UserId,
        /// The name that they sign in with.
        pub username: Username,
        /// How they want to be called.
        pub display_name: DisplayName,
    }
}
