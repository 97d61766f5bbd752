//! `user:get`

use serde::Serialize;

use crate::id::UserId;
use crate::user::User;
use crate::wire::payload;

/// Most people of one request.
pub const USERS_MAX: usize = 100;

payload! {
    /// One person, or a list of them; and from now on their comings and goings. One of the two fields must be there.
    pub struct GetUser {
        /// One person: an unknown one is `NOT_FOUND`.
        pub user_id: Option<UserId>,
        /// At most [`USERS_MAX`] people: unknown ones are left out.
        pub user_ids: Option<Vec<UserId>>,
    }
}

/// One person or a list of them, as was asked.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Users {
    /// For `userId`.
    One(User),
    /// For `userIds`.
    Many(Vec<User>),
}
