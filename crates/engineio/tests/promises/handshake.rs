//! Opening a session, and the errors of it.

use engineio::{Config, Cors, Engine, Origins, Refusal, Transports};
use http::{Extensions, StatusCode};
use testkit::wire::{PATH, Polling, WebSocket, exchange, json_string};

use crate::world::{World, echo};

#[tokio::test]
async fn polling_opens_with_the_settings() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let expected = format!(
        r#"{{"sid":"{}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#,
        session.sid
    );
    assert_eq!(session.open, expected);
}

#[tokio::test]
async fn websocket_opens_with_no_upgrade_to_offer() {
    let world = World::echo(Config::with(|config| config.max_payload = 5000)).await;
    let socket = WebSocket::open(world.address).await;
    assert!(socket.open.ends_with(r#""upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":5000}"#));
    assert_eq!(world.engine.stats().websocket, 1);
}

#[tokio::test]
async fn every_session_has_a_secret_of_its_own() {
    let mut world = World::echo(Config::default()).await;
    let first = Polling::open(world.address).await;
    let second = Polling::open(world.address).await;
    assert_ne!(first.sid, second.sid);
    // 24 characters of base64url are 144 bits.
    assert_eq!(first.sid.len(), 24);
    assert!(first.sid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));

    let socket = world.opened().await;
    let shown = format!("{socket:?} {:?} {:?}", socket.handshake(), world.engine);
    assert!(!shown.contains(&first.sid), "{shown}");
    first.post("4hello").await.unwrap();
    assert_eq!(first.poll().await, ["4hello"]);
}

#[tokio::test]
async fn what_is_out_of_order_is_refused_as_node_does() {
    let world = World::echo(Config::default()).await;
    let cases = [
        ("GET", "", 400, r#"{"code":0,"message":"Transport unknown"}"#),
        ("GET", "EIO=4", 400, r#"{"code":0,"message":"Transport unknown"}"#),
        ("GET", "EIO=4&transport=abc", 400, r#"{"code":0,"message":"Transport unknown"}"#),
        ("GET", "EIO=4&transport=webtransport", 400, r#"{"code":0,"message":"Transport unknown"}"#),
        ("GET", "EIO=4&transport=polling&sid=abc", 400, r#"{"code":1,"message":"Session ID unknown"}"#),
        (
            "POST",
            "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAAAAA",
            400,
            r#"{"code":1,"message":"Session ID unknown"}"#,
        ),
        ("POST", "EIO=4&transport=polling", 400, r#"{"code":2,"message":"Bad handshake method"}"#),
        ("PUT", "EIO=4&transport=polling", 400, r#"{"code":2,"message":"Bad handshake method"}"#),
        ("GET", "EIO=4&transport=websocket", 400, r#"{"code":3,"message":"Bad request"}"#),
        ("GET", "transport=polling", 400, r#"{"code":5,"message":"Unsupported protocol version"}"#),
        ("GET", "EIO=3&transport=polling", 400, r#"{"code":5,"message":"Unsupported protocol version"}"#),
        ("GET", "EIO=abc&transport=polling", 400, r#"{"code":5,"message":"Unsupported protocol version"}"#),
    ];
    for (method, query, status, body) in cases {
        let answer = exchange(world.address, method, &format!("{PATH}?{query}"), &[], b"").await.unwrap();
        assert_eq!((answer.status, answer.text()), (status, body), "{method} {query}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(world.engine.stats().opened, 0);
}

#[tokio::test]
async fn a_websocket_out_of_order_is_refused_before_it_opens() {
    let world = World::echo(Config::default()).await;
    let cases = [
        ("EIO=3&transport=websocket", r#"{"code":5,"message":"Unsupported protocol version"}"#),
        ("EIO=4&transport=abc", r#"{"code":0,"message":"Transport unknown"}"#),
        ("EIO=4&transport=websocket&sid=abc", r#"{"code":1,"message":"Session ID unknown"}"#),
    ];
    for (query, body) in cases {
        let refused = WebSocket::connect(world.address, &format!("{PATH}?{query}"), &[]).await.unwrap().unwrap_err();
        assert_eq!((refused.status, refused.text()), (400, body), "{query}");
    }
}

#[tokio::test]
async fn a_transport_that_is_switched_off_is_unknown() {
    let config = Config::with(|config| config.transports = Transports { polling: false, websocket: true });
    let world = World::echo(config).await;
    let answer = exchange(world.address, "GET", &format!("{PATH}?EIO=4&transport=polling"), &[], b"").await.unwrap();
    assert_eq!(answer.text(), r#"{"code":0,"message":"Transport unknown"}"#);
    WebSocket::open(world.address).await;

    let world = World::echo(Config::with(|config| config.transports.websocket = false)).await;
    assert!(Polling::open(world.address).await.open.contains(r#""upgrades":[]"#));
}

#[tokio::test]
async fn the_handshake_stays_with_the_socket() {
    let mut world = World::echo(Config::default()).await;
    let headers = [("cookie", "sid=secret"), ("User-Agent", "test"), ("x-odd", "ä")];
    let session = WebSocket::open_with(world.address, "&name=a%20b&name=c&empty=", &headers).await;
    let socket = world.opened().await;
    let handshake = socket.handshake();
    assert_eq!(handshake.path(), PATH);
    assert_eq!(handshake.query(), "EIO=4&transport=websocket&name=a%20b&name=c&empty=");
    assert_eq!(handshake.query_param("name").as_deref(), Some("a b"));
    assert_eq!(handshake.query_param("empty").as_deref(), Some(""));
    assert_eq!(handshake.query_param("other"), None);
    assert_eq!(handshake.header("Cookie"), Some("sid=secret"));
    assert_eq!(handshake.header("user-agent"), Some("test"));
    assert_eq!(handshake.header_map()["x-odd"].as_bytes(), "ä".as_bytes());
    assert_eq!(handshake.headers().count(), 8);
    assert!(handshake.peer().unwrap().ip().is_loopback());
    assert!(handshake.time().elapsed().unwrap() < testkit::wire::PATIENCE);
    drop(session);
}

#[tokio::test]
async fn the_hook_lets_in_with_extensions_or_refuses_with_a_status() {
    #[derive(Clone, Debug, PartialEq)]
    struct User(String);
    let builder = Engine::builder(Config::default()).allow_request(|parts| {
        let user = parts.headers.get("x-user").and_then(|user| user.to_str().ok()).map(str::to_owned);
        async move {
            let user = user.ok_or(Refusal::with_status(StatusCode::UNAUTHORIZED, "who are you?"))?;
            tokio::task::yield_now().await;
            let mut extensions = Extensions::new();
            extensions.insert(User(user));
            Ok(extensions)
        }
    });
    let mut world = World::start(builder, echo).await;

    let refused = exchange(world.address, "GET", &format!("{PATH}?EIO=4&transport=polling"), &[], b"").await.unwrap();
    assert_eq!((refused.status, refused.text()), (401, r#"{"code":4,"message":"who are you?"}"#));
    let refused = WebSocket::connect(world.address, &format!("{PATH}?EIO=4&transport=websocket"), &[]).await.unwrap();
    assert_eq!(refused.unwrap_err().status, 401);

    Polling::open_with(world.address, "", &[("x-user", "ann")]).await;
    let socket = world.opened().await;
    assert_eq!(socket.handshake().extensions().get(), Some(&User("ann".into())));
}

#[tokio::test]
async fn the_check_sees_every_request() {
    let builder = Engine::builder(Config::default()).check(|parts| match parts.headers.get("origin") {
        Some(origin) if origin != "https://good.example" => Err(Refusal::default()),
        _ => Ok(()),
    });
    let world = World::start(builder, echo).await;
    let session = Polling::open_with(world.address, "", &[("origin", "https://good.example")]).await;
    let evil = [("origin", "https://evil.example")];
    for (method, target) in [("GET", session.target()), ("POST", session.target()), ("OPTIONS", PATH.into())] {
        let answer = exchange(world.address, method, &target, &evil, b"").await.unwrap();
        assert_eq!((answer.status, answer.text()), (403, r#"{"code":4,"message":"Forbidden"}"#), "{method}");
    }
    let upgrade = session.target().replace("polling", "websocket");
    let refused = WebSocket::connect(world.address, &upgrade, &evil).await.unwrap().unwrap_err();
    assert_eq!(refused.status, 403);
    assert_eq!(session.post("4still here").await.unwrap().status, 200);
}

#[tokio::test]
async fn allowed_origins_may_read_the_answers_and_others_not() {
    let cors = Cors { origins: Origins::List(vec!["https://good.example".into()]), credentials: true };
    let world = World::echo(Config::with(|config| config.cors = cors)).await;
    let target = format!("{PATH}?EIO=4&transport=polling");

    let good = [("origin", "https://good.example"), ("access-control-request-headers", "x-test")];
    let answer = exchange(world.address, "GET", &target, &good, b"").await.unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://good.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("vary"), Some("Origin"));

    let answer = exchange(world.address, "OPTIONS", &target, &good, b"").await.unwrap();
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-test"));

    for method in ["GET", "OPTIONS"] {
        let answer =
            exchange(world.address, method, &target, &[("origin", "https://evil.example")], b"").await.unwrap();
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{answer:?}");
    }
    let error = exchange(world.address, "GET", PATH, &good, b"").await.unwrap();
    assert_eq!(error.header("access-control-allow-origin"), Some("https://good.example"), "errors are readable too");
}

#[tokio::test]
async fn no_origin_is_allowed_unless_it_is_said() {
    let world = World::echo(Config::default()).await;
    let answer = exchange(
        world.address,
        "GET",
        &format!("{PATH}?EIO=4&transport=polling"),
        &[("origin", "https://a.example")],
        b"",
    )
    .await
    .unwrap();
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")));
    assert!(json_string(answer.text(), "sid").is_some());
}
