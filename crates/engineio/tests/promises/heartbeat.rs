//! Pings, pongs and their deadlines.

use std::time::Instant;

use engineio::{CloseReason, Config, Engine, Flow};
use testkit::wire::{Polling, Received, WebSocket};

use crate::world::{World, ms};

fn brisk() -> Config {
    Config::with(|config| {
        config.ping_interval = ms(100);
        config.ping_timeout = ms(80);
    })
}

#[tokio::test]
async fn the_first_ping_comes_an_interval_after_the_handshake() {
    let world = World::echo(brisk()).await;
    let start = Instant::now();
    let mut socket = WebSocket::open(world.address).await;
    assert_eq!(socket.recv().await, Received::Text("2".into()));
    assert!(start.elapsed() >= ms(100));

    let start = Instant::now();
    let session = Polling::open(world.address).await;
    assert_eq!(session.poll().await, ["2"]);
    assert!(start.elapsed() >= ms(100));
}

#[tokio::test]
async fn a_peer_that_answers_stays() {
    let world = World::echo(brisk()).await;
    let mut socket = WebSocket::open(world.address).await;
    let session = Polling::open(world.address).await;
    let polls = tokio::spawn(async move {
        for _ in 0..4 {
            assert_eq!(session.poll().await, ["2"]);
            assert_eq!(session.post("3").await.unwrap().text(), "ok");
        }
    });
    for _ in 0..4 {
        assert_eq!(socket.recv().await, Received::Text("2".into()));
        socket.send("3").await;
    }
    polls.await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_answer_is_closed() {
    let mut world = World::echo(brisk()).await;
    let start = Instant::now();
    let mut socket = WebSocket::open(world.address).await;
    socket.ended().await;
    assert!(start.elapsed() >= ms(180));
    assert_eq!(world.closed().await, CloseReason::PingTimeout);

    let session = Polling::open(world.address).await;
    assert_eq!(session.poll().await, ["2"]);
    assert_eq!(world.closed().await, CloseReason::PingTimeout);
    let answer = session.get().await.unwrap();
    assert_eq!((answer.status, answer.text()), (400, r#"{"code":1,"message":"Session ID unknown"}"#));
}

#[tokio::test]
async fn abandoned_sessions_are_closed_and_nothing_of_them_stays() {
    let mut world = World::echo(brisk()).await;
    for _ in 0..50 {
        Polling::open(world.address).await;
    }
    for _ in 0..50 {
        assert_eq!(world.closed().await, CloseReason::PingTimeout);
    }
    let stats = world.engine.stats();
    assert_eq!((stats.polling, stats.closed_by(CloseReason::PingTimeout)), (0, 50));
}

#[tokio::test]
async fn a_pong_out_of_turn_changes_nothing() {
    let mut world = World::echo(brisk()).await;
    let start = Instant::now();
    let mut socket = WebSocket::open(world.address).await;
    for _ in 0..10 {
        socket.send("3").await;
    }
    assert_eq!(socket.recv().await, Received::Text("2".into()));
    assert!(start.elapsed() >= ms(100));
    assert_eq!(world.closed().await, CloseReason::PingTimeout);
}

#[tokio::test]
async fn the_deadline_of_a_pong_stands_still_while_reading_is_paused() {
    let mut world = World::start(Engine::builder(brisk()), |_, _| Flow::Pause).await;
    let mut client = WebSocket::open(world.address).await;
    let socket = world.opened().await;
    client.send("4stop").await;
    world.text().await;
    // Much longer than a ping and its pong may take.
    tokio::time::sleep(ms(400)).await;
    assert!(socket.is_open());
    socket.resume();
    assert_eq!(client.recv().await, Received::Text("2".into()));
    client.send("3").await;
    assert_eq!(client.recv().await, Received::Text("2".into()));
    assert!(socket.is_open());
}

#[tokio::test]
async fn reading_that_is_paused_for_too_long_ends_the_connection() {
    let config = Config::with(|config| config.paused_limit = ms(100));
    let mut world = World::start(Engine::builder(config), |_, _| Flow::Pause).await;
    let mut client = WebSocket::open(world.address).await;
    client.send("4stop").await;
    assert_eq!(world.closed().await, CloseReason::PausedTooLong);
    client.ended().await;

    let session = Polling::open(world.address).await;
    let posted = session.post("4stop").await.unwrap();
    assert_eq!(world.closed().await, CloseReason::PausedTooLong);
    assert_eq!(posted.status, 200, "the packet had been accepted");
}
