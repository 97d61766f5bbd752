//! The devices on which one is signed in: seen, ended one by one, ended by a new password. What has ended hears nothing
//! more, whether it reads or not.

use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::app::{App, general};
use testkit::client::{Client, End};
use testkit::wire::Answer;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// What is promised: nothing is delivered later than this after a session has ended.
const PROMISED: Duration = Duration::from_secs(1);

async fn log_in(app: &App, name: &str, password: &str) -> Answer {
    app.post("/api/login", &json!({"username": name, "password": password}).to_string()).await
}

/// Another device of `name`: its cookie.
async fn device(app: &App, name: &str) -> String {
    let answer = log_in(app, name, &format!("correct horse {name}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    cookie(&answer)
}

fn cookie(answer: &Answer) -> String {
    let line = answer.header("set-cookie").expect("signing in sets it");
    line.split(';').next().unwrap_or_default().to_owned()
}

async fn request(app: &App, method: &str, path: &str, cookie: &str, body: &Value) -> Answer {
    let headers = [("cookie", cookie), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    app.request(method, path, &headers, &body).await
}

async fn list(app: &App, cookie: &str) -> Vec<Value> {
    let answer = app.get("/api/sessions", &[("cookie", cookie)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let list: Value = serde_json::from_str(answer.text()).expect("JSON");
    list["sessions"].as_array().expect("a list").clone()
}

async fn own_status(app: &App, cookie: &str) -> u16 {
    app.get("/api/self", &[("cookie", cookie)]).await.status
}

async fn say(client: &mut Client, content: &str) {
    let general = general(client).await;
    let answer = client.emit_with_ack("message:send", (json!({"channelId": general, "content": content}),)).await;
    assert_eq!(answer[0]["status"], "OK", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sees_where_one_is_signed_in_and_signs_one_device_out() {
    let app = App::start(BINARY, &[]);
    let laptop = app.sign_up("ada").await;
    let body = r#"{"username":"ada","password":"correct horse ada"}"#;
    let headers =
        [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.9"), ("user-agent", "A Phone/1.0")];
    let answer = app.request("POST", "/api/login", &headers, body).await;
    let phone = cookie(&answer);
    let mut socket = app.client(&phone).connect().await.unwrap();

    let all = list(&app, &laptop).await;
    assert_eq!(all.len(), 2);
    let other = all.iter().find(|session| session["current"] == false).unwrap();
    assert_eq!((&other["address"], &other["agent"]), (&json!("203.0.113.9"), &json!("A Phone/1.0")));
    assert!(other["createdAt"].as_i64().is_some() && other["lastUsedAt"].as_i64().is_some(), "{other}");
    let id = other["id"].as_str().unwrap();

    let stranger = app.sign_up("eve").await;
    let path = format!("/api/sessions/{id}");
    assert_eq!(request(&app, "DELETE", &path, &stranger, &Value::Null).await.status, 404, "not theirs");
    assert_eq!(request(&app, "DELETE", &path, &laptop, &Value::Null).await.status, 204);
    assert_eq!(tokio::time::timeout(PROMISED, socket.end()).await.expect("cut at once"), End::Disconnected);
    assert_eq!((own_status(&app, &phone).await, own_status(&app, &laptop).await), (401, 200));
    assert_eq!(request(&app, "DELETE", &path, &laptop, &Value::Null).await.status, 404, "it is over");
    assert_eq!(request(&app, "DELETE", "/api/sessions/none", &laptop, &Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ending_the_own_session_is_a_logout() {
    let app = App::start(BINARY, &[]);
    let cookie = app.sign_up("ada").await;
    let id = list(&app, &cookie).await[0]["id"].as_str().unwrap().to_owned();
    let answer = request(&app, "DELETE", &format!("/api/sessions/{id}"), &cookie, &Value::Null).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").unwrap().starts_with("sid=;"), "the browser forgets it");
    assert_eq!(own_status(&app, &cookie).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_nobody_sees_and_ends_nothing() {
    let app = App::start(BINARY, &[]);
    for (method, path) in [
        ("GET", "/api/sessions"),
        ("DELETE", "/api/sessions"),
        ("DELETE", "/api/sessions/x"),
        ("POST", "/api/password"),
    ] {
        let answer = request(&app, method, path, "sid=guess", &json!({"current": "a", "new": "long enough"})).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
    }
}

/// What ends the sessions of `ada` other than `kept`, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    EndOthers,
    NewPassword,
    /// By whoever runs the server, beside it.
    Disable,
}

impl How {
    async fn act(self, app: &App, kept: &str) {
        let answer = match self {
            Self::Disable => {
                let disable =
                    Command::new(BINARY).args(["user", "disable", "ada"]).env("HEARTH_DATA", app.data()).status();
                return assert!(disable.expect("the binary starts").success());
            }
            Self::EndOthers => request(app, "DELETE", "/api/sessions", kept, &Value::Null).await,
            Self::NewPassword => {
                let body = json!({"current": "correct horse ada", "new": "battery staple"});
                request(app, "POST", "/api/password", kept, &body).await
            }
        };
        assert_eq!(answer.status, 204, "{self:?}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_devices_are_cut_at_once_even_those_that_do_not_read() {
    for how in [How::EndOthers, How::NewPassword, How::Disable] {
        let app = App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off")]);
        // Whoever owns the server cannot be disabled.
        app.sign_up("owner").await;
        let (kept, other, bob) = (app.sign_up("ada").await, device(&app, "ada").await, app.sign_up("bob").await);
        let mut speaker = app.client(&bob).connect().await.unwrap();
        let mut staying = app.client(&kept).connect().await.unwrap();
        let mut reading = app.client(&other).connect().await.unwrap();
        let mut stalled = app.client(&other).connect().await.unwrap();
        // It reads nothing until it is cut: the kernel's buffers fill up.
        for _ in 0..200 {
            say(&mut speaker, &"x".repeat(5_000)).await;
        }
        how.act(&app, &kept).await;
        assert_eq!(tokio::time::timeout(PROMISED, reading.end()).await.expect("cut at once"), End::Disconnected);
        say(&mut speaker, "secret").await;
        stalled.end().await;
        let received = [&mut reading, &mut stalled].map(Client::pending);
        assert!(received.iter().flatten().all(|event| event.args[0]["content"] != "secret"), "{how:?}");
        // They read again within the time that they have for their farewell: what the kernel held, nothing of the queue.
        let messages = received.map(|events| events.iter().filter(|event| event.name == "message:sent").count());
        // What is done beside the server it notices within half a second, in which the one that reads takes what it has.
        let dropped = if how == How::Disable { &messages[1..] } else { &messages[..] };
        assert!(dropped.iter().all(|count| *count < 150), "{messages:?} of 200; {how:?}");
        let stays = if how == How::Disable {
            assert_eq!(staying.end().await, End::Disconnected);
            401
        } else {
            staying.event_where("what is said later", |event| event.args[0]["content"] == "secret").await;
            200
        };
        assert_eq!((own_status(&app, &other).await, own_status(&app, &kept).await), (401, stays), "{how:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_passwords_at_once_are_let_in_and_wrong_ones_are_no_more_than_one_by_one() {
    let app = App::start(BINARY, &[]);
    app.sign_up("ada").await;
    let at_once = async |password: &str| {
        let mut statuses = join_all((0..8).map(|_| async { log_in(&app, "ada", password).await.status })).await;
        statuses.sort_unstable();
        statuses
    };
    assert_eq!(at_once("correct horse ada").await, [200; 8]);
    assert_eq!(at_once("guess").await, [401, 401, 401, 401, 401, 429, 429, 429]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_changed_by_whoever_knows_it() {
    let app = App::start(BINARY, &[]);
    let cookie = app.sign_up("ada").await;
    let change = async |current: &str, new: &str| {
        request(&app, "POST", "/api/password", &cookie, &json!({"current": current, "new": new})).await
    };
    let wrong = change("guess", "battery staple").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains(r#""path":"current""#), "{}", wrong.text());
    assert_eq!(change("correct horse ada", "short").await.status, 400, "too short");
    assert_eq!(change("correct horse ada", "battery staple").await.status, 204);
    assert_eq!(log_in(&app, "ada", "correct horse ada").await.status, 401);
    assert_eq!(log_in(&app, "ada", "battery staple").await.status, 200);
    for _ in 0..4 {
        assert_eq!(change("guess", "battery staple").await.status, 400);
    }
    assert_eq!(change("battery staple", "another one").await.status, 429, "whoever holds the device cannot guess on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_told_who_may_sign_up() {
    for (mode, status) in [("open", 200), ("invite", 400), ("closed", 403)] {
        let app = App::start(BINARY, &[("HEARTH_SIGNUP", mode)]);
        let meta: Value = serde_json::from_str(app.get("/api/meta", &[]).await.text()).unwrap();
        assert_eq!(meta["signup"], mode);
        app.sign_up("owner").await;
        let meta: Value = serde_json::from_str(app.get("/api/meta", &[]).await.text()).unwrap();
        let members = if mode == "open" { Value::from(1) } else { Value::Null };
        assert_eq!(meta["members"], members, "{mode}: how many are here is told where everybody may be one of them");
        let answer = app.post("/api/signup", r#"{"username":"bob","password":"long enough"}"#).await;
        assert_eq!(answer.status, status, "{mode}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_told_whether_its_cookie_is_of_a_living_session() {
    let app = App::start(BINARY, &[]);
    let signed_in = async |cookie: &str| {
        let meta: Value = serde_json::from_str(app.get("/api/meta", &[("cookie", cookie)]).await.text()).unwrap();
        meta["signedIn"].as_bool().expect("yes or no")
    };
    let ada = app.sign_up("ada").await;
    assert!(signed_in(&ada).await);
    assert!(!signed_in("").await, "nobody");
    assert!(!signed_in("sid=made-up").await, "a cookie that was never given out");
    assert_eq!(request(&app, "POST", "/api/logout", &ada, &Value::Null).await.status, 204);
    assert!(!signed_in(&ada).await, "a session that has ended");
}
