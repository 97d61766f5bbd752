//! Messages: sent once, kept in one order, caught up with by `rev`.

mod delete;
mod edit;
mod list;
pub(crate) mod run;
mod send;
pub(crate) mod sql;
mod sync;
mod typing;

#[cfg(test)]
mod tests;

use crate::id::{ChannelId, MessageId, UserId};
use crate::text::ClientId;
use crate::time::Time;
use crate::wire::wire;

pub use delete::DeleteMessage;
pub use edit::EditMessage;
pub use list::{History, ListMessages, MessageOrder};
pub use send::{SendMessage, Sent};
pub use sync::{Head, SYNC_CHANNELS_MAX, SYNC_ROWS_MAX, SYNC_TRUNCATED_ABOVE, SyncMessages, Synced, SyncedChannel};
pub(crate) use typing::TypingBoard;
pub use typing::{SetTyping, TYPING_LASTS, Typing};

wire! {
    /// A message as everybody in its channel sees it.
    #[derive(sqlx::FromRow)]
    #[cfg_attr(feature = "gen", ts(optional_fields))]
    pub struct Message {
        /// Identity within the channel: its place, as a decimal string.
        pub id: MessageId,
        /// Where it stands.
        pub channel_id: ChannelId,
        /// Who wrote it. One's own message moves one's read mark.
        pub from: UserId,
        /// What it says; empty once it is deleted.
        pub content: String,
        /// When it was sent.
        pub created_at: Time,
        /// The channel's count of changes at this message's last one.
        pub rev: i64,
        /// The sender's own name for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub client_id: Option<ClientId>,
        /// The message that it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reply_to: Option<MessageId>,
        /// When its content was last replaced.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub edited_at: Option<Time>,
        /// When it was deleted.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub deleted_at: Option<Time>,
    }
}

/// How far the messages of a channel came in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) channel: ChannelId,
    pub(crate) before: Head,
    pub(crate) after: Head,
}

/// How many bytes something takes as JSON.
pub(crate) fn json_size(thing: &impl serde::Serialize) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // A counter takes everything.
    let _ = serde_json::to_writer(&mut counter, thing);
    counter.0
}
