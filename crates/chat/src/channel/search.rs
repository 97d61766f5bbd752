//! `channel:search`

use crate::channel::{Channel, sql};
use crate::command::{Command, Cx, LimitClass};
use crate::error::Result;
use crate::text::SearchText;
use crate::wire::{Page, PageSize, payload};

payload! {
    /// Public channels that one is not in yet, by the beginning of their name.
    pub struct SearchChannels {
        /// The beginning of the name; all if absent.
        pub q: Option<SearchText>,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
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
        let rows = sql::search(cx.db(), user, &self.q.unwrap_or_default(), size.probe()).await?;
        Ok(Page::cut(rows.into_iter().map(|row| row.seen_by(user)).collect(), size))
    }
}
