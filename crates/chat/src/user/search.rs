//! `user:search`

use crate::command::{Command, Cx, LimitClass};
use crate::error::Result;
use crate::text::SearchText;
use crate::user::{User, sql};
use crate::wire::{Page, PageSize, payload};

payload! {
    /// Other people, by the beginning of either of their names; without those whose account is disabled.
    pub struct SearchUsers {
        /// The beginning of a name; all if absent.
        pub q: Option<SearchText>,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
        /// With those too with whom one has a direct conversation already.
        pub all: Option<bool>,
    }
}

impl Command for SearchUsers {
    const NAME: &'static str = "user:search";
    type Reply = Page<User>;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<Page<User>> {
        let (oneself, size) = (cx.actor.user, self.size.unwrap_or_default());
        let (q, all) = (self.q.unwrap_or_default(), self.all.unwrap_or_default());
        let rows = sql::search(cx.db(), oneself, &q, all, size.probe()).await?;
        Ok(Page::cut(rows.into_iter().map(|row| row.seen(&cx.world.presence)).collect(), size))
    }
}
