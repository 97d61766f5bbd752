//! The official JavaScript client as one of those that are watched: `e2e/protocol/chaos.mjs`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::client::Account;
use crate::history::Recorder;

/// How long it may take to send its last and to catch up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running program. It is killed when this is dropped.
pub struct Official {
    _child: Child,
    orders: ChildStdin,
    said: mpsc::UnboundedReceiver<String>,
}

impl Official {
    /// Starts it. What it records goes into the history; the rest of what it says is [`drain`](Self::drain)'s.
    pub fn start(program: &Path, account: &Account, transports: &str, chan: &str, recorder: &Recorder) -> Result<Self> {
        let setting = json!({
            "url": format!("http://{}", account.through),
            "cookie": account.cookie,
            "user": account.user,
            "transports": transports.split(',').collect::<Vec<_>>(),
            "chan": chan,
            "zero": recorder.zero().to_string(),
        });
        let mut child = Command::new("node")
            .arg(program)
            .arg(setting.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node cannot be run")?;
        let orders = child.stdin.take().context("it was piped")?;
        let lines = BufReader::new(child.stdout.take().context("it was piped")?).lines();
        let (sender, said) = mpsc::unbounded_channel();
        tokio::spawn(listen(lines, recorder.clone(), sender));
        Ok(Self { _child: child, orders, said })
    }

    /// Has it send its last.
    pub async fn drain(&mut self) -> Result<()> {
        self.orders.write_all(b"drain\n").await.context("an official client is gone")?;
        self.hear("drained").await
    }

    /// Has it catch up to this place, and go.
    pub async fn settle(mut self, head: i64) -> Result<()> {
        self.orders.write_all(format!("settle {head}\n").as_bytes()).await.context("an official client is gone")?;
        self.hear("settled").await
    }

    async fn hear(&mut self, wanted: &str) -> Result<()> {
        let said = timeout(PATIENCE, self.said.recv()).await;
        match said.with_context(|| format!("an official client is not {wanted}"))? {
            Some(said) if said == wanted => Ok(()),
            said => bail!("an official client said {said:?} where {wanted} was due"),
        }
    }
}

async fn listen(mut lines: Lines<BufReader<ChildStdout>>, recorder: Recorder, said: mpsc::UnboundedSender<String>) {
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with('{') {
            recorder.write_line(&line);
        } else if said.send(line).is_err() {
            return;
        }
    }
}
