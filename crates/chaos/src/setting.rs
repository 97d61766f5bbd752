//! What a run is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What to run.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The server's binary.
    pub server: PathBuf,
    /// Further `HEARTH_*` variables.
    pub environment: BTreeMap<String, String>,
    /// Where PostgreSQL's programs are, if that is the database.
    pub postgres: Option<PathBuf>,
    /// What decides everything that chance does.
    pub seed: u64,
    /// Not before so many kills,
    pub kills: usize,
    /// and so many acknowledged messages is it over,
    pub acked: usize,
    /// unless it has lasted this long.
    pub most: Duration,
    /// Where the official clients' program lies, if they take part.
    pub official: Option<PathBuf>,
    /// Idle connections that come back together after each kill.
    pub crowd: usize,
    /// A library that sets a process's clock wrong (libfaketime), if there is one.
    pub clock: Option<PathBuf>,
    /// Whether the disk is a small one, where that is possible.
    pub small_disk: bool,
    /// Whether the server has fail points.
    pub fail_points: bool,
    /// Whether clients ask for what they have missed.
    pub fetches_gaps: bool,
    /// Where the history goes.
    pub history: PathBuf,
}
