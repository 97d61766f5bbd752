//! All lanes: whoever writes queues here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::entry::{Entry, QUEUE};
use super::run::{Lane, Status};
use crate::command::LaneKey;
use crate::db::Db;
use crate::effect::Batch;
use crate::error::Error;
use crate::world::World;

/// Batches committed and not yet carried out: beyond that the lane waits, so that memory stays bounded.
const HANDED_OVER: usize = 64;

/// All write lanes.
pub(crate) struct Lanes {
    queues: RwLock<Vec<mpsc::Sender<Entry>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    statuses: Vec<Arc<Status>>,
}

impl Lanes {
    /// Start this many lanes. Each hands over what it has committed on a queue of its own.
    pub(crate) fn open(count: usize, db: &Arc<Db>, world: &Arc<World>) -> (Self, Vec<mpsc::Receiver<Batch>>) {
        let (mut queues, mut tasks, mut statuses, mut handed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            let (queue, entries) = mpsc::channel(QUEUE);
            let (out, batches) = mpsc::channel(HANDED_OVER);
            let status = Arc::new(Status { healthy: AtomicBool::new(true), commits: AtomicU64::new(0) });
            let lane = Lane::new(Arc::clone(db), Arc::clone(world), entries, out, Arc::clone(&status));
            tasks.push(tokio::spawn(lane.live()));
            queues.push(queue);
            statuses.push(status);
            handed.push(batches);
        }
        (Self { queues: RwLock::new(queues), tasks: Mutex::new(tasks), statuses }, handed)
    }

    /// Queue a command, or refuse it at once. Does no I/O.
    pub(crate) fn submit(&self, key: LaneKey, entry: Entry) {
        let refused = {
            let queues = self.queues.read();
            match queues.get(key.place(queues.len())) {
                Some(queue) => queue.try_send(entry).err(),
                None => Some(mpsc::error::TrySendError::Closed(entry)),
            }
        };
        if let Some(mpsc::error::TrySendError::Full(entry) | mpsc::error::TrySendError::Closed(entry)) = refused {
            entry.refuse(Error::busy());
        }
    }

    /// Whether every lane reaches its database.
    pub(crate) fn healthy(&self) -> bool {
        self.statuses.iter().all(|lane| lane.healthy.load(Ordering::Relaxed))
    }

    /// How many commands wait for each lane.
    pub(crate) fn queued(&self) -> Vec<usize> {
        self.queues.read().iter().map(|queue| queue.max_capacity() - queue.capacity()).collect()
    }

    /// How many transactions were committed.
    pub(crate) fn commits(&self) -> u64 {
        self.statuses.iter().map(|lane| lane.commits.load(Ordering::Relaxed)).sum()
    }

    /// Take no more, finish what is queued, close the connections.
    pub(crate) async fn close(&self) {
        self.queues.write().clear();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            // A lane that panicked has been logged by the runtime.
            let _ = task.await;
        }
    }
}
