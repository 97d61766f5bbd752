//! A private channel that nobody is in any more comes to its end.

use crate::channel::sql;
use crate::chat::Chat;
use crate::command::{Command, Cx};
use crate::error::Result;
use crate::id::ChannelId;
use crate::message;

/// Messages that go in one step: a lane is held for milliseconds, however many there are in all.
const STEP: i64 = 1_000;
/// Channels of one sweep. The next one finds the others.
const SWEPT: i64 = 1_000;

/// Remove the oldest messages of a channel that nobody can ever read again, and after the last of them the channel.
#[derive(Debug, Clone)]
struct SweepChannel {
    channel_id: ChannelId,
}

impl Command for SweepChannel {
    const NAME: &'static str = "channel:sweep";
    /// Whether that was all.
    type Reply = bool;

    fn channel(&self) -> Option<ChannelId> {
        Some(self.channel_id)
    }

    async fn run(self, cx: &mut Cx<'_>) -> Result<bool> {
        let id = self.channel_id;
        if !sql::is_abandoned(cx.db(), id).await? {
            return Ok(true);
        }
        if message::sql::delete_oldest(cx.db(), id, STEP).await? == STEP as u64 {
            return Ok(false);
        }
        sql::delete(cx.db(), id).await?;
        Ok(true)
    }
}

impl Chat {
    /// Remove the private channels that nobody is in any more, step by step: to be called now and then. How many there
    /// were.
    pub async fn sweep_channels(&self) -> Result<usize> {
        let abandoned = self.read(async |conn| sql::abandoned(conn, SWEPT).await).await?;
        let (mut swept, mut failure) = (0, None);
        for channel_id in abandoned {
            match self.sweep_channel(channel_id).await {
                Ok(()) => swept += 1,
                // It keeps nobody else waiting.
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(swept), Err)
    }

    async fn sweep_channel(&self, channel_id: ChannelId) -> Result<()> {
        while !self.perform_ours(SweepChannel { channel_id }).await? {}
        Ok(())
    }
}
