//! Rule 11 of the architecture: nothing falls between the reading of a socket's memberships and its entry into their
//! rooms. A fail point holds that gap open; each test acts inside it.

use serde_json::{Value, json};
use testkit::app::App;
use testkit::client::{Client, Refused};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// Long enough for a whole command to be carried out inside the gap, on a busy machine.
const GAP: (&str, &str) = ("HEARTH_FAIL_POINTS", "socket.registered=sleep(1500)");

/// A socket of `cookie` that stands in the gap when this returns.
async fn arriving(app: &App, cookie: &str) -> tokio::task::JoinHandle<Result<Client, Refused>> {
    drop(app.log());
    let arriving = tokio::spawn(app.client(cookie).connect());
    while !app.log().iter().any(|line| line.contains("fail point")) {
        tokio::task::yield_now().await;
    }
    arriving
}

async fn command(client: &mut Client, name: &str, payload: Value) -> Value {
    let answer = client.emit_with_ack(name, (payload,)).await.remove(0);
    assert_eq!(answer["status"], "OK", "{name}: {answer}");
    answer["data"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_while_its_socket_arrives_is_refused() {
    let app = App::start(BINARY, &[GAP]);
    let cookie = app.sign_up("ada").await;
    let arriving = arriving(&app, &cookie).await;
    let out = app.request("POST", "/api/logout", &[("cookie", &cookie)], "").await;
    assert_eq!(out.status, 204, "{}", out.text());
    assert!(arriving.await.unwrap().is_err(), "the session had ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_lasts_is_let_in() {
    let app = App::start(BINARY, &[GAP]);
    let cookie = app.sign_up("ada").await;
    assert!(arriving(&app, &cookie).await.await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_joined_while_a_socket_arrives_reaches_it() {
    let app = App::start(BINARY, &[GAP]);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let mut other = app.client(&bob).connect().await.unwrap();
    let mut device = app.client(&ada).connect().await.unwrap();
    let channel = command(&mut other, "channel:create", json!({"name": "late"})).await["id"].clone();

    let arriving = arriving(&app, &ada).await;
    command(&mut device, "channel:join", json!({"channelId": channel})).await;
    let mut arrived = arriving.await.unwrap().unwrap();

    command(&mut other, "message:send", json!({"channelId": channel, "content": "hello"})).await;
    let heard = arrived.event("message:sent").await;
    assert_eq!(heard[0]["content"], "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_left_while_a_socket_arrives_does_not_reach_it() {
    let app = App::start(BINARY, &[GAP]);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let mut other = app.client(&bob).connect().await.unwrap();
    let mut device = app.client(&ada).connect().await.unwrap();
    let channel = command(&mut other, "channel:create", json!({"name": "left"})).await["id"].clone();
    command(&mut device, "channel:join", json!({"channelId": channel})).await;

    let arriving = arriving(&app, &ada).await;
    command(&mut device, "channel:leave", json!({"channelId": channel})).await;
    let mut arrived = arriving.await.unwrap().unwrap();

    command(&mut other, "message:send", json!({"channelId": channel, "content": "secret"})).await;
    // An answer that comes later than the event would have.
    command(&mut arrived, "channel:list", json!({})).await;
    let heard = arrived.pending();
    assert!(heard.iter().all(|event| event.name != "message:sent"), "{heard:?}");
}
