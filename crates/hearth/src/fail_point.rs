//! Places where a test can hold the server still, or end it, to show that what it promises holds there too.
//!
//! A release build has none: the calls compile to nothing.

/// Does at this point what `HEARTH_FAIL_POINTS` says: a list such as `socket.registered=sleep(500),fan-out=abort`.
#[cfg(debug_assertions)]
pub(crate) async fn hit(name: &str) {
    use std::sync::LazyLock;
    use std::time::Duration;

    static POINTS: LazyLock<String> = LazyLock::new(|| std::env::var("HEARTH_FAIL_POINTS").unwrap_or_default());
    let action = POINTS.split(',').filter_map(|point| point.split_once('=')).find(|(point, _)| *point == name);
    match action.map(|(_, action)| action) {
        None => {}
        Some("abort") => std::process::abort(),
        Some(action) => {
            let ms =
                action.strip_prefix("sleep(").and_then(|rest| rest.strip_suffix(')')).and_then(|ms| ms.parse().ok());
            let ms = ms.unwrap_or_else(|| panic!("HEARTH_FAIL_POINTS: {name}={action} is neither sleep(ms) nor abort"));
            tracing::warn!(name, ms, "fail point");
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
}

/// A release build does not stop anywhere.
#[cfg(not(debug_assertions))]
#[expect(clippy::unused_async, reason = "the debug build's twin waits")]
pub(crate) async fn hit(_name: &str) {}
