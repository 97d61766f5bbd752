//! What the text of Socket.IO 5 says, packet by packet as they are on the wire. The table in the README has all of it.

use serde_json::{Value, json};
use socketio::{Binary, ConnectError, Namespace};
use testkit::client::{PATIENCE, within};
use testkit::wire::{Polling, Received, WebSocket, packets};

use crate::world::{World, log, until};

fn binary(data: &[u8]) -> Binary {
    Binary(bytes::Bytes::copy_from_slice(data))
}

fn text(packet: &str) -> Received {
    Received::Text(packet.to_owned())
}

/// Answers whatever wants an answer with what came.
fn echo(ns: &Namespace) {
    ns.fallback(|socket, event| async move {
        match event.take_ack() {
            Some(ack) => ack.send(event.raw_args()).unwrap(),
            None => socket.emit("back", event.raw_args()).unwrap(),
        }
    });
}

/// Joins a namespace; returns the answer's `sid`.
async fn join(client: &mut WebSocket, prefix: &str) -> String {
    client.send(&format!("40{prefix}")).await;
    let answer = client.text().await;
    let payload = answer.strip_prefix(&format!("40{prefix}")).expect("CONNECT is answered by CONNECT");
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(payload.as_object().unwrap().len(), 1, "{payload}");
    payload["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_packet_of_the_server_is_written_as_specified() {
    for (name, prefix) in [("/", ""), ("/admin", "/admin,")] {
        let world = World::new().await;
        let ns = world.io.of(name);
        let mut client = WebSocket::open(world.address).await;
        join(&mut client, prefix).await;
        let socket = ns.everyone().sockets().remove(0);

        socket.emit("foo", ()).unwrap();
        assert_eq!(client.recv().await, text(&format!("42{prefix}[\"foo\"]")));
        socket.send(("foo",)).unwrap();
        assert_eq!(client.recv().await, text(&format!("42{prefix}[\"message\",\"foo\"]")));
        ns.emit("foo", (1, "bar", json!({"a": null}))).unwrap();
        assert_eq!(client.recv().await, text(&format!("42{prefix}[\"foo\",1,\"bar\",{{\"a\":null}}]")));
        ns.emit("baz", (binary(&[1, 2]), [binary(&[])])).unwrap();
        let placeholders = r#"{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]"#;
        assert_eq!(client.recv().await, text(&format!("452-{prefix}[\"baz\",{placeholders}]")));
        assert_eq!(client.recv().await, Received::Binary(vec![1, 2]));
        assert_eq!(client.recv().await, Received::Binary(vec![]));

        let answer = socket.emit_with_ack("ask", (binary(&[3]),), PATIENCE);
        let Received::Text(question) = client.recv().await else { panic!("a question was expected") };
        let id = question.strip_prefix(&format!("451-{prefix}")).and_then(|rest| rest.split_once('[')).unwrap().0;
        assert!(id.parse::<u64>().is_ok(), "{question}");
        assert_eq!(client.recv().await, Received::Binary(vec![3]));
        client.send(&format!("43{prefix}{id}[]")).await;
        assert!(within("the answer", answer).await.unwrap().is_empty());

        socket.disconnect(false);
        assert_eq!(client.recv().await, text(&format!("41{prefix}")));
    }
}

#[tokio::test]
async fn every_answer_of_the_server_is_written_as_specified() {
    for (name, prefix) in [("/", ""), ("/admin", "/admin,")] {
        let world = World::new().await;
        echo(&world.io.of(name));
        let mut client = WebSocket::open(world.address).await;
        join(&mut client, prefix).await;
        for (sent, answer) in [(r#"0["foo"]"#, "0[]"), (r#"12["foo","bar",{}]"#, r#"12["bar",{}]"#)] {
            client.send(&format!("42{prefix}{sent}")).await;
            assert_eq!(client.recv().await, text(&format!("43{prefix}{answer}")));
        }
        client.send(&format!(r#"451-{prefix}13["foo",{{"_placeholder":true,"num":0}}]"#)).await;
        client.send_binary(&[1, 2, 3, 4]).await;
        let answer = format!(r#"461-{prefix}13[{{"_placeholder":true,"num":0}}]"#);
        assert_eq!(client.recv().await, text(&answer));
        assert_eq!(client.recv().await, Received::Binary(vec![1, 2, 3, 4]));
    }
}

#[tokio::test]
async fn a_refusal_is_written_as_specified() {
    let world = World::new().await;
    for name in ["/", "/admin"] {
        world.io.of(name).middleware(|_, auth| async move {
            let error = ConnectError::new("Not authorized");
            Err(if auth["with"] == "data" { error.with_data(json!([1])) } else { error })
        });
    }
    let mut client = WebSocket::open(world.address).await;
    for (sent, answer) in [
        ("40", r#"44{"message":"Not authorized"}"#),
        ("40/admin,", r#"44/admin,{"message":"Not authorized"}"#),
        (r#"40/admin,{"with":"data"}"#, r#"44/admin,{"message":"Not authorized","data":[1]}"#),
        ("40/nowhere,", r#"44/nowhere,{"message":"Invalid namespace"}"#),
        ("40/nowhere", r#"44/nowhere,{"message":"Invalid namespace"}"#),
    ] {
        client.send(sent).await;
        assert_eq!(client.recv().await, text(answer), "{sent}");
    }
}

#[tokio::test]
async fn no_answer_is_sent_that_was_not_asked_for() {
    let world = World::new().await;
    world.io.of("/").on("foo", |_, event| async move { assert!(event.take_ack().is_none()) });
    echo(&world.io.of("/"));
    let mut client = WebSocket::open(world.address).await;
    join(&mut client, "").await;
    client.send(r#"42["foo"]"#).await;
    client.send(r#"421["end"]"#).await;
    assert_eq!(client.recv().await, text("431[]"));
}

/// A session in the order of the specification's own sample: polling, then the upgrade, then a second namespace.
#[tokio::test]
async fn a_session_goes_as_in_the_sample_of_the_specification() {
    let world = World::new().await;
    let (seen, mut log) = log();
    world.io.of("/").on_connect(|socket| async move { socket.emit("hey", ("Jude",)).unwrap() });
    world.io.of("/").fallback(move |_, event| {
        seen.send(event.name().to_owned()).unwrap();
        async {}
    });
    world.io.of("/admin").on("tellme", |_, event| async move {
        event.take_ack().unwrap().send((binary(b"secret"),)).unwrap();
    });

    let session = Polling::open(world.address).await;
    assert_eq!(session.post("40").await.unwrap().text(), "ok");
    let mut polled = session.poll().await;
    if polled.len() == 1 {
        polled.extend(session.poll().await);
    }
    assert!(polled[0].starts_with(r#"40{"sid":""#) && polled[1..] == [r#"42["hey","Jude"]"#], "{polled:?}");
    assert_eq!(session.post("42[\"hello\"]\u{1e}42[\"world\"]").await.unwrap().text(), "ok");
    assert_eq!(log.take(2).await, ["hello", "world"]);

    let mut websocket = session.upgrade().await;
    websocket.send(r#"42["hello"]"#).await;
    websocket.send(r#"42["world"]"#).await;
    assert_eq!(log.take(2).await, ["hello", "world"]);
    join(&mut websocket, "/admin,").await;
    websocket.send(r#"42/admin,1["tellme"]"#).await;
    assert_eq!(websocket.recv().await, text(r#"461-/admin,1[{"_placeholder":true,"num":0}]"#));
    assert_eq!(websocket.recv().await, Received::Binary(b"secret".into()));
    websocket.send("1").await;
    assert_eq!(websocket.ended().await, Some(1000));
    until("both sockets to be gone", || world.io.stats().sockets == 0).await;
}

#[tokio::test]
async fn attachments_follow_their_packet_over_polling() {
    let world = World::new().await;
    echo(&world.io.of("/"));
    let session = Polling::open(world.address).await;
    session.post("40").await.unwrap();
    session.poll().await;
    let both = r#"452-["foo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    let payload = format!("{both}\u{1e}bAQI=\u{1e}bAwQ=");
    // In one body, and over several.
    for bodies in [vec![payload.clone()], packets(&payload)] {
        for body in bodies {
            assert_eq!(session.post(&body).await.unwrap().text(), "ok");
        }
        assert_eq!(session.poll().await, packets(&payload.replace("foo", "back")));
    }
}

#[tokio::test]
async fn an_answer_of_the_client_may_be_binary() {
    let world = World::new().await;
    let mut client = WebSocket::open(world.address).await;
    join(&mut client, "").await;
    let answer = world.io.of("/").everyone().sockets().remove(0).emit_with_ack("foo", (), PATIENCE);
    let Received::Text(question) = client.recv().await else { panic!("a question was expected") };
    let id = question.strip_prefix("42").and_then(|rest| rest.split_once('[')).unwrap().0;
    client.send(&format!(r#"461-{id}["bar",{{"_placeholder":true,"num":0}}]"#)).await;
    client.send_binary(&[1, 2, 3, 4]).await;
    let answer = within("the answer", answer).await.unwrap();
    assert_eq!(answer.parse::<(String, Binary)>().unwrap(), ("bar".to_owned(), binary(&[1, 2, 3, 4])));
}

#[tokio::test]
async fn only_the_first_answer_to_a_question_counts() {
    let world = World::new().await;
    echo(&world.io.of("/"));
    let mut client = WebSocket::open(world.address).await;
    join(&mut client, "").await;
    let answer = world.io.of("/").everyone().sockets().remove(0).emit_with_ack("foo", (), PATIENCE);
    let Received::Text(question) = client.recv().await else { panic!("a question was expected") };
    let id = question.strip_prefix("42").and_then(|rest| rest.split_once('[')).unwrap().0;
    for answer in ["first", "second"] {
        client.send(&format!("43{id}[\"{answer}\"]")).await;
    }
    assert_eq!(within("the answer", answer).await.unwrap().parse::<(String,)>().unwrap().0, "first");
    client.send(r#"427["still here"]"#).await;
    assert_eq!(client.recv().await, text("437[]"));
}

#[tokio::test]
async fn the_same_ack_id_in_two_namespaces_is_answered_in_each() {
    let world = World::new().await;
    for name in ["/", "/admin"] {
        world.io.of(name).fallback(|socket, event| async move {
            event.take_ack().unwrap().send((socket.namespace_name(),)).unwrap();
        });
    }
    let mut client = WebSocket::open(world.address).await;
    let ids = [join(&mut client, "").await, join(&mut client, "/admin,").await];
    assert_ne!(ids[0], ids[1], "each namespace gives an id of its own");
    client.send(r#"42/admin,5["where"]"#).await;
    assert_eq!(client.recv().await, text(r#"43/admin,5["/admin"]"#));
    client.send(r#"425["where"]"#).await;
    assert_eq!(client.recv().await, text(r#"435["/"]"#));
}

#[tokio::test]
async fn whoever_leaves_is_told_nothing_and_may_come_back_as_another() {
    let world = World::new().await;
    echo(&world.io.of("/"));
    echo(&world.io.of("/admin"));
    let mut client = WebSocket::open(world.address).await;
    join(&mut client, "").await;
    let before = join(&mut client, "/admin,").await;
    client.send("41/admin,").await;
    until("it to have left", || world.io.of("/admin").is_empty()).await;
    client.send(r#"421["still here"]"#).await;
    assert_eq!(client.recv().await, text("431[]"), "and no answer to the DISCONNECT before it");
    assert_ne!(join(&mut client, "/admin,").await, before);
    client.send(r#"42/admin,2["back"]"#).await;
    assert_eq!(client.recv().await, text("43/admin,2[]"));
}

#[tokio::test]
async fn a_second_connect_to_the_same_namespace_ends_the_connection() {
    let world = World::new().await;
    let (entered, mut log) = log();
    world.io.of("/slow").middleware(move |_, _| {
        entered.send(()).unwrap();
        std::future::pending()
    });
    // Whether the first is answered or still being thought about.
    let mut client = WebSocket::open(world.address).await;
    join(&mut client, "").await;
    client.send("40").await;
    assert_eq!(client.ended().await, Some(1002));

    let mut client = WebSocket::open(world.address).await;
    client.send("40/slow,").await;
    log.next().await;
    client.send("40/slow,").await;
    assert_eq!(client.ended().await, Some(1002));
    until("nobody to be left", || world.io.stats().sockets == 0).await;
}
