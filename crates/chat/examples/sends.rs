//! What a send costs from queue to commit, without a transport:
//! `cargo run --release -p chat --example sends -- [sqlite folder | postgres://…] [sends in flight] [seconds]`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chat::{Actor, Chat, Database, Device, Environment, Options, Request};
use tokio::sync::Semaphore;
use tokio::time::Instant;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().unwrap_or_else(|| std::env::temp_dir().join("hearth-sends").display().to_string());
    let in_flight: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(64);
    let seconds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let database = if place.starts_with("postgres") {
        Database::Postgres(place)
    } else {
        Database::Sqlite(std::path::Path::new(&place).join("hearth.db"))
    };
    let (chat, lanes) = Chat::open(Options::new(database), Environment::system()).await.expect("the database opens");
    for mut lane in lanes {
        tokio::spawn(async move {
            while let Some(batch) = lane.recv().await {
                batch.done.into_iter().for_each(|done| (done.finish)());
            }
        });
    }

    let name = format!("sender{:x}", chat.now().as_millis());
    let body = chat::command::decode_json(&format!(r#"{{"username":"{name}","password":"correct horse"}}"#));
    let device = Device { address: String::new(), agent: String::new() };
    let sender = chat.sign_up(body.expect("a valid name"), device, &chat::Door::OPEN).await.expect("a free name");
    let actor = Actor { user: sender.user.id, session: sender.session, origin: None };

    let room = Arc::new(Semaphore::new(in_flight));
    let (begun, commits, spent) = (Instant::now(), chat.commits(), cpu());
    let (mut sent, refused) = (0_u64, Arc::new(AtomicU64::new(0)));
    while begun.elapsed() < Duration::from_secs(seconds) {
        let permit = Arc::clone(&room).acquire_owned().await.expect("the semaphore stays open");
        let payload = format!(
            r#"{{"channelId":"{}","content":"a message of about the usual length, {sent}","clientId":"c-{name}-{sent}"}}"#,
            chat.general()
        );
        let payload = serde_json::value::RawValue::from_string(payload).expect("JSON");
        let request = Request::decode("message:send", Some(&payload)).expect("a message");
        let refused = Arc::clone(&refused);
        chat.submit(actor.clone(), request, move |answer| {
            if answer.code().is_some() {
                refused.fetch_add(1, Ordering::Relaxed);
            }
            drop(permit);
        });
        sent += 1;
    }
    let all = u32::try_from(in_flight).expect("a small number");
    drop(room.acquire_many(all).await.expect("the semaphore stays open"));
    let (took, commits, spent) = (begun.elapsed(), chat.commits() - commits, cpu() - spent);
    let rate = sent as f64 / took.as_secs_f64();
    let each = spent.as_secs_f64() * 1e6 / sent as f64;
    let per_commit = sent as f64 / commits as f64;
    let refused = refused.load(Ordering::Relaxed);
    let report = format!(
        "{in_flight} in flight: {rate:.0} sends/s, {each:.1} µs CPU each (decode and answer included), {per_commit:.1} per commit, {refused} refused\n"
    );
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes()).expect("somebody reads");
    chat.close().await;
}

/// CPU time of this process, in ticks of 10 ms (Linux).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
