//! What the text of Engine.IO 4 says and no other test here looks at. The table in the README has all of it.

use std::time::Instant;

use engineio::{CloseReason, Config, Engine, Flow, Frame, Transport};
use testkit::wire::{PATH, Polling, Received, WebSocket, exchange};

use crate::world::{World, ms, silent};

const BAD_REQUEST: (u16, &str) = (400, r#"{"code":3,"message":"Bad request"}"#);

#[tokio::test]
async fn a_second_post_ends_the_session() {
    let mut world = World::start(Engine::builder(Config::default()), |_, _| Flow::Pause).await;
    let session = Polling::open(world.address).await;
    let first = tokio::spawn({
        let session = session.clone();
        async move { session.post("4first\u{1e}4never").await }
    });
    // It is open for as long as its second packet is not accepted.
    assert_eq!(world.text().await, "first");
    let second = session.post("4second").await.unwrap();
    assert_eq!((second.status, second.text()), BAD_REQUEST);
    assert_eq!(world.closed().await, CloseReason::TransportError);
    assert_eq!(session.get().await.unwrap().status, 400);
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_websocket_that_lacks_a_parameter_is_not_opened() {
    let world = World::echo(Config::default()).await;
    for query in ["", "EIO=4", "transport=websocket", "EIO=&transport=websocket"] {
        let refused = WebSocket::connect(world.address, &format!("{PATH}?{query}"), &[]).await.unwrap();
        assert_eq!(refused.unwrap_err().status, 400, "{query}");
    }
    assert_eq!(world.engine.stats().opened, 0);
}

#[tokio::test]
async fn what_else_is_in_a_query_changes_nothing() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open_with(world.address, "&t=N8hyd6w&b64=1&sid2=x", &[]).await;
    let target = format!("{PATH}?t=N8hyd7H&sid={}&transport=polling&EIO=4", session.sid);
    let posted = exchange(world.address, "POST", &target, &[], b"4hello").await.unwrap();
    assert_eq!((posted.status, posted.text()), (200, "ok"));
    assert_eq!(exchange(world.address, "GET", &target, &[], b"").await.unwrap().text(), "4hello");
}

#[tokio::test]
async fn another_method_is_refused_and_disturbs_nothing() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = exchange(world.address, method, &session.target(), &[], b"4no").await.unwrap();
        assert_eq!((answer.status, answer.text()), BAD_REQUEST, "{method}");
    }
    session.post("4fine").await.unwrap();
    assert_eq!(session.poll().await, ["4fine"]);
}

#[tokio::test]
async fn a_request_for_a_websocket_that_is_none_is_refused_and_disturbs_nothing() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let target = session.target().replace("polling", "websocket");
    for method in ["GET", "POST"] {
        let answer = exchange(world.address, method, &target, &[], b"4no").await.unwrap();
        assert_eq!((answer.status, answer.text()), BAD_REQUEST, "{method}");
    }
    let mut websocket = session.upgrade().await;
    websocket.send("4fine").await;
    assert_eq!(websocket.text().await, "4fine");
}

#[tokio::test]
async fn a_session_that_began_on_websocket_is_not_polled() {
    let world = World::echo(Config::default()).await;
    let mut client = WebSocket::open(world.address).await;
    let target = format!("{PATH}?EIO=4&transport=polling&sid={}", client.sid);
    for method in ["GET", "POST"] {
        let answer = exchange(world.address, method, &target, &[], b"4stranger").await.unwrap();
        assert_eq!((answer.status, answer.text()), BAD_REQUEST, "{method}");
    }
    client.send("4fine").await;
    assert_eq!(client.text().await, "4fine");
}

#[tokio::test]
async fn packets_share_a_payload_and_have_frames_of_their_own() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let packets = || [Frame::text("a"), Frame::text(""), Frame::binary(&[1, 2, 3, 4]), Frame::text("€")];

    let session = Polling::open(world.address).await;
    world.opened().await.send(packets()).unwrap();
    assert_eq!(session.get().await.unwrap().text(), "4a\u{1e}4\u{1e}bAQIDBA==\u{1e}4€");

    let mut client = WebSocket::open(world.address).await;
    world.opened().await.send(packets()).unwrap();
    for packet in ["4a", "4"] {
        assert_eq!(client.recv().await, Received::Text(packet.into()));
    }
    assert_eq!(client.recv().await, Received::Binary(vec![1, 2, 3, 4]));
    assert_eq!(client.recv().await, Received::Text("4€".into()));
}

