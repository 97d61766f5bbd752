//! Binary anywhere in the arguments, in both directions; types that do not fit.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use socketio::{ArgsError, Binary, EmitError, EncodeError};
use testkit::client::within;

use crate::world::{World, log};

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Upload {
    name: String,
    content: Binary,
}

#[tokio::test]
async fn binary_comes_in_anywhere_in_the_payload() {
    let world = World::new().await;
    let (seen, mut log) = log();
    world.io.of("/").on("upload", move |_, event| {
        let seen = seen.clone();
        async move { seen.send(event.args::<(Upload, Vec<Binary>)>().unwrap()).unwrap() }
    });
    let mut client = world.connect().await;
    let text = r#"52-["upload",{"name":"a","content":{"_placeholder":true,"num":1}},[{"_placeholder":true,"num":0}]]"#;
    client.send_raw(text).await;
    client.send_binary(b"zero").await;
    client.send_binary(b"one").await;

    let (upload, list) = log.next().await;
    assert_eq!(upload, Upload { name: "a".to_owned(), content: Binary(Bytes::from_static(b"one")) });
    assert_eq!(list, [Binary(Bytes::from_static(b"zero"))]);
}

#[tokio::test]
async fn binary_goes_out_next_to_its_packet() {
    let world = World::new().await;
    let mut client = world.connect().await;
    let upload = Upload { name: "a".to_owned(), content: Binary(Bytes::from_static(b"content")) };
    world.io.of("/").emit("upload", (1, &upload)).unwrap();

    let event = client.next_event().await;
    assert_eq!(event.args, [json!(1), json!({"name": "a", "content": {"_placeholder": true, "num": 0}})]);
    assert_eq!(event.attachments, [b"content".to_vec()]);
}

#[tokio::test]
async fn arguments_are_passed_on_unread() {
    let world = World::new().await;
    world.io.of("/").on("message", |socket, event| async move {
        socket.emit("message-back", event.raw_args()).unwrap();
    });
    let mut client = world.connect().await;
    client.send_raw(r#"51-["message",1.50,{"b":1,"a":{"_placeholder":true,"num":0}}]"#).await;
    client.send_binary(b"data").await;

    let event = client.next_event().await;
    assert_eq!(event.args, [json!(1.5), json!({"b": 1, "a": {"_placeholder": true, "num": 0}})]);
    assert_eq!(event.attachments, [b"data".to_vec()]);
}

#[tokio::test]
async fn an_answer_may_be_binary() {
    let world = World::new().await;
    world.io.of("/").on("get", |_, event| async move {
        event.take_ack().unwrap().send((Binary(Bytes::from_static(b"data")),)).unwrap();
    });
    let mut client = world.connect().await;

    assert_eq!(client.emit_with_ack("get", ()).await, [json!({"_placeholder": true, "num": 0})]);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_by_position() {
    let world = World::new().await;
    let (seen, mut log) = log();
    world.io.of("/").on("pair", move |_, event| {
        let seen = seen.clone();
        async move { seen.send(event.args::<(u8, Option<String>)>()).unwrap() }
    });
    let mut client = world.connect().await;

    client.emit("pair", (1,)).await;
    assert_eq!(log.next().await.unwrap(), (1, None));
    client.emit("pair", (1, 2)).await;
    assert!(matches!(log.next().await, Err(ArgsError::Mismatch { index: 1, .. })));
    client.emit("pair", ()).await;
    assert!(matches!(log.next().await, Err(ArgsError::Mismatch { index: 0, .. })));
    client.emit("pair", (1, "two", 3)).await;
    assert!(matches!(log.next().await, Err(ArgsError::TooMany { expected: 2, found: 3 })));
}

#[tokio::test]
async fn what_cannot_be_encoded_is_an_error_and_sends_nothing() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }
    let world = World::new().await;
    let mut client = world.connect().await;
    let ns = world.io.of("/");

    assert!(matches!(ns.emit("x", (Broken,)), Err(EncodeError::Json(_))));
    assert!(matches!(ns.emit("disconnect", ()), Err(EncodeError::Reserved(_))));
    let socket = ns.everyone().sockets().pop().unwrap();
    assert!(matches!(socket.emit("x", (1, Broken)), Err(EmitError::Encode(_))));
    ns.emit("after", ()).unwrap();
    assert_eq!(within("the next event", client.next_event()).await.name, "after");
}
