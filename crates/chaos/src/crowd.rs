//! Many idle connections that come back together: the storm after a restart.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use testkit::wire::{Received, WebSocket};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::draw::Draw;
use crate::fault::until;

/// Whoever has not come in by then tries again.
const PATIENCE: Duration = Duration::from_secs(20);
/// Before trying again for the first time, and at most, in milliseconds: as the official client does it, half of it more or
/// less by chance.
const AGAIN: (u64, u64) = (1_000, 5_000);
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
        for (number, cookie) in (0..size).zip(cookies.iter().cycle()) {
            let chance = Draw::from_seed(number as u64).for_name("crowd");
            tasks.spawn(stay(address, cookie.clone(), Arc::clone(&arrivals), chance));
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

async fn stay(address: SocketAddr, cookie: String, arrivals: Arc<AtomicUsize>, mut chance: Draw) {
    let mut again = 0;
    loop {
        if let Ok(Some(mut socket)) = timeout(PATIENCE, come_in(address, &cookie)).await {
            arrivals.fetch_add(1, Ordering::Relaxed);
            again = 0;
            while let Received::Text(text) = socket.next().await {
                if text == "2" {
                    socket.send("3").await;
                }
            }
        }
        if again > 0 {
            sleep(chance.millis(again / 2, again * 3 / 2)).await;
        }
        // At once after a cut, all of them together: that is the storm.
        again = (again * 2).clamp(AGAIN.0, AGAIN.1);
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
