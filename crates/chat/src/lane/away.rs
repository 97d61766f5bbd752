//! A lane without its database: how it is reached again, and what becomes meanwhile of those who wait.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::entry::QUEUE;
use super::recover::Doubt;
use super::run::{CONNECT_MAX, Cause, Lane};
use crate::error::Error;

/// Between two attempts to reach the database.
const RETRY: Duration = Duration::from_millis(250);

impl Lane {
    /// The connection is gone, or not to be trusted.
    pub(super) fn lose(&mut self) {
        self.writer = None;
        self.status.healthy.store(false, Ordering::Relaxed);
    }

    /// Wait until the database answers and nothing is in doubt any more; meanwhile refuse whoever has waited too long.
    /// False when the lane is at its end: the server must stop, or is stopping and the database is away.
    pub(super) async fn reach(&mut self) -> bool {
        loop {
            if self.world.fatal.borrow().is_some() {
                break;
            }
            match timeout(CONNECT_MAX, self.connect()).await {
                Ok(Ok(())) => {
                    self.status.healthy.store(true, Ordering::Relaxed);
                    return true;
                }
                Ok(Err(error)) => tracing::warn!(cause = %Cause(&error), "the database cannot be reached"),
                Err(_) => tracing::warn!("the database cannot be reached in time"),
            }
            self.lose();
            self.shed();
            // What is in doubt will be read from the database by whoever comes back.
            if self.entries.is_closed() && self.entries.is_empty() {
                break;
            }
            sleep(RETRY).await;
        }
        self.entries.close();
        while let Some(entry) = self.backlog.pop_front().or_else(|| self.entries.try_recv().ok()) {
            entry.refuse(Error::unavailable());
        }
        false
    }

    async fn connect(&mut self) -> Result<(), Error> {
        if self.writer.is_none() {
            self.writer = Some(self.db.writer().await?);
        }
        if let Some(writer) = &mut self.writer
            && !self.doubt.is_empty()
        {
            let (batch, ended) = self.doubt.resolve(writer, self.turn, self.world.general).await?;
            self.doubt = Doubt::default();
            self.world.ended.note(ended);
            let _ = self.out.send(batch).await;
        }
        Ok(())
    }

    /// Refuse whoever has waited too long.
    fn shed(&mut self) {
        while self.backlog.len() < QUEUE
            && let Ok(entry) = self.entries.try_recv()
        {
            self.backlog.push_back(entry);
        }
        let now = Instant::now();
        while let Some(entry) =
            self.backlog.pop_front_if(|entry| now.duration_since(entry.since) > self.world.limits.wait())
        {
            entry.refuse(Error::busy());
        }
    }
}
