//! Limits as an operator sets them: each holds over the wire, for whom it is meant and for nobody else.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::app::{App, general};
use testkit::client::{Client, End, Refused};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// A server with these limits, where a password costs nothing.
fn start(limits: &[(&str, &str)]) -> App {
    App::start(BINARY, &[&[("HEARTH_PASSWORD_MEMORY", "64KiB")], limits].concat())
}

async fn ask(client: &mut Client, name: &str, payload: &Value) -> Value {
    client.emit_with_ack(name, (payload,)).await.remove(0)
}

/// How many of `tries` commands were carried out before the others were refused, each with when to come back.
async fn carried_out(client: &mut Client, name: &str, payload: &Value, tries: usize) -> usize {
    let mut refused = 0;
    for number in 0..tries {
        let answer = ask(client, name, payload).await;
        if answer["code"] == "RATE_LIMITED" {
            assert!(answer["retryAfterMs"].as_u64().is_some_and(|wait| wait > 0), "{answer}");
            refused += 1;
        } else {
            assert_eq!(refused, 0, "{name} number {number} after a refusal: {answer}");
        }
    }
    tries - refused
}

const RATES: [(&str, &str); 4] = [
    ("HEARTH_LIMIT_SEND", "1/h:2"),
    ("HEARTH_LIMIT_READ", "1/h:4"),
    ("HEARTH_LIMIT_OTHER", "1/h:3"),
    ("HEARTH_LIMIT_TYPING", "1/h:5"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_command_has_its_rate_per_person() {
    let app = start(&RATES);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let channel = general(&mut app.connect(&ada).await).await;
    let send = json!({ "channelId": channel, "content": "x" });
    let typing = |is_typing: bool| json!({ "channelId": channel, "isTyping": is_typing });
    for (name, payload, tries, most) in [
        ("message:send", &send, 4, 2),
        // One was spent above.
        ("channel:list", &json!({}), 6, 4 - 1),
        ("user:update", &json!({ "displayName": "Ada" }), 5, 3),
        ("message:typing", &typing(true), 7, 5),
        // The end of typing must always pass, and read marks cost what one costs.
        ("message:typing", &typing(false), 20, 20),
        ("message:ack", &json!({ "channelId": channel, "messageId": "1" }), 20, 20),
        // Another device is the same person.
        ("message:send", &send, 1, 0),
    ] {
        let mut device = app.connect(&ada).await;
        assert_eq!(carried_out(&mut device, name, payload, tries).await, most, "{name}");
    }
    assert_eq!(carried_out(&mut app.connect(&bob).await, "message:send", &send, 1).await, 1, "another person");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_and_counts_can_be_lifted_all_at_once() {
    let counts = [
        ("HEARTH_RATE_LIMITS", "off"),
        ("HEARTH_LIMIT_USER_SOCKETS", "1"),
        ("HEARTH_LIMIT_ADDRESS_SOCKETS", "1"),
        ("HEARTH_LIMIT_ADDRESS_STRANGERS", "1"),
        ("HEARTH_LIMIT_MADE_PER_HOUR", "1"),
        ("HEARTH_LIMIT_FAILED_LOGIN", "1/h:1"),
        ("HEARTH_LIMIT_SIGNUP", "1/h:1"),
    ];
    let app = start(&[&RATES[..], &counts].concat());
    let (ada, _) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let mut clients = [app.connect(&ada).await, app.connect(&ada).await, app.connect(&ada).await];
    let client = &mut clients[0];
    let channel = general(client).await;
    for (name, payload) in [
        ("message:send", json!({ "channelId": channel, "content": "x" })),
        ("channel:list", json!({})),
        ("user:update", json!({ "displayName": "Ada" })),
        ("message:typing", json!({ "channelId": channel, "isTyping": true })),
    ] {
        assert_eq!(carried_out(client, name, &payload, 40).await, 40, "{name}");
    }
    for number in 0..3 {
        assert_eq!(ask(client, "channel:create", &json!({ "name": format!("room {number}") })).await["status"], "OK");
        assert_eq!(app.post("/api/login", r#"{"username":"ada","password":"guess"}"#).await.status, 401);
    }
    let _strangers = [app.client("").open().await.expect("let in"), app.client("").open().await.expect("let in")];
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_so_many_sockets_and_another_when_one_has_gone() {
    let app = start(&[("HEARTH_LIMIT_USER_SOCKETS", "2")]);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let (first, _second) = (app.connect(&ada).await, app.connect(&ada).await);
    let third = app.client(&ada).connect().await.map(drop);
    let Err(Refused::Namespace(error)) = third else { panic!("{third:?}") };
    assert_eq!(error["data"]["code"], "RATE_LIMITED");
    assert!(error["data"]["retryAfterMs"].as_u64().is_some_and(|wait| wait > 0), "{error}");
    app.connect(&bob).await;
    first.close().await;
    testkit::client::within("room for another", async { while app.client(&ada).connect().await.is_err() {} }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_so_many_sockets_whoever_they_are_of() {
    let app = start(&[("HEARTH_LIMIT_ADDRESS_SOCKETS", "2"), ("HEARTH_LIMIT_ADDRESS_STRANGERS", "1")]);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let (_one, _two) = (app.connect(&ada).await, app.connect(&bob).await);
    assert!(matches!(app.client(&bob).connect().await, Err(Refused::Http(429, _))));
    // A stranger's place is another, until it says who it is.
    let token = bob.strip_prefix("sid=").expect("the cookie's name");
    let bot = app.client("").auth(json!({ "token": token })).connect().await.map(drop);
    let Err(Refused::Namespace(error)) = bot else { panic!("{bot:?}") };
    assert_eq!(error["data"]["code"], "RATE_LIMITED");
    let elsewhere = app.client(&bob).header("x-forwarded-for", "2001:db8::1").connect().await;
    let neighbour = app.client(&bob).header("x-forwarded-for", "2001:db8::2").connect().await;
    let household = app.client(&bob).header("x-forwarded-for", "2001:db8::3").connect().await;
    assert!(elsewhere.is_ok() && neighbour.is_ok());
    assert!(matches!(household, Err(Refused::Http(429, _))), "64 bits are one address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_stranger_says_to_speak_for_is_not_believed() {
    let app = start(&[("HEARTH_TRUSTED_PROXIES", "10.0.0.0/8"), ("HEARTH_LIMIT_ADDRESS_STRANGERS", "1")]);
    let open = |address: &str| app.client("").header("x-forwarded-for", address).open();
    let _first = open("203.0.113.1").await.expect("a stranger may come");
    assert!(matches!(open("203.0.113.2").await, Err(Refused::Http(429, _))), "it is the same address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_say_who_they_are_is_closed_in_time() {
    let app = start(&[("HEARTH_LIMIT_AUTHENTICATE", "1s")]);
    let began = Instant::now();
    let mut silent = app.client("").open().await.expect("a stranger may come");
    assert_eq!(silent.end().await, End::Closed);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

/// An event that makes a message of so many bytes; nobody knows its name.
fn event_of(bytes: usize) -> String {
    let around = r#"420["x",{"x":""}]"#.len();
    format!(r#"20["x",{{"x":"{}"}}]"#, "x".repeat(bytes - around))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_holds_64_kib_or_what_was_set_and_not_a_byte_more() {
    for (limits, most) in [(&[][..], 64 * 1024), (&[("HEARTH_LIMIT_PACKET", "16KiB")], 16 * 1024)] {
        let app = start(limits);
        let cookie = app.sign_up("ada").await;
        let mut client = app.connect(&cookie).await;
        assert_eq!(client.open_packet()["maxPayload"], most);
        client.send_raw(&event_of(most)).await;
        assert_eq!(client.answer(0).await[0]["code"], "INVALID", "it was read");
        client.send_raw(&event_of(most + 1)).await;
        assert_eq!(client.end().await, End::Closed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_holds_64_kib_or_what_was_set_and_not_a_byte_more() {
    for (limits, most) in [(&[][..], 64 * 1024), (&[("HEARTH_LIMIT_BODY", "16KiB")], 16 * 1024)] {
        let app = start(limits);
        for (bytes, status) in [(most, 400), (most + 1, 413)] {
            assert_eq!(app.post("/api/login", &"x".repeat(bytes)).await.status, status, "{bytes} bytes");
        }
    }
}

/// The value of a sample of `/metrics`.
async fn metric(app: &App, sample: &str) -> u64 {
    let answer = app.get("/metrics", &[("authorization", "Bearer a token of many characters")]).await;
    let found = answer.text().lines().find_map(|line| line.strip_prefix(sample)?.trim().parse().ok());
    found.unwrap_or_default()
}

/// A folder, and in it a file with the token for [`metric`].
fn token() -> (String, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "a token of many characters").expect("a folder of our own");
    (token.to_str().expect("a temporary path is text").to_owned(), folder)
}

fn token_at(file: &str) -> (&str, &str) {
    ("HEARTH_METRICS_TOKEN_FILE", file)
}

/// A server whose lane stands still with a command of somebody's, and what comes meanwhile waits in its queue.
struct Held {
    app: App,
    /// It goes on when this is gone.
    gate: PathBuf,
    other: Client,
    first: u64,
    client: Client,
    asked: Vec<u64>,
    _folder: tempfile::TempDir,
}

impl Held {
    /// With a hundred commands of one socket that have been sent: more than may wait anywhere.
    async fn start(limits: &[(&str, &str)]) -> Self {
        let (token, folder) = token();
        let gate = folder.path().join("gate");
        let points = format!("lane.commit={}", gate.display());
        let held =
            [("HEARTH_FAIL_POINTS", points.as_str()), ("HEARTH_LIMIT_COMMAND", "1min"), ("HEARTH_RATE_LIMITS", "off")];
        let app = start(&[&held[..], &[token_at(&token)], limits].concat());
        let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
        let (mut client, mut other) = (app.connect(&ada).await, app.connect(&bob).await);
        let send = json!({ "channelId": general(&mut client).await, "content": "x" });
        std::fs::write(&gate, "").expect("a folder of our own");
        let first = other.emit_for_ack("message:send", (&send,)).await;
        app.until_logged("held at a fail point").await;
        let mut asked = Vec::new();
        for _ in 0..100 {
            asked.push(client.emit_for_ack("message:send", (&send,)).await);
        }
        Self { app, gate, other, first, client, asked, _folder: folder }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_commands_of_a_socket_wait_and_the_rest_is_not_read() {
    for (limits, most) in [(&[][..], 8), (&[("HEARTH_LIMIT_IN_FLIGHT", "3")][..], 3)] {
        let Held { app, gate, mut other, first, mut client, asked, _folder } = Held::start(limits).await;
        let queued = || metric(&app, r#"hearth_lane_queued{by="0"}"#);
        testkit::client::within("what may wait to wait", async { while queued().await < most {} }).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(queued().await, most, "and no more than that");

        std::fs::remove_file(&gate).unwrap();
        assert_eq!(other.answer(first).await[0]["data"]["seq"], 1);
        for (seq, id) in (2..).zip(asked) {
            assert_eq!(client.answer(id).await[0]["data"]["seq"], seq, "in their order, none left out");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_whose_reading_stands_still_for_too_long_is_closed() {
    let mut held = Held::start(&[("HEARTH_LIMIT_PAUSE", "1s")]).await;
    assert_eq!(held.client.end().await, End::Closed);
    assert_eq!(metric(&held.app, r#"hearth_closes_total{by="paused_too_long"}"#).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_on_at_three_times_the_rate_for_as_long_as_was_set_is_cut_off() {
    let app = start(&[("HEARTH_LIMIT_FLOOD", "1s"), ("HEARTH_LIMIT_OTHER", "10/s:10")]);
    let mut client = app.connect(&app.sign_up("ada").await).await;
    for _ in 0..100 {
        client.emit("user:update", (json!({}),)).await;
    }
    assert_eq!(client.end().await, End::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_is_closed_in_time_and_one_that_falls_behind_at_its_bound_or_at_that_of_all() {
    let (token, _folder) = token();
    for ([stall, outbound, total], reason) in [
        (["1s", "64MiB", "1GiB"], "stalled"),
        (["1h", "64KiB", "1GiB"], "slow_reader"),
        (["1h", "64MiB", "1MiB"], "slow_reader"),
    ] {
        let app = start(&[
            token_at(&token),
            ("HEARTH_RATE_LIMITS", "off"),
            ("HEARTH_LIMIT_STALL", stall),
            ("HEARTH_LIMIT_OUTBOUND", outbound),
            ("HEARTH_LIMIT_OUTBOUND_TOTAL", total),
        ]);
        let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
        let (mut writer, mut reader) = (app.connect(&ada).await, app.connect(&bob).await);
        let send = json!({ "channelId": general(&mut writer).await, "content": "x".repeat(5_000) });
        let sample = format!(r#"hearth_closes_total{{by="{reason}"}}"#);
        let closed = || metric(&app, &sample);
        // More than the kernel holds for somebody who does not read.
        testkit::client::within(reason, async {
            while closed().await == 0 {
                let mut asked = Vec::new();
                for _ in 0..100 {
                    asked.push(writer.emit_for_ack("message:send", (&send,)).await);
                }
                for id in asked {
                    writer.answer(id).await;
                }
            }
        })
        .await;
        assert_eq!(reader.end().await, End::Closed, "{reason}: it is to come back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_count_for_the_account_and_for_the_address() {
    let rates = [("HEARTH_LIMIT_FAILED_LOGIN", "1/h:2"), ("HEARTH_LIMIT_FAILED_LOGIN_ADDRESS", "1/h:3")];
    let app = start(&rates);
    for name in ["ada", "bob", "cleo"] {
        app.sign_up(name).await;
    }
    let guess = async |name: &str| {
        app.post("/api/login", &json!({ "username": name, "password": "guess" }).to_string()).await.status
    };
    assert_eq!([guess("ada").await, guess("ada").await, guess("ada").await], [401, 401, 429], "the account's two");
    assert_eq!([guess("bob").await, guess("bob").await], [401, 429], "the address's three");
    let right = r#"{"username":"cleo","password":"correct horse cleo"}"#;
    assert_eq!(app.post("/api/login", right).await.status, 429);
    let elsewhere = [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(app.request("POST", "/api/login", &elsewhere, right).await.status, 200, "no account is locked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_makes_so_many_accounts() {
    let app = start(&[("HEARTH_LIMIT_SIGNUP", "1/h:2")]);
    app.sign_up("ada").await;
    app.sign_up("bob").await;
    let body = r#"{"username":"cleo","password":"correct horse"}"#;
    let third = app.post("/api/signup", body).await;
    assert_eq!(third.status, 429, "{}", third.text());
    assert!(third.header("retry-after").is_some());
    let elsewhere = [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(app.request("POST", "/api/signup", &elsewhere, body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_so_many_sessions_and_makes_so_many_channels_an_hour() {
    let app = start(&[("HEARTH_LIMIT_USER_SESSIONS", "2"), ("HEARTH_LIMIT_MADE_PER_HOUR", "2")]);
    let first = app.sign_up("ada").await;
    let mut client = app.connect(&first).await;
    for (number, code) in [(1, Value::Null), (2, Value::Null), (3, json!("RATE_LIMITED"))] {
        assert_eq!(
            ask(&mut client, "channel:create", &json!({ "name": format!("room {number}") })).await["code"],
            code
        );
    }
    for _ in 0..2 {
        let right = r#"{"username":"ada","password":"correct horse ada"}"#;
        assert_eq!(app.post("/api/login", right).await.status, 200);
    }
    assert_eq!(client.end().await, End::Disconnected, "the oldest session has ended");
    assert_eq!(app.get("/api/self", &[("cookie", &first)]).await.status, 401);
}
