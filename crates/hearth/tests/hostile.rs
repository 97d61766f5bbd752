//! What no client of ours sends, over the wire: that socket is answered `INVALID` or closed, and nobody else notices.

use chat::Request;
use serde_json::{Value, json};
use testkit::app::App;
use testkit::client::{Client, End};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// How a socket fared: the answer to its first command, or nothing where it was closed.
async fn fare(client: &mut Client, packet: &str) -> Option<Value> {
    client.send_raw(packet).await;
    client.answer_or_end(0).await.map(|mut args| args.remove(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_command_is_invalid_or_ends_its_own_socket() {
    let app = App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off")]);
    let (eve, ada) = (app.sign_up("eve").await, app.sign_up("ada").await);
    let mut neighbour = app.client(&ada).connect().await.expect("a living session");
    let id = "0190a6c6-0000-7000-8000-000000000000";
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let payloads = [
        "null",
        "1",
        "-1",
        "\"x\"",
        "[]",
        "true",
        "1e400",
        "9223372036854775808",
        r#"{"__proto__":{"isAdmin":true}}"#,
        r#"{"channelId":"\ud800"}"#,
        r#"{"channelId":"a\u0000b"}"#,
        r#"{"size":-1}"#,
        r#"{"size":1e400}"#,
        r#"{"size":9223372036854775808}"#,
        &deep,
    ];
    let mut closed = 0;
    for name in Request::NAMES.iter().copied().chain(["__proto__", "constructor", "no:such", ""]) {
        let mut client = None;
        for payload in payloads {
            let mut own = match client.take() {
                Some(client) => client,
                None => app.client(&eve).connect().await.expect("a living session"),
            };
            let packet = format!(r#"20[{},{payload}]"#, json!(name));
            match fare(&mut own, &packet).await {
                Some(answer) => {
                    let shown = &payload[..payload.len().min(60)];
                    // Some commands have nothing but optional fields.
                    let code = answer["code"].as_str().unwrap_or("OK");
                    assert!(["INVALID", "OK"].contains(&code), "{name} {shown}: {answer}");
                    assert!(answer.to_string().len() < 2_000, "{name} {shown}");
                    client = Some(own);
                }
                None => closed += 1,
            }
        }
    }
    assert!(closed < Request::NAMES.len() * payloads.len() / 2, "{closed} were closed");
    let sent = neighbour.emit_with_ack("message:typing", (json!({ "channelId": id, "isTyping": true }),)).await;
    assert_eq!(sent[0]["code"], "NOT_FOUND", "the neighbour is served");
    assert!(!app.log().iter().any(|line| line.contains("panicked") || line.contains("a command failed")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_megabytes_end_their_own_socket() {
    let app = App::start(BINARY, &[]);
    let (eve, ada) = (app.sign_up("eve").await, app.sign_up("ada").await);
    let mut neighbour = app.client(&ada).connect().await.expect("a living session");
    let mut client = app.client(&eve).connect().await.expect("a living session");
    let before = app.resident_kib();
    let packet = json!(["message:send", { "content": "x".repeat(10_000_000) }]).to_string();
    client.send_raw(&format!("20{packet}")).await;
    client.end().await;
    assert!(app.resident_kib() < before + 5_000, "it was refused by its header");
    assert_eq!(neighbour.emit_with_ack("channel:list", (json!({}),)).await[0]["status"], "OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_told_so_then_cut_off_and_others_go_on() {
    let app = App::start(BINARY, &[]);
    let (eve, ada) = (app.sign_up("eve").await, app.sign_up("ada").await);
    let mut neighbour = app.client(&ada).connect().await.expect("a living session");
    let mut flood = app.client(&eve).connect().await.expect("a living session");
    // More than may come at once, and fewer than make a flood: every one of them is answered.
    let (mut ids, mut codes) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        ids.push(flood.emit_for_ack("user:update", (json!({}),)).await);
    }
    for id in ids {
        codes.push(flood.answer(id).await.remove(0)["code"].take());
    }
    assert_eq!(codes.first(), Some(&json!("INVALID")), "the first are carried out");
    assert!(codes.contains(&json!("RATE_LIMITED")), "{codes:?}");
    for _ in 0..10_000 {
        // Without asking for answers, which the end would overtake. What is sent after it is lost, as in life.
        flood.emit("user:update", (json!({}),)).await;
    }
    assert_eq!(flood.end().await, End::Closed, "and not told to stay away");
    assert_eq!(neighbour.emit_with_ack("channel:list", (json!({}),)).await[0]["status"], "OK");
    // Not for good: a client that comes back more slowly is welcome.
    let mut again = app.client(&eve).connect().await.expect("the session lives");
    assert!(again.emit_with_ack("channel:list", (json!({}),)).await[0]["status"].is_string());
}
