//! Many idle connections that come back together: the storm after a restart.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use testkit::wire::{Received, WebSocket};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::fault::until;

/// Whoever has not come in by then tries again.
const PATIENCE: Duration = Duration::from_secs(20);
/// Before trying again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long all may take to come in for the first time.
const GATHER_MAX: Duration = Duration::from_secs(120);

/// The crowd. It goes when this is dropped.
pub struct Crowd {
    arrivals: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Crowd {
    /// So many connections with these cookies; returns when all are in.
    pub async fn gather(size: usize, address: SocketAddr, cookies: &[String]) -> Result<Self> {
        let arrivals = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for (_, cookie) in (0..size).zip(cookies.iter().cycle()) {
            tasks.spawn(stay(address, cookie.clone(), Arc::clone(&arrivals)));
        }
        let gathered = until(GATHER_MAX, || arrivals.load(Ordering::Relaxed) >= size).await;
        gathered.context("the crowd did not gather")?;
        Ok(Self { arrivals, _tasks: tasks })
    }

    /// How often somebody has come in and caught up.
    pub fn arrivals(&self) -> usize {
        self.arrivals.load(Ordering::Relaxed)
    }
}

async fn stay(address: SocketAddr, cookie: String, arrivals: Arc<AtomicUsize>) {
    loop {
        if let Ok(Some(mut socket)) = timeout(PATIENCE, come_in(address, &cookie)).await {
            arrivals.fetch_add(1, Ordering::Relaxed);
            while let Received::Text(text) = socket.next().await {
                if text == "2" {
                    socket.send("3").await;
                }
            }
        }
        sleep(AGAIN).await;
    }
}

/// Connects and catches up.
async fn come_in(address: SocketAddr, cookie: &str) -> Option<WebSocket> {
    let target = "/socket.io/?EIO=4&transport=websocket";
    let mut socket = WebSocket::connect(address, target, &[("cookie", cookie)]).await.ok()?.ok()?;
    loop {
        let Received::Text(text) = socket.next().await else { return None };
        match text.get(..2) {
            Some(open) if open.starts_with('0') => socket.send("40").await,
            Some("40") => socket.send(r#"420["message:sync",{"channels":{}}]"#).await,
            Some("43") if text.contains(r#""OK""#) => return Some(socket),
            Some("43" | "44") => return None,
            _ => {}
        }
    }
}
