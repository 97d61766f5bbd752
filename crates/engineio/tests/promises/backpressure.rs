//! Peers that read slowly, and servers that cannot keep up.

use engineio::{CloseReason, Config, Engine, Flow, Frame, Message};
use testkit::wire::{Polling, Received, WebSocket};

use crate::world::{Told, World, clog, echo, ms, silent, until};

#[tokio::test]
async fn a_slow_reader_is_closed_at_the_bound_and_not_before() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let _client = WebSocket::open_narrow(world.address).await;
    let socket = world.opened().await;
    clog(&socket).await;
    loop {
        let before = socket.queued_bytes();
        if socket.send(Frame::binary(&[7; 10_000])).is_err() {
            assert!(before + 10_200 > 1 << 20, "closed although only {before} bytes were queued");
            break;
        }
        assert!(socket.queued_bytes() <= 1 << 20);
    }
    assert!(!socket.is_open());
    assert_eq!(world.closed().await, CloseReason::SlowReader);
    until("the memory is given back", || socket.queued_bytes() == 0).await;
}

#[tokio::test]
async fn a_polling_client_that_does_not_poll_is_closed_at_the_bound() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    while socket.send(Frame::text(&"x".repeat(10_000))).is_ok() {}
    assert_eq!(world.closed().await, CloseReason::SlowReader);
    assert_eq!(session.get().await.unwrap().status, 400);
}

#[tokio::test]
async fn many_small_frames_are_bounded_like_few_large_ones() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let _session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let mut sent = 0;
    while socket.send(Frame::text("")).is_ok() {
        sent += 1;
    }
    assert!((5_000..15_000).contains(&sent), "{sent}");
}

#[tokio::test]
async fn volatile_messages_are_dropped_from_half_and_others_are_not() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let mut sent = 0;
    while socket.send_volatile(Frame::text(&"x".repeat(10_000))) {
        sent += 1;
    }
    assert!((51..=53).contains(&sent), "{sent}");
    assert_eq!(world.engine.stats().volatile_dropped, 1);
    socket.send(Frame::text("not volatile")).unwrap();
    let polled = session.poll().await;
    assert_eq!((polled.len(), polled.last().unwrap().as_str()), (sent + 1, "4not volatile"));
    until("the queue is empty again", || socket.queued_bytes() == 0).await;
    assert!(socket.send_volatile(Frame::text("again")));
}

