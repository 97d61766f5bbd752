//! Places where a test can hold the server still, or kill it, to show that what it promises holds there too.
//!
//! A release build has none: the calls compile to nothing.

#[cfg(debug_assertions)]
static POINTS: std::sync::OnceLock<Vec<(String, std::path::PathBuf)>> = std::sync::OnceLock::new();

/// Names the file of each point, in a list such as `socket.registered=gap,lane.commit=/tmp/commit`. To be called once,
/// before anything runs; a release build takes no notice.
#[cfg_attr(not(debug_assertions), expect(unused_variables, reason = "there is nothing to hold"))]
pub fn arm(points: &str) {
    #[cfg(debug_assertions)]
    {
        let points = points.split(',').filter_map(|point| point.split_once('='));
        // Whoever comes second finds the points set.
        let _ = POINTS.set(points.map(|(name, file)| (name.to_owned(), file.into())).collect());
    }
}

/// Stays at this point for as long as its file exists. A point that [`arm`] did not name holds nobody.
#[cfg(debug_assertions)]
pub async fn hit(name: &str) {
    /// How soon whoever is held goes on when the file is gone.
    const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(5);

    let Some((_, file)) = POINTS.get().and_then(|points| points.iter().find(|(point, _)| point == name)) else {
        return;
    };
    if file.exists() {
        tracing::warn!(name, "held at a fail point");
    }
    while file.exists() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A release build does not stop anywhere.
#[cfg(not(debug_assertions))]
#[expect(clippy::unused_async, reason = "the debug build's twin waits")]
pub async fn hit(_name: &str) {}
