//! `user:update`

use crate::account::{self, OwnUser};
use crate::command::{Command, Cx};
use crate::effect::Audience;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::text::DisplayName;
use crate::user::{Profile, sql};
use crate::wire::{Data, payload};

payload! {
    /// Go by another name.
    pub struct UpdateUser {
        /// How to be called from now on.
        pub display_name: Option<DisplayName>,
    }
}

impl Command for UpdateUser {
    const NAME: &'static str = "user:update";
    type Reply = Data<OwnUser>;

    async fn run(self, cx: &mut Cx<'_>) -> Result<Data<OwnUser>> {
        let user = cx.actor.user;
        let Some(name) = self.display_name else { return Err(Error::invalid("displayName must be there")) };
        let before = account::sql::own(cx.db(), user).await?.ok_or_else(|| Error::not_found("user"))?;
        if before.display_name == name {
            return Ok(Data { data: before });
        }
        sql::set_display_name(cx.db(), user, &name).await?;

        let own = OwnUser { display_name: name, ..before };
        let OwnUser { id, username, display_name, .. } = own.clone();
        // Everybody shares the channel that everybody is in.
        let everybody = Audience::Channel(cx.world.general);
        cx.emit(everybody, Event::UserUpdated(Profile { id, username, display_name }));
        Ok(Data { data: own })
    }
}