#[tokio::test]
async fn one_message_may_exceed_the_bound_when_nothing_waits() {
    let config = Config::with(|config| config.outbound_limit = 10_000);
    let mut world = World::start(Engine::builder(config), silent).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    socket.send([Frame::text("event with"), Frame::binary(&[0; 50_000])]).unwrap();
    // What follows still finds room.
    socket.send(Frame::text(&"x".repeat(4_000))).unwrap();
    let polled = session.poll().await;
    assert_eq!(polled.iter().map(String::len).collect::<Vec<_>>(), [11, 1 + 66_668, 4_001]);
    until("the account is even", || socket.queued_bytes() == 0).await;
    socket.send(Frame::text("x")).unwrap();
    assert!(socket.send(Frame::text(&"x".repeat(10_000))).is_err(), "not when something waits");
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_closed_and_one_that_reads_slowly_is_not() {
    let config = Config::with(|config| config.stall_timeout = ms(250));
    let mut world = World::start(Engine::builder(config), silent).await;
    let mut slow = WebSocket::open_narrow(world.address).await;
    let slow_socket = world.opened().await;
    let sent = clog(&slow_socket).await;
    let reading = tokio::spawn(async move {
        for _ in 0..sent {
            assert!(matches!(slow.recv().await, Received::Binary(_)));
            tokio::time::sleep(ms(20)).await;
        }
        slow
    });
    let _stalled = WebSocket::open_narrow(world.address).await;
    let stalled_socket = world.opened().await;
    clog(&stalled_socket).await;
    assert_eq!(world.closed().await, CloseReason::Stalled);
    assert!(!stalled_socket.is_open());
    reading.await.unwrap();
    assert!(slow_socket.is_open());

    let _session = Polling::open(world.address).await;
    let socket = world.opened().await;
    socket.send(Frame::text("nobody polls for this")).unwrap();
    assert_eq!(world.closed().await, CloseReason::Stalled);
}

#[tokio::test]
async fn the_largest_queues_go_first_when_all_together_are_too_large() {
    let config = Config::with(|config| config.outbound_total = Some(900_000));
    let mut world = World::start(Engine::builder(config), silent).await;
    let _first = WebSocket::open_narrow(world.address).await;
    let small = world.opened().await;
    let _second = WebSocket::open_narrow(world.address).await;
    let large = world.opened().await;
    clog(&small).await;
    clog(&large).await;
    large.send(Frame::binary(&[0; 60_000])).unwrap();
    assert_eq!(world.closed().await, CloseReason::SlowReader);
    assert!(small.is_open() && !large.is_open());
}

#[tokio::test]
async fn a_stalled_neighbour_disturbs_nobody() {
    let mut world = World::start(Engine::builder(Config::default()), echo).await;
    let _stalled = WebSocket::open_narrow(world.address).await;
    let socket = world.opened().await;
    clog(&socket).await;
    let mut client = WebSocket::open(world.address).await;
    for number in 0..100 {
        client.send(&format!("4{number}")).await;
        assert_eq!(client.text().await, format!("4{number}"));
    }
    assert!(socket.is_open());
}

#[tokio::test]
async fn a_peer_that_reads_at_last_gets_everything() {
    for foreign in [false, true] {
        let mut world = World::on_streams(foreign, Engine::builder(Config::default()), silent).await;
        let mut client = WebSocket::open_narrow(world.address).await;
        let socket = world.opened().await;
        let sent = clog(&socket).await;
        socket.send((0..1000).map(|number| Frame::text(&number.to_string()))).unwrap();
        for _ in 0..sent {
            assert_eq!(client.recv().await, Received::Binary(vec![7; 60_000]));
        }
        for number in 0..1000 {
            assert_eq!(client.text().await, format!("4{number}"));
        }
        until("the account is even", || socket.queued_bytes() == 0).await;
    }
}

fn pausing(_: &engineio::Socket, message: Message<'_>) -> Flow {
    if message == Message::Text("stop") { Flow::Pause } else { Flow::Continue }
}

#[tokio::test]
async fn a_pause_stops_the_reading_and_resume_goes_on_in_order() {
    for foreign in [false, true] {
        let mut world = World::on_streams(foreign, Engine::builder(Config::default()), pausing).await;
        let mut client = WebSocket::open(world.address).await;
        let socket = world.opened().await;
        for packet in ["4a", "4stop", "4b", "4stop", "4c"] {
            client.send(packet).await;
        }
        assert_eq!(world.text().await, "a");
        assert_eq!(world.text().await, "stop");
        tokio::time::sleep(ms(50)).await;
        assert!(world.told.try_recv().is_err(), "nothing is read while paused");
        socket.resume();
        assert_eq!(world.text().await, "b");
        assert_eq!(world.text().await, "stop");
        socket.resume();
        assert_eq!(world.text().await, "c");
    }
}

#[tokio::test]
async fn a_post_is_answered_when_its_last_packet_is_accepted() {
    let mut world = World::start(Engine::builder(Config::default()), pausing).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let post = tokio::spawn(async move { session.post("4a\u{1e}4stop\u{1e}4b\u{1e}4stop").await.unwrap() });
    assert_eq!(world.text().await, "a");
    assert_eq!(world.text().await, "stop");
    tokio::time::sleep(ms(50)).await;
    assert!(world.told.try_recv().is_err() && !post.is_finished());
    socket.resume();
    assert_eq!(world.text().await, "b");
    assert_eq!(world.text().await, "stop");
    assert!(!post.is_finished());
    socket.resume();
    assert_eq!(post.await.unwrap().text(), "ok");
}

#[tokio::test]
async fn a_resume_during_the_message_is_not_lost() {
    let mut world = World::start(Engine::builder(Config::default()), |socket, _| {
        socket.resume();
        Flow::Pause
    })
    .await;
    let mut client = WebSocket::open(world.address).await;
    client.send("4a").await;
    client.send("4b").await;
    assert_eq!(world.text().await, "a");
    assert_eq!(world.text().await, "b");
}

#[tokio::test]
async fn a_paused_connection_can_be_closed() {
    let mut world = World::start(Engine::builder(Config::default()), pausing).await;
    let mut client = WebSocket::open(world.address).await;
    let socket = world.opened().await;
    client.send("4stop").await;
    client.send("4b").await;
    assert_eq!(world.text().await, "stop");
    socket.close(CloseReason::ForcedClose);
    assert!(matches!(world.next().await, Told::Closed(CloseReason::ForcedClose)), "and b is not delivered");
    assert_eq!(client.ended().await, Some(1000));
}

#[tokio::test]
async fn of_many_pings_the_newest_is_answered() {
    let world = World::echo(Config::default()).await;
    let mut client = WebSocket::open(world.address).await;
    // With a pong for each, those of one read alone would be more than may be queued.
    let pings = (0..30_000_u32).flat_map(|number| [&[0x89, 0x84, 0, 0, 0, 0], &number.to_be_bytes()[..]].concat());
    client.raw(&pings.collect::<Vec<u8>>()).await;
    let mut answered = None;
    while answered != Some(29_999) {
        let Received::Pong(payload) = client.next().await else { continue };
        let number = u32::from_be_bytes(payload.try_into().unwrap());
        assert!(answered < Some(number), "{answered:?}, then {number}");
        answered = Some(number);
    }
    client.send("4fine").await;
    assert_eq!(client.text().await, "4fine");
}

#[tokio::test]
async fn pings_from_a_peer_that_does_not_read_cost_one_pong() {
    let mut world = World::echo(Config::default()).await;
    let mut client = WebSocket::open_narrow(world.address).await;
    let socket = world.opened().await;
    clog(&socket).await;
    let before = socket.queued_bytes();
    for _ in 0..20_000 {
        client.frame(true, 9, &[b'x'; 125]).await;
    }
    client.send("4seen").await;
    assert_eq!(world.text().await, "seen");
    assert!(socket.queued_bytes() < before + 1_000, "{} after {before}", socket.queued_bytes());
}
