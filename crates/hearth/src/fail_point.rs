//! Places where a test can hold the server still, to show that what it promises holds there too.
//!
//! A release build has none: the calls compile to nothing.

/// Stays at this point for as long as its file exists. `HEARTH_FAIL_POINTS` names the files, in a list such as
/// `socket.registered=gap`; a point that it does not name holds nobody.
#[cfg(debug_assertions)]
pub(crate) async fn hit(name: &str) {
    use std::path::Path;
    use std::sync::LazyLock;
    use std::time::Duration;

    /// How soon whoever is held goes on when the file is gone.
    const LOOK_EVERY: Duration = Duration::from_millis(5);

    static POINTS: LazyLock<String> = LazyLock::new(|| std::env::var("HEARTH_FAIL_POINTS").unwrap_or_default());
    let mut points = POINTS.split(',').filter_map(|point| point.split_once('='));
    let Some((_, file)) = points.find(|(point, _)| *point == name) else { return };
    let file = Path::new(file);
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
pub(crate) async fn hit(_name: &str) {}
