//! `cargo xtask screenshots`: the README's pictures, made from the running product so that they never go stale.

use anyhow::Result;

use crate::process::{npm, run};
use crate::tools;
use crate::workspace::{install, root, server, web_dist};

/// Build what is shown, then let the browser project take the pictures into docs/screenshots.
pub(crate) fn run_command() -> Result<()> {
    let chromium = tools::chromium()?;
    let server = server(&web_dist()?)?;
    let folder = root().join("e2e/browser");
    install(&folder)?;
    run(npm(&folder).args(["run", "screenshots"]).env("HEARTH_BIN", server).env("CHROMIUM", chromium))
}
