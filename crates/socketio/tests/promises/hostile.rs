//! What a stranger may send (E12): that connection alone ends, with "parse error".

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use socketio::packet::{ARGS_MAX, AUTH_MAX};
use testkit::client::{Client, End};
use testkit::wire::Polling;
use tokio::sync::Semaphore;

use crate::world::{Log, World, log, until};

async fn guarded() -> (World, Client, Log<String>) {
    let world = World::new().await;
    let (seen, log) = log();
    let ns = world.io.of("/");
    ns.fallback(|_, event| async move {
        if let Some(ack) = event.take_ack() {
            ack.send(()).unwrap();
        }
    });
    ns.on_disconnect(move |_, reason| {
        let seen = seen.clone();
        async move { seen.send(reason.to_string()).unwrap() }
    });
    let neighbour = world.connect().await;
    (world, neighbour, log)
}

#[tokio::test]
async fn malformed_packets_end_their_connection_alone() {
    let (world, mut neighbour, mut log) = guarded().await;
    let nested = format!("2{}", "[".repeat(30_000));
    let many = format!("2[\"x\"{}", ",[".repeat(30_000));
    let long = format!("2/{},[\"x\"]", "n".repeat(300));
    let packets = [
        "",
        "abc",
        "7[]",
        "2",
        "2{}",
        "2[]",
        "2[{\"a\":1}]",
        "2[null]",
        "2[\"disconnect\"]",
        "2[\"connect_error\",1]",
        "2[\"newListener\"]",
        "2[\"x\"",
        "2[\"x\"]]",
        "2[\"x\",\u{7f}]",
        "2abc[\"x\"]",
        "2999999999999999999999999999999[\"x\"]",
        "3[]",
        "31",
        "31{}",
        "3999999999999999999999999999999[]",
        "01",
        "0[]",
        "0\"auth\"",
        "0{",
        "0",
        "1{}",
        "4{\"message\":\"no\"}",
        "5[\"x\"]",
        "5-[\"x\"]",
        "51[\"x\"]",
        "517-[\"x\"]",
        "599999999999-[]",
        "51.5-[\"x\"]",
        "5-1-[\"x\"]",
        nested.as_str(),
        many.as_str(),
        long.as_str(),
    ];
    for packet in packets {
        let mut client = world.connect().await;
        client.send_raw(packet).await;
        assert_eq!(client.end().await, End::Closed, "{packet:.40}");
        assert_eq!(log.next().await, "parse error", "{packet:.40}");
    }
    assert!(neighbour.emit_with_ack("echo", ()).await.is_empty());
}

