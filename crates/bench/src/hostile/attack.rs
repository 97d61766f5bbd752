//! Those who attack: each holds on to what it has until the server ends it, or this is dropped.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Plan;
use super::client::Client;
use crate::load::frame::put_text;

/// The payload of an unfinished frame, just below the largest message that the server takes.
const LARGE: usize = 999_000;
/// So many events are written at once.
const CHUNK: usize = 500;
/// A flood waits for answers beyond so many questions: a peer that falls behind with reading is one that does not read.
const UNANSWERED: usize = 2000;

/// All of them.
pub(super) struct Attack {
    address: SocketAddr,
    held: Vec<Client>,
}

impl Attack {
    /// Lets everybody in who stays: the stalled, the half-open, those with an unfinished frame.
    pub(super) fn start(address: SocketAddr, plan: &Plan) -> Result<Self> {
        let mut attack = Self { address, held: Vec::new() };
        for _ in 0..plan.stalled {
            let mut client = Client::connect(address, true)?;
            client.open(address)?;
            client.join()?;
            attack.held.push(client);
        }
        for at in 0..plan.half_open {
            let mut client = Client::connect(address, true)?;
            if at % 2 == 0 {
                client.write(
                    format!("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nX").as_bytes(),
                )?;
            } else {
                client.open(address)?;
            }
            attack.held.push(client);
        }
        let mut frame = Vec::new();
        put_text(&mut frame, &vec![b'4'; LARGE]);
        frame.pop();
        for _ in 0..plan.unfinished {
            let mut client = Client::connect(address, false)?;
            client.open(address)?;
            client.join()?;
            client.write(&frame)?;
            attack.held.push(client);
        }
        Ok(attack)
    }

    /// One client that sends so many events as fast as the server answers them. Returns how long it took until the last
    /// one was answered.
    pub(super) fn flood(&self, events: usize) -> Result<JoinHandle<Result<Duration>>> {
        let mut client = Client::connect(self.address, false)?;
        client.open(self.address)?;
        client.join()?;
        Ok(std::thread::spawn(move || {
            let started = Instant::now();
            flood(&mut client, events)?;
            Ok(started.elapsed())
        }))
    }
}

fn flood(client: &mut Client, events: usize) -> Result<()> {
    let mut event = Vec::new();
    put_text(&mut event, format!("421[\"echo\",\"{:x<100}\"]", "").as_bytes());
    let chunk = event.repeat(CHUNK);
    let (mut sent, mut answered) = (0, 0);
    while answered < events {
        while sent < events && sent - answered <= UNANSWERED {
            let now = (events - sent).min(CHUNK);
            client.write(&chunk[..now * event.len()])?;
            sent += now;
        }
        client.take(|text| answered += usize::from(text.starts_with(b"431")))?;
    }
    Ok(())
}
