//! Peers that break the rules: that socket alone is closed.

use engineio::{CloseReason, Config};
use testkit::wire::{Polling, WebSocket};

use crate::world::World;

#[tokio::test]
async fn what_is_no_packet_closes_that_websocket_alone() {
    let mut world = World::echo(Config::default()).await;
    let mut neighbour = WebSocket::open(world.address).await;
    world.opened().await;
    for packet in ["abc", "", "7", "-1", "2", "2probe", "bAQID", "é"] {
        let mut client = WebSocket::open(world.address).await;
        client.send(packet).await;
        assert_eq!(world.closed().await, CloseReason::ParseError, "{packet:?}");
        assert_eq!(client.ended().await, Some(1002), "{packet:?}");
    }
    neighbour.send("4fine").await;
    assert_eq!(neighbour.text().await, "4fine");
}

#[tokio::test]
async fn frames_against_the_protocol_close_that_websocket_alone() {
    let mut world = World::echo(Config::default()).await;
    let mut neighbour = WebSocket::open(world.address).await;
    let cases: [(&str, &[u8]); 6] = [
        ("unmasked", &[0x81, 2, b'4', b'x']),
        ("reserved bit", &[0xc1, 0x81, 0, 0, 0, 0, b'4']),
        ("unknown opcode", &[0x83, 0x80, 0, 0, 0, 0]),
        ("continuation of nothing", &[0x80, 0x81, 0, 0, 0, 0, b'4']),
        ("ping in fragments", &[0x09, 0x80, 0, 0, 0, 0]),
        ("no UTF-8", &[0x81, 0x82, 0, 0, 0, 0, b'4', 0xff]),
    ];
    for (case, bytes) in cases {
        let mut client = WebSocket::open(world.address).await;
        client.raw(bytes).await;
        assert_eq!(world.closed().await, CloseReason::ParseError, "{case}");
        assert_eq!(client.ended().await, Some(1002), "{case}");
    }
    neighbour.send("4fine").await;
    assert_eq!(neighbour.text().await, "4fine");
}

#[tokio::test]
async fn what_is_no_packet_closes_that_polling_session() {
    let mut world = World::echo(Config::default()).await;
    for payload in ["abc", "", "4a\u{1e}", "b*", "2", "4a\u{1e}\u{1e}4b"] {
        let session = Polling::open(world.address).await;
        assert_eq!(session.post(payload).await.unwrap().status, 400, "{payload:?}");
        assert_eq!(world.closed().await, CloseReason::ParseError, "{payload:?}");
        assert_eq!(session.get().await.unwrap().status, 400, "{payload:?}");
    }
}

#[tokio::test]
async fn packets_without_a_meaning_are_passed_over() {
    let world = World::echo(Config::default()).await;
    let mut client = WebSocket::open(world.address).await;
    for packet in ["0", "5", "6", "3", "3probe"] {
        client.send(packet).await;
    }
    client.send("4fine").await;
    assert_eq!(client.text().await, "4fine");
}

#[tokio::test]
async fn a_second_poll_ends_the_session() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let (first, second) = tokio::join!(session.get(), session.get());
    let (first, second) = (first.unwrap(), second.unwrap());
    let mut answers = [(first.status, first.text()), (second.status, second.text())];
    answers.sort_unstable();
    assert_eq!(answers, [(200, "1"), (400, r#"{"code":3,"message":"Bad request"}"#)]);
    assert_eq!(world.closed().await, CloseReason::TransportError);
    assert_eq!(session.get().await.unwrap().status, 400);
}

#[tokio::test]
async fn a_poll_that_is_cut_off_ends_the_session() {
    let mut world = World::echo(Config::default()).await;
    // A poll that has not reached the server is no poll, so this is tried until one has.
    let attempts = async {
        loop {
            let session = Polling::open(world.address).await;
            let _ = tokio::time::timeout(crate::world::ms(20), session.get()).await;
            if world.engine.stats().closed_by(CloseReason::TransportError) > 0 {
                return;
            }
        }
    };
    tokio::time::timeout(testkit::wire::PATIENCE, attempts).await.unwrap();
    assert_eq!(world.closed().await, CloseReason::TransportError);
}

#[tokio::test]
async fn a_stranger_cannot_guess_or_learn_a_session() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let mut guess = session.sid.clone();
    let last = if guess.pop() == Some('A') { 'B' } else { 'A' };
    guess.push(last);
    let mut stranger = session.clone();
    stranger.sid = guess;
    let answer = stranger.post("4as if I were you").await.unwrap();
    assert_eq!(answer.text(), r#"{"code":1,"message":"Session ID unknown"}"#);
}
