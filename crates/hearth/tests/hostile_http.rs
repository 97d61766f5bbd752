//! Hostile requests over HTTP: each is refused for itself, and says nothing.

use serde_json::{Value, json};
use testkit::app::App;
use testkit::client::{Client, Refused};
use testkit::wire::Answer;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");
const PUBLIC: &str = "https://chat.ex";

/// Headers of a page at this origin, without a session.
fn page(origin: &str) -> [(&str, &str); 2] {
    [("origin", origin), ("content-type", "application/json")]
}

fn has_cors(answer: &Answer) -> bool {
    answer.header("access-control-allow-origin").is_some()
}

async fn log_in(app: &App, name: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"username": name, "password": password}).to_string();
    app.request("POST", "/api/login", &[&[("content-type", "application/json")], headers].concat(), &body).await
}

/// Every door that a foreign page could knock at.
const DOORS: [(&str, &str); 9] = [
    ("GET", "/socket.io/?EIO=4&transport=polling"),
    ("GET", "/api/socket.io/?EIO=4&transport=polling"),
    ("POST", "/socket.io/?EIO=4&transport=polling&sid=x"),
    ("GET", "/api/self"),
    ("POST", "/api/login"),
    ("POST", "/api/signup"),
    ("POST", "/api/password"),
    ("DELETE", "/api/sessions"),
    ("OPTIONS", "/api/login"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_page_is_refused_at_every_door_and_gets_nothing_to_read() {
    let app = App::start(BINARY, &[("HEARTH_PUBLIC_URL", PUBLIC), ("HEARTH_ALLOWED_ORIGINS", "https://tool.ex")]);
    for origin in
        ["https://evil", "null", "https://chat.ex.evil", "http://chat.ex", "https://chat.ex:444", "https://CHAT.ex"]
    {
        for (method, path) in DOORS {
            let answer = app.request(method, path, &page(origin), "{}").await;
            assert_eq!((answer.status, has_cors(&answer)), (403, false), "{method} {path} from {origin}");
        }
        let socket = Client::to(&format!("ws://{}/socket.io/", app.address())).header("origin", origin).connect().await;
        assert!(matches!(socket, Err(Refused::Http(403, _))), "a WebSocket from {origin}");
    }
    for (method, path) in DOORS {
        let answer = app.request(method, path, &[("sec-fetch-site", "cross-site")], "").await;
        assert_eq!(answer.status, 403, "{method} {path} without an Origin from another site");
        for site in ["same-origin", "none"] {
            let answer = app.request(method, path, &[("sec-fetch-site", site)], "").await;
            assert_ne!(answer.status, 403, "{method} {path} from {site}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_own_page_and_the_named_ones_may_and_may_read() {
    let app = App::start(BINARY, &[("HEARTH_PUBLIC_URL", PUBLIC), ("HEARTH_ALLOWED_ORIGINS", "https://tool.ex")]);
    for origin in [PUBLIC, "https://tool.ex"] {
        let answer = app.request("GET", "/api/meta", &page(origin), "").await;
        assert_eq!(answer.status, 200, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        let preflight = app.request("OPTIONS", "/api/sessions", &page(origin), "").await;
        assert!(preflight.header("access-control-allow-methods").is_some_and(|methods| methods.contains("DELETE")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_public_url_a_name_that_somebody_may_point_here_is_refused() {
    let app = App::start(BINARY, &[]);
    let port = app.address().port();
    for (host, passes) in [("127.0.0.1", true), ("localhost", false), ("rebound.example", false)] {
        let origin = format!("http://{host}:{port}");
        let answer = app.request("GET", "/api/meta", &[("origin", &origin)], "").await;
        assert_eq!((answer.status, has_cors(&answer)), (if passes { 200 } else { 403 }, false), "{host}");
    }
    let (origin, host) = (format!("http://rebound.example:{port}"), format!("rebound.example:{port}"));
    let two = app.request("GET", "/api/meta", &[("origin", &origin), ("host", &host)], "").await;
    assert_eq!(two.status, 403, "whatever else the request calls this server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_a_form_could_send_is_415_and_one_with_more_fields_400() {
    let app = App::start(BINARY, &[]);
    let cookie = app.sign_up("ada").await;
    for (method, path) in [
        ("POST", "/api/signup"),
        ("POST", "/api/login"),
        ("POST", "/api/password"),
        ("POST", "/api/logout"),
        ("DELETE", "/api/sessions"),
    ] {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let headers = [("content-type", kind), ("cookie", &cookie)];
            assert_eq!(app.request(method, path, &headers, "{}").await.status, 415, "{path} {kind}");
        }
        assert_eq!(app.request(method, path, &[("cookie", &cookie)], "{}").await.status, 415, "{path} without a type");
    }
    assert_eq!(app.get("/api/self", &[("cookie", &cookie)]).await.status, 200, "none of it has signed her out");
    for (path, body) in [
        ("/api/signup", json!({"username": "eve", "password": "long enough", "role": "owner"})),
        ("/api/login", json!({"username": "ada", "password": "x", "remember": true})),
        ("/api/password", json!({"current": "x", "new": "long enough", "user": "bob"})),
    ] {
        let headers = [("content-type", "application/json"), ("cookie", &cookie)];
        let answer = app.request("POST", path, &headers, &body.to_string()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert!(answer.text().contains(r#""code":"unknown""#), "{path}: {}", answer.text());
    }
    for body in ["", "[]", "null", "{", "{}{}", r#"{"username":"a","username":"b"}"#, "\"x\""] {
        assert_eq!(app.post("/api/login", body).await.status, 400, "{body}");
    }
    assert_eq!(app.post("/api/login", &"[".repeat(30_000)).await.status, 400, "deep");
    assert_eq!(app.post("/api/login", &"x".repeat(70_000)).await.status, 413, "large");
}

/// In place of each field of each body. As JSON, because some of it is no value of any language.
const HOSTILE: [&str; 20] = [
    "null",
    "true",
    "-1",
    "9223372036854775808",
    "1e400",
    "[]",
    "{}",
    r#""""#,
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud800""#,
    r#""\u202eabc""#,
    r#""\u200b""#,
    r#""\ufffe""#,
    r#""__proto__""#,
    r#""constructor""#,
    r#""'; DROP TABLE account; --""#,
    r#""%_%""#,
    r#"{"__proto__":{"role":"owner"}}"#,
    r#""$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA""#,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_any_field_is_a_fault_of_the_server() {
    let app = App::start(BINARY, &[("HEARTH_RATE_LIMITS", "off"), ("HEARTH_PASSWORD_MEMORY", "64KiB")]);
    let cookie = app.sign_up("ada").await;
    let long = json!("x".repeat(60_000)).to_string();
    let bodies: [(&str, &[(&str, &str)]); 3] = [
        (
            "/api/signup",
            &[
                ("username", r#""eve""#),
                ("password", r#""long enough""#),
                ("displayName", r#""Eve""#),
                ("inviteCode", r#""ABCD""#),
                ("setupCode", r#""ABCD""#),
            ],
        ),
        ("/api/login", &[("username", r#""ada""#), ("password", r#""wrong""#)]),
        ("/api/password", &[("current", r#""wrong""#), ("new", r#""long enough""#)]),
    ];
    for (path, fields) in bodies {
        for (spoiled, _) in fields {
            for hostile in HOSTILE.into_iter().chain([long.as_str(), &"[".repeat(30_000)]) {
                let members = fields
                    .iter()
                    .map(|(name, good)| format!("{}:{}", json!(name), if name == spoiled { hostile } else { good }));
                let body = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
                let headers = [("content-type", "application/json"), ("cookie", &*cookie)];
                let answer = app.request("POST", path, &headers, &body).await;
                let shown = &body[..body.len().min(200)];
                assert!(
                    [200, 400, 401, 409].contains(&answer.status),
                    "{path} {shown}: {} {}",
                    answer.status,
                    answer.text()
                );
                assert!(answer.body.len() < 2_000, "{path} {shown}");
            }
        }
    }
    for id in ["%00", "%ff", "..", "null", "-1", "9223372036854775808", "00000000-0000-0000-0000-000000000000"] {
        let answer = app.request("DELETE", &format!("/api/sessions/{id}"), &[("cookie", &cookie)], "").await;
        assert!([400, 404].contains(&answer.status), "{id}: {}", answer.status);
    }
    assert_eq!(app.get("/api/self", &[("cookie", &cookie)]).await.status, 200, "she noticed nothing");
    assert!(!app.log().iter().any(|line| line.contains("panicked") || line.contains("\"level\":\"ERROR\"")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_cookie_is_replaced_and_worth_nothing_before_or_after() {
    let app = App::start(BINARY, &[]);
    app.sign_up("ada").await;
    let planted = format!("sid={}", "A".repeat(43));
    let answer = log_in(&app, "ada", "correct horse ada", &[("cookie", &planted)]).await;
    let fresh = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(fresh, planted);
    assert_eq!(app.get("/api/self", &[("cookie", &planted)]).await.status, 401);
    assert_eq!(app.get("/api/self", &[("cookie", &fresh)]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_wrong_password_waits_and_the_right_one_from_elsewhere_does_not() {
    let app = App::start(BINARY, &[]);
    app.sign_up("ada").await;
    for _ in 0..5 {
        assert_eq!(log_in(&app, "ada", "wrong", &[]).await.status, 401);
    }
    let sixth = log_in(&app, "ADA", "correct horse ada", &[]).await;
    assert_eq!(sixth.status, 429, "also the right one, also in capitals");
    assert!(sixth.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|s| s > 0)));
    for elsewhere in ["203.0.113.7", "2001:db8::1"] {
        assert_eq!(log_in(&app, "ada", "correct horse ada", &[("x-forwarded-for", elsewhere)]).await.status, 200);
    }
    for _ in 0..5 {
        log_in(&app, "ada", "wrong", &[("x-forwarded-for", "2001:db8::2")]).await;
    }
    let neighbour = log_in(&app, "ada", "wrong", &[("x-forwarded-for", "2001:db8::ffff")]).await;
    assert_eq!(neighbour.status, 429, "a household is one address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_in_again_and_again_waits_and_fills_no_queue() {
    let app = App::start(BINARY, &[("HEARTH_LIMIT_LOGIN", "1/h:3"), ("HEARTH_PASSWORD_MEMORY", "64KiB")]);
    app.sign_up("ada").await;
    for _ in 0..3 {
        assert_eq!(log_in(&app, "ada", "correct horse ada", &[]).await.status, 200);
    }
    assert_eq!(log_in(&app, "ada", "correct horse ada", &[]).await.status, 429);
    assert_eq!(log_in(&app, "ada", "correct horse ada", &[("x-forwarded-for", "203.0.113.7")]).await.status, 200);
}

/// What people write into fields that end up in a log.
const FORGED: &str = "a\nlevel=ERROR forged=1\u{1b}[31m";

async fn send_forged(app: &App) {
    for path in ["/api/signup", "/api/login"] {
        app.post(path, &json!({"username": FORGED, "password": "long enough"}).to_string()).await;
    }
    let cookie = app.sign_up("ada").await;
    let mut client = app.client(&cookie).connect().await.unwrap_or_else(|refused| panic!("{refused:?}"));
    client.emit_with_ack(FORGED, (json!({"forged": FORGED}),)).await;
    client.emit_with_ack("message:send", (json!({ FORGED: FORGED }),)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_calls_things_forges_no_line_of_the_log() {
    let app = App::start(BINARY, &[("HEARTH_LOG", "trace,hyper=off")]);
    send_forged(&app).await;
    let lines = app.log();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(!line.contains('\u{1b}'), "{line}");
        serde_json::from_str::<Value>(&line).unwrap_or_else(|_| panic!("a line of its own: {line}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_it_in_the_log_for_people() {
    let app = App::start(BINARY, &[("HEARTH_LOG", "trace,hyper=off"), ("HEARTH_LOG_FORMAT", "text")]);
    send_forged(&app).await;
    for line in app.log() {
        // Each begins with its time.
        assert!(line.starts_with("20") && !line.contains('\u{1b}'), "{line}");
    }
}
