//! `channel:search`

use serde::Deserialize;

use crate::channel::{Channel, sql};
use crate::command::{Command, Cx, LimitClass};
use crate::error::Result;
use crate::text::SearchText;
use crate::wire::{Page, PageSize, payload};

/// Orders of a search for channels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum SearchOrder {
    /// By name from A to Z.
    #[default]
    #[serde(rename = "name:asc")]
    NameAscending,
    /// Where something was said last, then by name.
    #[serde(rename = "activity:desc")]
    ActivityDescending,
}

payload! {
    /// Public channels that one is not in yet, by the beginning of their name.
    pub struct SearchChannels {
        /// The beginning of the name; all if absent.
        pub q: Option<SearchText>,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
        /// The order; by name if absent.
        pub order_by: Option<SearchOrder>,
    }
}

impl Command for SearchChannels {
    const NAME: &'static str = "channel:search";
    type Reply = Page<Channel>;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Page<Channel>> {
        let (user, size) = (cx.actor.user, self.size.unwrap_or_default());
        let (q, order) = (self.q.unwrap_or_default(), self.order_by.unwrap_or_default());
        let rows = sql::search(cx.db(), user, &q, order, size.probe()).await?;
        Ok(Page::cut(rows.into_iter().map(|row| row.seen_by(user)).collect(), size))
    }
}
