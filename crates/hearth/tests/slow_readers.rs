//! Readers that do not read cost little, disturb nobody, and are cut off.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{App, general};
use testkit::client::{Client, End, within};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");
const STALLED: usize = 100;
/// What a stalled reader may cost, in KiB: its outbound bound and a quarter.
const COST_KIB: u64 = 1280;

async fn send(client: &mut Client, channel: &Value, content: &str) {
    let answer = client.emit_with_ack("message:send", (json!({"channelId": channel, "content": content}),)).await;
    assert_eq!(answer[0]["status"], "OK", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_stalled_readers_are_cut_off_within_their_bound_and_disturb_nobody() {
    let app = App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off")]);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let mut writer = app.client(&ada).connect().await.unwrap();
    let mut reader = app.client(&bob).connect().await.unwrap();
    let general = general(&mut writer).await;

    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        stalled.push(app.client(&bob).connect().await.unwrap());
    }
    let before = app.resident_kib();
    // More than the kernel's buffers and the queue of each reader hold together, so that every one of them is behind.
    let content = "x".repeat(5_000);
    let mut highest = before;
    for number in 0..2_400 {
        send(&mut writer, &general, &content).await;
        let heard = reader.event("message:sent").await;
        assert_eq!(heard[0]["seq"].as_u64().or_else(|| heard[0]["id"].as_str()?.parse().ok()), Some(number + 1));
        highest = highest.max(app.resident_kib());
    }
    assert!(highest - before <= COST_KIB * STALLED as u64, "{STALLED} stalled readers cost {} KiB", highest - before);
    let mut ends = tokio::task::JoinSet::new();
    for mut client in stalled {
        ends.spawn(async move { client.end().await });
    }
    let ends = within("every stalled reader to be cut off", ends.join_all()).await;
    assert!(ends.iter().all(|end| *end == End::Closed), "none is told to stay away: {ends:?}");
    // Whoever reads goes on.
    send(&mut writer, &general, "still here").await;
    let heard = tokio::time::timeout(Duration::from_secs(10), reader.event("message:sent")).await.unwrap();
    assert_eq!(heard[0]["content"], "still here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_put_out_of_a_channel_while_not_reading_gets_nothing_that_was_said_after_it() {
    let app = App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off"), ("HEARTH_LIMIT_OUTBOUND", "64MiB")]);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let mut owner = app.client(&ada).connect().await.unwrap();
    let ask = async |client: &mut Client, name: &str, payload: Value| {
        let mut answer = client.emit_with_ack(name, (payload,)).await.remove(0);
        assert_eq!(answer["status"], "OK", "{name}: {answer}");
        answer["data"].take()
    };
    let bobs = ask(&mut owner, "user:search", json!({"q": "bob"})).await[0]["id"].take();
    let secret = ask(&mut owner, "channel:create", json!({"name": "secret", "type": "private"})).await["id"].take();
    ask(&mut owner, "channel:add", json!({"channelId": secret, "userIds": [bobs]})).await;
    let mut stalled = app.client(&bob).connect().await.unwrap();
    // More than the kernel holds: what follows stands in the queue.
    let content = "x".repeat(5_000);
    for _ in 0..2_000 {
        send(&mut owner, &secret, &content).await;
    }
    ask(&mut owner, "channel:remove", json!({"channelId": secret, "userId": bobs})).await;
    for _ in 0..10 {
        send(&mut owner, &secret, "without him").await;
    }
    ask(&mut owner, "message:edit", json!({"channelId": secret, "messageId": "2001", "content": "still"})).await;

    stalled.event("channel:left").await;
    // An answer that comes later than an event would have.
    ask(&mut stalled, "channel:list", json!({})).await;
    let heard = stalled.pending();
    let said: Vec<_> = heard.iter().filter(|event| event.name == "message:sent").collect();
    assert!(said.iter().all(|event| event.args[0]["content"] == content.as_str()), "said while he was in");
    assert!(heard.iter().all(|event| event.name != "message:updated"));
}