#[tokio::test]
async fn the_separator_means_nothing_within_a_frame() {
    let mut world = World::echo(Config::default()).await;
    let mut client = WebSocket::open(world.address).await;
    client.send("4a\u{1e}4b").await;
    assert_eq!(world.text().await, "a\u{1e}4b");
    assert_eq!(client.text().await, "4a\u{1e}4b");
}

#[tokio::test]
async fn what_was_polled_does_not_come_again() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    for round in 0..3 {
        session.post(&format!("4{round}")).await.unwrap();
        assert_eq!(session.poll().await, [format!("4{round}")]);
    }
    let mut websocket = session.upgrade().await;
    websocket.send("4last").await;
    assert_eq!(websocket.text().await, "4last");
}

#[tokio::test]
async fn after_an_upgrade_the_heartbeat_goes_on_over_the_websocket() {
    let config = Config::with(|config| {
        config.ping_interval = ms(100);
        config.ping_timeout = ms(400);
    });
    let mut world = World::echo(config).await;
    let mut websocket = Polling::open(world.address).await.upgrade().await;
    let mut answered = Instant::now();
    for _ in 0..3 {
        assert_eq!(websocket.recv().await, Received::Text("2".into()));
        // Before the pong leaves: the server may have it before this task goes on.
        answered = Instant::now();
        websocket.send("3").await;
    }
    websocket.ended().await;
    // The engine counts whole milliseconds.
    assert!(answered.elapsed() >= ms(499), "an interval to the next ping, and then the time for its pong");
    assert_eq!(world.closed().await, CloseReason::PingTimeout);
}

/// The upgrade may take for ever here, so that nothing but a wrong step ends it.
#[tokio::test]
async fn an_upgrade_takes_its_steps_and_no_others() {
    let mut world = World::echo(Config::with(|config| config.upgrade_timeout = ms(600_000))).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    for first in ["", "2", "2prob", "2probe2", "3probe", "4hello", "5"] {
        let mut websocket = session.websocket().await;
        websocket.send(first).await;
        assert_eq!(websocket.recv().await, Received::Close(Some(1000)), "{first:?} in place of the probe");
    }
    let mut binary = session.websocket().await;
    binary.send_binary(b"2probe").await;
    assert_eq!(binary.recv().await, Received::Close(Some(1000)));
    for second in ["2probe", "3probe", "4hello", "6", "55"] {
        let mut websocket = session.websocket().await;
        websocket.send("2probe").await;
        assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
        websocket.send(second).await;
        assert_eq!(websocket.recv().await, Received::Close(Some(1000)), "{second:?} in place of the last step");
    }
    assert_eq!(socket.transport(), Transport::Polling);
    session.post("4still here").await.unwrap();
    assert_eq!(session.poll().await, ["4still here"]);
}

/// The GET is sent first here, and the last step follows while it is looked at. A machine that is busy may take too long
/// for some of them.
#[tokio::test]
async fn a_poll_that_is_read_just_before_the_last_step_is_one_too_many() {
    const ROUNDS: usize = 15;
    let world = World::echo(Config::default()).await;
    let mut too_many = 0;
    for _ in 0..ROUNDS {
        let session = Polling::open(world.address).await;
        let mut websocket = session.websocket().await;
        websocket.send("2probe").await;
        assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
        let (poll, ()) = tokio::join!(session.get(), async {
            tokio::time::sleep(ms(2)).await;
            websocket.send("5").await;
        });
        let poll = poll.unwrap();
        too_many += usize::from((poll.status, poll.text()) == BAD_REQUEST);
        websocket.send("4fine").await;
        assert_eq!(websocket.text().await, "4fine");
    }
    assert!(too_many > ROUNDS / 2, "{too_many} of {ROUNDS}");
}
