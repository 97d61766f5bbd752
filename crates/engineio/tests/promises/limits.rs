//! How much a peer may send.

use engineio::{CloseReason, Config, Engine};
use testkit::wire::{Polling, Received, WebSocket, exchange};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{World, echo, ms, silent};

fn small() -> Config {
    Config::with(|config| config.max_payload = 10_000)
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_by_its_header() {
    let mut world = World::echo(small()).await;
    let mut at_the_limit = WebSocket::open(world.address).await;
    at_the_limit.send_binary(&[1; 10_000]).await;
    assert_eq!(at_the_limit.recv().await, Received::Binary(vec![1; 10_000]));

    for len in [10_001, 1 << 40, u64::MAX] {
        let mut client = WebSocket::open(world.address).await;
        let mut header = vec![0x82, 0xff];
        header.extend(len.to_be_bytes());
        header.extend([1, 2, 3, 4]);
        client.raw(&header).await;
        assert_eq!(world.closed().await, CloseReason::TransportError);
        assert_eq!(client.ended().await, Some(1009), "{len}");
    }
    at_the_limit.send("4fine").await;
    assert_eq!(at_the_limit.text().await, "4fine");
}

#[tokio::test]
async fn fragments_are_limited_together() {
    let mut world = World::echo(small()).await;
    let mut client = WebSocket::open(world.address).await;
    client.frame(false, 2, &[0; 6_000]).await;
    client.frame(true, 0, &[0; 4_001]).await;
    assert_eq!(world.closed().await, CloseReason::TransportError);
    assert_eq!(client.ended().await, Some(1009));
}

#[tokio::test]
async fn fragments_are_limited_in_number() {
    let mut world = World::echo(small()).await;
    let mut client = WebSocket::open(world.address).await;
    client.frame(false, 1, b"4").await;
    for _ in 0..254 {
        client.frame(false, 0, b"x").await;
    }
    client.frame(true, 0, b"!").await;
    assert_eq!(client.text().await.len(), 256);

    client.frame(false, 1, b"4").await;
    for _ in 0..256 {
        client.frame(false, 0, b"").await;
    }
    assert_eq!(world.closed().await, CloseReason::TransportError);
}

#[tokio::test]
async fn fragments_that_do_not_come_end_the_connection() {
    let config = Config::with(|config| config.fragment_timeout = ms(100));
    let mut world = World::echo(config).await;
    let mut client = WebSocket::open(world.address).await;
    client.frame(false, 1, b"4never").await;
    assert_eq!(world.closed().await, CloseReason::ParseError);
    client.ended().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let world = World::echo(small()).await;
    let session = Polling::open(world.address).await;
    let answer = session.post(&format!("4{}", "x".repeat(10_000))).await.unwrap();
    assert_eq!(answer.status, 413);

    // The same without a length in front.
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!("POST {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", session.target());
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    for _ in 0..11 {
        let _ = stream.write_all(chunk.as_bytes()).await;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");

    // As with Node the session lives on.
    assert_eq!(session.post(&format!("4{}", "x".repeat(9_999))).await.unwrap().status, 200);
    assert_eq!(session.poll().await[0].len(), 10_000);
}

#[tokio::test]
async fn a_body_may_hold_any_number_of_packets() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let session = Polling::open(world.address).await;
    let packets: Vec<String> = (0..20_000).map(|number| format!("4{number}")).collect();
    assert_eq!(session.post(&packets.join("\u{1e}")).await.unwrap().text(), "ok");
    for number in 0..20_000 {
        assert_eq!(world.text().await, number.to_string());
    }
}

#[tokio::test]
async fn a_body_of_protocol_3_is_refused() {
    let mut world = World::start(Engine::builder(Config::default()), echo).await;
    let session = Polling::open(world.address).await;
    let headers = [("content-type", "application/octet-stream")];
    let answer = exchange(world.address, "POST", &session.target(), &headers, b"4hello").await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(world.closed().await, CloseReason::TransportError);
}