#[tokio::test]
async fn binary_out_of_turn_ends_the_connection() {
    let (world, mut neighbour, mut log) = guarded().await;

    let mut unannounced = world.connect().await;
    unannounced.send_binary(b"data").await;
    assert_eq!(unannounced.end().await, End::Closed);
    assert_eq!(log.next().await, "parse error");

    let mut interrupted = world.connect().await;
    interrupted.send_raw(r#"51-["x",{"_placeholder":true,"num":0}]"#).await;
    interrupted.emit("y", ()).await;
    assert_eq!(interrupted.end().await, End::Closed);
    assert_eq!(world.io.stats().events_in, 0, "neither was an event");
    assert_eq!(log.next().await, "parse error");

    for number in ["1", "1e9", "-1", "1.5", "\"0\"", "null", "999999999999999999999"] {
        let mut client = world.connect().await;
        client.send_raw(&format!(r#"51-["x",{{"_placeholder":true,"num":{number}}}]"#)).await;
        client.send_binary(b"data").await;
        assert_eq!(client.end().await, End::Closed, "{number}");
        assert_eq!(log.next().await, "parse error", "{number}");
    }
    assert!(neighbour.emit_with_ack("echo", ()).await.is_empty());
}

#[tokio::test]
async fn deep_nesting_is_read_by_nobody() {
    let (world, mut neighbour, _log) = guarded().await;
    let mut client = world.connect().await;
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    client.send_raw(&format!("20[\"x\",{deep}]")).await;

    // Well-formed JSON, kept as text: handled, answered, and a handler that parses it gets an error instead of a value.
    assert!(client.answer(0).await.is_empty());
    assert!(neighbour.emit_with_ack("echo", ()).await.is_empty());
}

#[tokio::test]
async fn a_deeply_nested_auth_is_refused() {
    let (world, _neighbour, _log) = guarded().await;
    let ns = world.io.of("/deep");
    ns.middleware(|_, _| async { Ok(()) });
    let mut client = world.client().namespace("/deep").open().await.unwrap();
    client.send_raw(&format!("0/deep,{{\"a\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000))).await;

    assert_eq!(client.end().await, End::Closed);
}

#[tokio::test]
async fn whoever_sends_before_connecting_is_closed() {
    let (world, _neighbour, _log) = guarded().await;
    for packet in [r#"2["x"]"#, "1", "30[]"] {
        let mut client = world.client().open().await.unwrap();
        client.send_raw(packet).await;
        assert_eq!(client.end().await, End::Closed, "{packet}");
    }
}

#[tokio::test]
async fn packets_that_cross_the_servers_disconnect_are_dropped() {
    let (world, _neighbour, _log) = guarded().await;
    world.io.of("/other").on("echo", |_, event| async move { event.take_ack().unwrap().send(()).unwrap() });
    let mut client = world.client().namespace("/other").connect().await.unwrap();
    client.send_raw("0").await;
    assert!(client.next_other().await.starts_with("0{"));
    world.io.of("/").everyone().disconnect_sockets(false);
    assert_eq!(client.next_other().await, "1");

    client.send_raw(r#"2["late"]"#).await;
    assert!(client.emit_with_ack("echo", ()).await.is_empty());
}

#[tokio::test]
async fn a_connection_joins_a_bounded_number_of_namespaces() {
    let world = World::new().await;
    world.io.of_matching(|_| true);
    let mut client = world.client().open().await.unwrap();
    for n in 0..64 {
        client.send_raw(&format!("0/{n},")).await;
        assert!(client.next_other().await.starts_with(&format!("0/{n},{{\"sid\"")));
    }
    client.send_raw("0/64,").await;

    assert_eq!(client.next_other().await, r#"4/64,{"message":"Too many namespaces"}"#);
}

#[tokio::test(start_paused = true)]
async fn attachments_that_do_not_come_end_the_connection() {
    // Paused time runs ahead whenever everything waits, so the ten seconds pass at once.
    let (world, _neighbour, mut log) = guarded().await;
    let before = tokio::time::Instant::now();
    let mut client = world.connect().await;
    client.send_raw(r#"51-["x",{"_placeholder":true,"num":0}]"#).await;

    assert_eq!(client.end().await, End::Closed);
    assert_eq!(log.next().await, "parse error");
    assert!(before.elapsed() < Duration::from_secs(20), "it was not the heartbeat that closed it");
}

#[tokio::test]
async fn a_lone_surrogate_in_a_name_is_no_event() {
    let (world, mut neighbour, mut log) = guarded().await;
    let mut client = world.connect().await;
    client.send_raw(r#"2["\ud800"]"#).await;

    assert_eq!(client.end().await, End::Closed);
    assert_eq!(log.next().await, "parse error");
    assert_eq!(neighbour.emit_with_ack("echo", (json!({"__proto__": 1}),)).await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn attachments_are_bounded_together() {
    let world = World::engine(|config| config.max_payload = 1000).await;
    let (seen, mut log) = log();
    let ns = world.io.of("/");
    let sizes = seen.clone();
    ns.fallback(move |_, event| {
        let sizes: Vec<usize> = event.raw_args().attachments().iter().map(|attachment| attachment.len()).collect();
        seen.send(format!("{sizes:?}")).unwrap();
        async {}
    });
    ns.on_disconnect(move |_, reason| {
        sizes.send(reason.to_string()).unwrap();
        async {}
    });
    let mut client = world.connect().await;
    let header = r#"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    for rest in [400, 401] {
        client.send_raw(header).await;
        client.send_binary(&[0; 600]).await;
        client.send_binary(&vec![0; rest]).await;
    }

    assert_eq!(log.take(2).await, ["[600, 400]", "parse error"]);
    assert_eq!(client.end().await, End::Closed);
}

#[tokio::test]
async fn arguments_and_auth_are_bounded() {
    let (world, mut neighbour, mut log) = guarded().await;
    let many = |count: usize| format!("2[\"x\"{}]", ",1".repeat(count));
    let mut client = world.connect().await;
    client.send_raw(&many(ARGS_MAX)).await;
    assert!(client.emit_with_ack("fine", ()).await.is_empty());
    client.send_raw(&many(ARGS_MAX + 1)).await;
    assert_eq!(client.end().await, End::Closed);
    assert_eq!(log.next().await, "parse error");

    let auth = |len: usize| json!({"token": "t".repeat(len - r#"{"token":""}"#.len())});
    assert!(world.client().auth(auth(AUTH_MAX)).connect().await.is_ok());
    assert!(world.client().auth(auth(AUTH_MAX + 1)).connect().await.is_err());
    assert!(neighbour.emit_with_ack("fine", ()).await.is_empty());
}

/// A client that joins and leaves without waiting could otherwise start any number of them, since none waits for the last.
#[tokio::test]
async fn whoever_comes_and_goes_without_end_has_a_bounded_number_of_handlers_at_work() {
    let world = World::new().await;
    let ns = world.io.of("/");
    let at_work = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let slow = {
        let (at_work, gate) = (Arc::clone(&at_work), Arc::clone(&gate));
        move || {
            let (at_work, gate) = (Arc::clone(&at_work), Arc::clone(&gate));
            async move {
                at_work.fetch_add(1, Ordering::Relaxed);
                let _pass = gate.acquire().await;
                at_work.fetch_sub(1, Ordering::Relaxed);
            }
        }
    };
    let slow_too = slow.clone();
    ns.middleware(move |_, auth| {
        let slow = auth["slow"].is_null().then(&slow);
        async move {
            if let Some(slow) = slow {
                slow.await;
            }
            Ok(())
        }
    });
    ns.on_disconnect(move |_, _| slow_too());
    for join in ["40", "40{\"slow\":false}"] {
        let session = Polling::open(world.address).await;
        let visits = vec![format!("{join}\u{1e}41"); 2_000].join("\u{1e}");
        let post = tokio::spawn(async move { session.post(&visits).await.unwrap() });
        until("many are at work", || at_work.load(Ordering::Relaxed) >= 128).await;
        assert_eq!(at_work.load(Ordering::Relaxed), 128, "{join}");
        gate.add_permits(10_000);
        assert_eq!(post.await.unwrap().text(), "ok");
        until("all are done", || at_work.load(Ordering::Relaxed) == 0).await;
        gate.forget_permits(10_000);
    }
}
