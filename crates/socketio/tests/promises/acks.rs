//! Answers, in both directions.

use std::time::Duration;

use serde_json::json;
use socketio::{AckError, Socket, SocketId};
use testkit::client::{Client, PATIENCE, within};

use crate::world::{World, log, until};

fn socket(world: &World, client: &Client) -> Socket {
    world.io.of("/").socket(&SocketId::parse(client.id()).unwrap()).unwrap()
}

#[tokio::test]
async fn the_server_answers() {
    let world = World::new().await;
    world.io.of("/").on("add", |_, event| async move {
        let (a, b): (i64, i64) = event.args().unwrap();
        let ack = event.take_ack().unwrap();
        assert!(event.take_ack().is_none(), "an answer is given once");
        ack.send((a + b, "done")).unwrap();
    });
    let mut client = world.connect().await;

    assert_eq!(client.emit_with_ack("add", (2, 3)).await, [json!(5), json!("done")]);
}

#[tokio::test]
async fn an_answer_may_come_later_and_from_elsewhere() {
    let world = World::new().await;
    let (kept, mut log) = log();
    world.io.of("/").on("ask", move |_, event| {
        let kept = kept.clone();
        async move { kept.send(event.take_ack().unwrap()).unwrap() }
    });
    let mut client = world.connect().await;
    let first = client.emit_for_ack("ask", ()).await;
    let second = client.emit_for_ack("ask", ()).await;
    let mut acks = log.take(2).await;
    acks.pop().unwrap().send(("second",)).unwrap();
    acks.pop().unwrap().send(("first",)).unwrap();

    assert_eq!(client.answer(first).await, ["first"]);
    assert_eq!(client.answer(second).await, ["second"]);
}

#[tokio::test]
async fn the_client_answers() {
    let world = World::new().await;
    let mut client = world.connect().await;
    let answer = socket(&world, &client).emit_with_ack("question", ("why",), PATIENCE);
    let question = client.next_event().await;
    assert_eq!((question.name.as_str(), &question.args[..]), ("question", &[json!("why")][..]));
    client.ack(question.ack.unwrap(), ("because", 42)).await;

    let answer = within("the answer", answer).await.unwrap();
    assert_eq!(answer.parse::<(String, u32)>().unwrap(), ("because".to_owned(), 42));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_timeout() {
    let world = World::new().await;
    let client = world.connect().await;
    let answer = socket(&world, &client).emit_with_ack("question", (), Duration::from_millis(10));

    assert!(matches!(answer.await, Err(AckError::Timeout)));
}

#[tokio::test]
async fn waiting_ends_with_the_socket() {
    let world = World::new().await;
    let client = world.connect().await;
    let socket = socket(&world, &client);
    let answer = socket.emit_with_ack("question", (), PATIENCE);
    client.close().await;

    assert!(matches!(within("the failure", answer).await, Err(AckError::Disconnected)));
    assert!(matches!(socket.emit_with_ack("question", (), PATIENCE).await, Err(AckError::Disconnected)));
}

#[tokio::test]
async fn answers_that_nobody_waits_for_are_dropped() {
    let world = World::new().await;
    world.io.of("/").on("echo", |_, event| async move { event.take_ack().unwrap().send(()).unwrap() });
    let mut client = world.connect().await;
    drop(socket(&world, &client).emit_with_ack("question", (), PATIENCE));
    let question = client.next_event().await;
    client.ack(question.ack.unwrap(), ()).await;
    client.ack(99, ()).await;

    assert!(client.emit_with_ack("echo", ()).await.is_empty());
}

#[tokio::test]
async fn a_broadcast_collects_answers() {
    let world = World::new().await;
    let (mut quick, silent, mut leaving) = (world.connect().await, world.connect().await, world.connect().await);
    let ns = world.io.of("/");
    let answers = ns.everyone().emit_with_ack("vote", ("tea?",), Duration::from_millis(300)).unwrap();
    let vote = quick.next_event().await;
    quick.ack(vote.ack.unwrap(), ("yes",)).await;
    leaving.disconnect().await;
    until("the leaver to be gone", || ns.len() == 2).await;

    let answers = answers.await;
    let [(id, args)] = &answers.received[..] else { panic!("one answer, not {answers:?}") };
    assert_eq!((id.as_str(), args.to_json().as_str()), (quick.id(), r#"["yes"]"#));
    assert_eq!(answers.missing.len(), 2);
    for (id, error) in &answers.missing {
        match error {
            AckError::Timeout => assert_eq!(id.as_str(), silent.id()),
            AckError::Disconnected => assert_eq!(id.as_str(), leaving.id()),
            AckError::Encode(_) => panic!("it was encoded"),
        }
    }
}
