//! `user:get`

use serde::Serialize;

use crate::command::{Command, Cx, LimitClass};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::user::{User, sql};
use crate::wire::{Data, payload};

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

impl Command for GetUser {
    const NAME: &'static str = "user:get";
    type Reply = Data<Users>;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<Users>> {
        let (ids, one) = match (self.user_id, self.user_ids) {
            (Some(id), None) => (vec![id], true),
            (None, Some(ids)) if ids.len() <= USERS_MAX => (ids, false),
            (None, Some(_)) => {
                return Err(Error::invalid_field("userIds", "invalid", format!("holds more than {USERS_MAX}")));
            }
            _ => return Err(Error::invalid("either userId or userIds must be there")),
        };
        let found = sql::by_ids(cx.db(), &ids).await?;
        let mut found: Vec<_> = found.into_iter().map(|row| row.seen(&cx.world.presence)).collect();
        cx.effect(Effect::Watch { users: found.iter().map(|user| (user.id, user.is_online)).collect() });
        let users =
            if one { Users::One(found.pop().ok_or_else(|| Error::not_found("user"))?) } else { Users::Many(found) };
        Ok(Data { data: users })
    }
}
