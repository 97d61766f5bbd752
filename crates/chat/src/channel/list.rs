//! `channel:list`

use serde::Deserialize;

use crate::channel::{Channel, sql};
use crate::command::{Command, Cx, LimitClass};
use crate::error::{Error, Result};
use crate::id::ChannelId;
use crate::member;
use crate::wire::{Page, PageSize, payload};

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

impl Command for ListChannels {
    const NAME: &'static str = "channel:list";
    type Reply = Page<Channel>;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Page<Channel>> {
        let user = cx.actor.user;
        if let Some(after) = self.after {
            let standing = member::sql::standing(cx.db(), after, user).await?;
            standing.filter(|s| s.is_visible()).ok_or_else(|| Error::not_found("channel"))?;
        }
        let size = self.size.unwrap_or_default();
        let rows = sql::page_of(cx.db(), user, self.after, size.probe()).await?;
        Ok(Page::cut(rows.into_iter().map(|row| row.seen_by(user)).collect(), size))
    }
}
