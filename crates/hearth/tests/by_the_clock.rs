//! What the server tells of its own accord: how far channels have come, who has read how far, and that it is going.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::app::{App, general};
use testkit::client::{Client, End, Event};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

fn start() -> App {
    App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off"), ("HEARTH_PASSWORD_MEMORY", "64KiB")])
}

async fn ask(client: &mut Client, name: &str, payload: Value) -> Value {
    let mut answer = client.emit_with_ack(name, (payload,)).await.remove(0);
    assert_eq!(answer["status"], "OK", "{name}: {answer}");
    answer["data"].take()
}

/// The events of this name that come until one does and for a moment longer, or within `patience`.
async fn told(client: &mut Client, name: &str, patience: Duration) -> Vec<Event> {
    let (mut found, mut until) = (Vec::new(), Instant::now() + patience);
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // Whatever was sent before its answer has come.
        ask(client, "channel:list", json!({})).await;
        let before = found.len();
        found.extend(client.pending().into_iter().filter(|event| event.name == name));
        if before == 0 && !found.is_empty() {
            until = Instant::now() + Duration::from_millis(1_500);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_25_seconds_members_are_told_how_far_the_channels_that_moved_have_come() {
    /// What is promised, and what a machine that runs other tests needs beside it.
    const PROMISED: Duration = Duration::from_secs(25 + 5);
    let app = start();
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let (mut writer, mut reader) = (app.connect(&ada).await, app.connect(&bob).await);
    let moved = general(&mut writer).await;
    let secret = ask(&mut writer, "channel:create", json!({ "name": "secret", "type": "private" })).await["id"].take();
    let still = ask(&mut writer, "channel:create", json!({ "name": "still" })).await["id"].take();
    ask(&mut reader, "channel:join", json!({ "channelId": still })).await;
    for channel in [&moved, &moved, &secret] {
        ask(&mut writer, "message:send", json!({ "channelId": channel, "content": "x" })).await;
    }
    ask(&mut writer, "message:delete", json!({ "channelId": moved, "messageId": "1" })).await;
    let heads = told(&mut reader, "heads", PROMISED).await;
    let heads: Vec<_> = heads.iter().map(|event| &event.args[0]).collect();
    assert_eq!(heads, [&json!({ moved.as_str().unwrap(): { "seq": 2, "rev": 3 } })], "and of no other channel");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_marks_are_told_together_to_small_channels_and_elsewhere_to_the_own_devices_alone() {
    let app = start();
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let mut writer = app.connect(&ada).await;
    let (mut reader, mut phone) = (app.connect(&bob).await, app.connect(&bob).await);
    let channel = general(&mut writer).await;
    for _ in 0..30 {
        ask(&mut writer, "message:send", json!({ "channelId": channel, "content": "x" })).await;
    }
    let read = async |reader: &mut Client, places: std::ops::RangeInclusive<u32>| {
        for place in places {
            ask(reader, "message:ack", json!({ "channelId": channel, "messageId": place.to_string() })).await;
        }
    };
    let bobs = ask(&mut writer, "user:search", json!({ "q": "bob" })).await[0]["id"].take();
    let bobs = bobs.as_str().expect("an id");

    let began = Instant::now();
    read(&mut reader, 1..=20).await;
    let reading = began.elapsed();
    let marks = told(&mut writer, "message:read", Duration::from_secs(5)).await;
    let last = &marks.last().expect("two are few enough").args[0];
    assert_eq!(*last, json!({ "channelId": channel, "marks": { bobs: "20" } }));
    // One a second, whatever they were.
    assert!(marks.len() as u64 <= reading.as_secs() + 2, "{} in {reading:?}", marks.len());
    assert_eq!(
        told(&mut phone, "message:read", Duration::from_secs(5)).await.last().map(|event| &event.args),
        Some(&vec![last.clone()])
    );

    for number in 0..49 {
        app.sign_up(&format!("guest{number}x")).await;
    }
    read(&mut reader, 21..=30).await;
    let own = told(&mut phone, "message:read", Duration::from_secs(5)).await;
    assert_eq!(own.last().expect("the own devices").args[0]["marks"][bobs], "30");
    assert!(told(&mut writer, "message:read", Duration::from_millis(1)).await.is_empty(), "fifty-one are too many");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_here_is_told_that_the_server_goes_and_comes_back_to_it() {
    let mut app = start();
    let cookie = app.sign_up("ada").await;
    let mut client = app.connect(&cookie).await;
    assert!(app.terminate().success());
    let draining = client.event("server:draining").await;
    assert!(draining[0]["retryAfterMs"].as_u64().is_some_and(|wait| wait > 0), "{draining:?}");
    assert_eq!(client.end().await, End::Closed, "without the DISCONNECT after which nobody comes back");
}
