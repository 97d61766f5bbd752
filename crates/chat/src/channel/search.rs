//! `channel:search`

use serde::Deserialize;

use crate::channel::{Channel, sql};
use crate::command::{Command, Cx, LimitClass};
use crate::error::Result;
use crate::text::SearchText;
use crate::wire::{Page, PageSize, payload, wire};

/// Channels that a search finds are counted so far: the count costs by the number.
pub const FOUND_MAX: u32 = 1_000;

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

wire! {
    /// A page of channels, and how many there are beside it.
    pub struct FoundChannels {
        /// The channels.
        pub data: Vec<Channel>,
        /// Whether more follow after the last of them.
        pub has_more: bool,
        /// How many were found in all; 1000 stands for that many or more.
        pub count: u32,
    }
}

impl Command for SearchChannels {
    const NAME: &'static str = "channel:search";
    type Reply = FoundChannels;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<FoundChannels> {
        let (user, size) = (cx.actor.user, self.size.unwrap_or_default());
        let (q, order) = (self.q.unwrap_or_default(), self.order_by.unwrap_or_default());
        let rows = sql::search(cx.db(), user, &q, order, size.probe()).await?;
        let Page { data, has_more } = Page::cut(rows.into_iter().map(|row| row.seen_by(user)).collect(), size);
        // A page that holds everything has counted it.
        let count = if has_more {
            u32::try_from(sql::count_found(cx.db(), user, &q, FOUND_MAX.into()).await?).unwrap_or(FOUND_MAX)
        } else {
            u32::try_from(data.len()).unwrap_or(FOUND_MAX)
        };
        Ok(FoundChannels { data, has_more, count })
    }
}
