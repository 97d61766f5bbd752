//! `message:list`

use serde::Deserialize;

use crate::command::{Command, Cx, LimitClass};
use crate::error::{Error, Result};
use crate::id::{ChannelId, MessageId};
use crate::member;
use crate::message::{Message, json_size, sql};
use crate::wire::{ANSWER_BYTES_MAX, PageSize, payload, wire};

/// Room in an answer for what is around the messages.
const AROUND: usize = 256;

payload! {
    /// A page of a channel's messages.
    pub struct ListMessages {
        /// Where.
        pub channel_id: ChannelId,
        /// The last message of the page before.
        pub after: Option<MessageId>,
        /// How many at most; 10 if absent.
        pub size: Option<PageSize>,
        /// The order; oldest first if absent.
        pub order_by: Option<MessageOrder>,
    }
}

/// Orders of a list of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum MessageOrder {
    /// Oldest first.
    #[default]
    #[serde(rename = "id:asc")]
    OldestFirst,
    /// Newest first.
    #[serde(rename = "id:desc")]
    NewestFirst,
}

wire! {
    /// A page of messages and the channel's `rev` from before they were read: a cursor below it must sync from there.
    pub struct History {
        /// The messages.
        pub data: Vec<Message>,
        /// Whether more follow, for want of room in the page or in the answer.
        pub has_more: bool,
        /// The channel's count of changes before the messages were read.
        pub rev: i64,
    }
}

impl Command for ListMessages {
    const NAME: &'static str = "message:list";
    type Reply = History;

    fn limit(&self) -> LimitClass {
        LimitClass::Read
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<History> {
        let user = cx.actor.user;
        let standing = member::sql::standing(cx.db(), self.channel_id, user).await?;
        let standing = standing.ok_or_else(|| Error::not_found("channel"))?;
        standing.require_member()?;

        let size = self.size.unwrap_or_default();
        let after = self.after.map(MessageId::seq);
        let messages = match self.order_by.unwrap_or_default() {
            MessageOrder::OldestFirst => {
                sql::page_up(cx.db(), self.channel_id, after.unwrap_or(0), size.probe()).await?
            }
            MessageOrder::NewestFirst => {
                sql::page_down(cx.db(), self.channel_id, after.unwrap_or(i64::MAX), size.probe()).await?
            }
        };
        Ok(History::cut(messages, size, standing.rev))
    }
}

impl History {
    /// What fits a page and an answer. One message always fits.
    fn cut(mut messages: Vec<Message>, size: PageSize, rev: i64) -> Self {
        let mut bytes = AROUND;
        let fits = messages.iter().take(size.rows()).take_while(|message| {
            bytes += json_size(message) + 1;
            bytes <= ANSWER_BYTES_MAX
        });
        let fits = fits.count();
        let has_more = messages.len() > fits;
        messages.truncate(fits);
        Self { data: messages, has_more, rev }
    }
}
