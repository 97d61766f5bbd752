//! Messages both ways.

use engineio::{Config, Engine, Frame, Message};
use testkit::wire::{Polling, Received, WebSocket};

use crate::world::{Told, World, echo};

#[tokio::test]
async fn text_and_binary_come_back_over_polling() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    for payload in ["4hello", "4test1\u{1e}4test2\u{1e}4test3", "4hello\u{1e}bAQIDBA==", "4€\u{1e}4", "b"] {
        let answer = session.post(payload).await.unwrap();
        assert_eq!((answer.status, answer.text()), (200, "ok"));
        let answer = session.get().await.unwrap();
        assert_eq!(answer.text(), payload);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_poll_waits_for_what_is_sent() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let poll = tokio::spawn(async move { session.poll().await });
    // Whether the poll or the send comes first, it is answered with the message.
    socket.send([Frame::text("a"), Frame::text("b")]).unwrap();
    assert_eq!(poll.await.unwrap(), ["4a", "4b"]);
}

#[tokio::test]
async fn text_and_binary_come_back_over_websocket() {
    let world = World::echo(Config::default()).await;
    websocket_echo(&world).await;
}

#[tokio::test]
async fn text_and_binary_come_back_over_a_foreign_stream() {
    let world = World::on_foreign_streams(Engine::builder(Config::default()), echo).await;
    websocket_echo(&world).await;
}

async fn websocket_echo(world: &World) {
    let mut socket = WebSocket::open(world.address).await;
    for text in ["hello", "", "€ 🦀"] {
        socket.send(&format!("4{text}")).await;
        assert_eq!(socket.text().await, format!("4{text}"));
    }
    for len in [0, 1, 125, 126, 65_535, 65_536, 999_000] {
        let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
        socket.send_binary(&payload).await;
        assert_eq!(socket.recv().await, Received::Binary(payload), "{len} bytes");
    }
}

#[tokio::test]
async fn a_control_frame_within_a_fragmented_message_is_answered_first() {
    let world = World::echo(Config::default()).await;
    let mut socket = WebSocket::open(world.address).await;
    socket.frame(false, 1, b"4he").await;
    socket.frame(true, 9, b"are you there?").await;
    assert_eq!(socket.recv().await, Received::Pong(b"are you there?".into()));
    socket.frame(false, 0, b"").await;
    socket.frame(true, 0, b"llo").await;
    assert_eq!(socket.text().await, "4hello");
}

#[tokio::test]
async fn a_frame_may_come_byte_by_byte() {
    let world = World::echo(Config::default()).await;
    let mut socket = WebSocket::open(world.address).await;
    for byte in [0x81, 0x83, 1, 2, 3, 4, b'4' ^ 1, b'h' ^ 2, b'i' ^ 3] {
        socket.raw(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(socket.text().await, "4hi");
}

#[tokio::test]
async fn messages_keep_their_order_however_they_are_cut() {
    const MESSAGES: usize = 5_000;
    for foreign in [false, true] {
        let world = World::on_streams(foreign, Engine::builder(Config::default()), echo).await;
        let mut socket = WebSocket::open(world.address).await;
        let mut stream = Vec::new();
        for number in 0..MESSAGES {
            let packet = format!("4{number}");
            stream.extend([0x81, 0x80 | packet.len() as u8, 0, 0, 0, 0]);
            stream.extend(packet.bytes());
        }
        for part in stream.chunks(7_001) {
            socket.raw(part).await;
        }
        for number in 0..MESSAGES {
            assert_eq!(socket.text().await, format!("4{number}"));
        }
    }
}

#[tokio::test]
async fn what_the_handler_sends_follows_the_open_packet() {
    struct Greeter;
    struct Deaf;
    impl engineio::Handler for Greeter {
        fn open(&self, socket: &engineio::Socket) -> Box<dyn engineio::Session> {
            socket.send(Frame::text_with(|buffer| buffer.extend_from_slice(b"welcome"))).unwrap();
            Box::new(Deaf)
        }
    }
    impl engineio::Session for Deaf {
        fn message(&mut self, _: Message<'_>) -> engineio::Flow {
            engineio::Flow::Continue
        }
        fn close(&mut self, _: engineio::CloseReason) {}
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let engine = Engine::new(Config::default(), Greeter);
    tokio::spawn(engineio::serve(listener, engine, std::future::pending::<()>()));
    assert_eq!(Polling::open(address).await.first, ["4welcome"]);
    assert_eq!(WebSocket::open(address).await.text().await, "4welcome");
}

#[tokio::test]
async fn traffic_is_counted() {
    let mut world = World::echo(Config::default()).await;
    let mut socket = WebSocket::open(world.address).await;
    socket.send("4hello").await;
    socket.text().await;
    assert!(matches!(world.next().await, Told::Opened(_)));
    let stats = world.engine.stats();
    assert_eq!((stats.opened, stats.websocket, stats.polling), (1, 1, 0));
    // The open packet and the message.
    assert_eq!((stats.packets_in, stats.packets_out), (1, 2));
    assert_eq!(stats.bytes_in, 6 + 6);
    assert!(stats.bytes_out > 8);
}
