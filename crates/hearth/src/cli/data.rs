//! The database, for a command that works beside a running server or without one.

use anyhow::{Context as _, Result, bail};
use chat::{Batch, Chat, Environment, Lock, Prepare};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::config::{Database, DatabaseArgs};

/// The database, open for one command.
pub(super) struct Data {
    pub(super) chat: Chat,
    /// Nobody hears of what is done here; the lanes go on all the same.
    lanes: JoinSet<()>,
    /// Held where a database may be made and no server runs: then none starts meanwhile.
    lock: Option<Lock>,
}

/// Whether there may be nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// Make what is missing.
    Make,
    /// There must be a database: a folder that was mistyped is not made into one.
    Refuse,
}

impl Data {
    /// Opens the database. One of an older version is refused: the server alone brings it up to date, for whoever runs a
    /// command beside it may not think of a backup.
    pub(super) async fn open(args: &DatabaseArgs, fresh: Fresh) -> Result<Self> {
        Self::open_with(args, fresh, Environment::system()).await
    }

    /// [`open`](Self::open) with another clock.
    pub(super) async fn open_with(args: &DatabaseArgs, fresh: Fresh, env: Environment) -> Result<Self> {
        let database = match fresh {
            Fresh::Make => Database::from_args(args)?,
            Fresh::Refuse => existing(args)?,
        };
        let database = chat::Database::from(&database);
        let lock = match fresh {
            Fresh::Make => database.try_lock().await?,
            Fresh::Refuse => None,
        };
        let mut options = chat::Options::new(database);
        options.prepare = if lock.is_some() { Prepare::IfEmpty } else { Prepare::Not };
        let (chat, receivers) = Chat::open(options, env).await?;
        let mut lanes = JoinSet::new();
        for lane in receivers {
            lanes.spawn(finish(lane));
        }
        Ok(Self { chat, lanes, lock })
    }

    /// Whether no server runs on it or can start. For [`Fresh::Make`].
    pub(super) fn alone(&self) -> bool {
        self.lock.is_some()
    }

    /// Closes it in good order.
    pub(super) async fn close(mut self) {
        self.chat.close().await;
        while self.lanes.join_next().await.is_some() {}
    }
}

/// The database that must be there already, as far as that can be seen from here.
pub(super) fn existing(args: &DatabaseArgs) -> Result<Database> {
    let database = Database::from_args(args)?;
    if let Database::Folder(folder) = &database {
        let file = folder.join("hearth.db");
        // One that may not be looked at is not missing.
        if !file.try_exists().with_context(|| format!("{} cannot be reached", file.display()))? {
            bail!("there is no database in {}: name its folder with --data or HEARTH_DATA", folder.display());
        }
    }
    Ok(database)
}

async fn finish(mut lane: mpsc::Receiver<Batch>) {
    while let Some(batch) = lane.recv().await {
        for done in batch.done {
            (done.finish)();
        }
    }
}
