//! From long-polling to WebSocket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engineio::{CloseReason, Config, Engine, Flow, Frame, Message, Transport};
use testkit::wire::{PATIENCE, Polling, Received, WebSocket};
use tokio::time::timeout;

use crate::world::{Told, World, echo, ms, until};

#[tokio::test]
async fn a_session_moves_to_websocket() {
    for foreign in [false, true] {
        let mut world = World::on_streams(foreign, Engine::builder(Config::default()), echo).await;
        let session = Polling::open(world.address).await;
        let socket = world.opened().await;
        session.post("4before").await.unwrap();
        assert_eq!(socket.transport(), Transport::Polling);
        // The echo was not polled for; it follows the session.
        let mut websocket = session.upgrade().await;
        assert_eq!(websocket.text().await, "4before");
        websocket.send("4after").await;
        assert_eq!(websocket.text().await, "4after");
        assert_eq!(socket.transport(), Transport::WebSocket);
        let stats = world.engine.stats();
        assert_eq!((stats.opened, stats.upgraded, stats.polling, stats.websocket), (1, 1, 0, 1));
    }
}

#[tokio::test]
async fn an_open_poll_gets_a_noop_so_that_it_can_end() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let poll = tokio::spawn({
        let session = session.clone();
        async move { session.poll().await }
    });
    let mut websocket = session.websocket().await;
    websocket.send("2probe").await;
    assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
    // Whether it was open before the probe or came after it.
    assert_eq!(poll.await.unwrap(), ["6"]);
    assert_eq!(session.poll().await, ["6"]);
    websocket.send("5").await;
    websocket.send("4hello").await;
    assert_eq!(websocket.text().await, "4hello");
}

#[tokio::test]
async fn until_the_last_step_messages_go_over_polling_alone() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let mut websocket = session.websocket().await;
    socket.send(Frame::text("a")).unwrap();
    websocket.send("2probe").await;
    assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
    socket.send(Frame::text("b")).unwrap();
    assert_eq!(session.poll().await, ["4a", "4b"]);
    session.post("4c").await.unwrap();
    assert_eq!(session.poll().await, ["4c"]);
    socket.send(Frame::text("d")).unwrap();
    websocket.send("5").await;
    assert_eq!(websocket.recv().await, Received::Text("4d".into()), "and the first after the probe");
}

/// A client that polls, posts and upgrades while both sides talk without a pause.
#[tokio::test]
async fn an_upgrade_under_load_loses_doubles_and_reorders_nothing() {
    const EACH: usize = 3_000;
    for round in 0..4 {
        let mut world = World::start(Engine::builder(Config::default()), |_, _| Flow::Continue).await;
        let session = Polling::open(world.address).await;
        let socket = world.opened().await;
        let sender = tokio::spawn(async move {
            for number in 0..EACH {
                socket.send(Frame::text(&number.to_string())).unwrap();
                if number % 7 == round {
                    tokio::task::yield_now().await;
                }
                if number % 50 == 0 {
                    tokio::time::sleep(ms(1)).await;
                }
            }
        });
        let client = load_and_upgrade(&session, EACH, 3 + round * 5);
        let received = timeout(PATIENCE, client).await.unwrap();
        sender.await.unwrap();
        assert_eq!(received, (0..EACH).map(|number| format!("4{number}")).collect::<Vec<_>>());
        for number in 0..EACH {
            assert_eq!(world.text().await, number.to_string());
        }
    }
}

/// Talks over polling, upgrades after so many posts as the official client does, and goes on; returns all that came.
async fn load_and_upgrade(session: &Polling, each: usize, posts: usize) -> Vec<String> {
    let stop = Arc::new(AtomicBool::new(false));
    let polls = tokio::spawn({
        let (session, stop) = (session.clone(), Arc::clone(&stop));
        async move {
            let mut received = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                received.extend(session.poll().await.into_iter().filter(|packet| packet != "6"));
            }
            received
        }
    });
    let mut websocket = session.websocket().await;
    let mut next = 0;
    for post in 0..posts {
        let payload: Vec<String> = (next..next + 20).map(|number| format!("4{number}")).collect();
        next += 20;
        assert_eq!(session.post(&payload.join("\u{1e}")).await.unwrap().text(), "ok");
        if post == posts / 2 {
            websocket.send("2probe").await;
        }
    }
    assert_eq!(websocket.recv().await, Received::Text("3probe".into()), "nothing else before the last step");
    stop.store(true, Ordering::Relaxed);
    let mut received = polls.await.unwrap();
    websocket.send("5").await;
    for number in next..each {
        websocket.send(&format!("4{number}")).await;
    }
    while received.len() < each {
        received.push(websocket.text().await);
    }
    received
}

#[tokio::test]
async fn an_upgrade_that_stops_half_way_leaves_the_session_where_it_was() {
    let config = Config::with(|config| config.upgrade_timeout = ms(150));
    let world = World::echo(config).await;
    let session = Polling::open(world.address).await;

    // Silence, a wrong word, and a step too far, each in its turn.
    let mut silent = session.websocket().await;
    silent.ended().await;
    let mut wrong = session.websocket().await;
    wrong.send("4hello").await;
    wrong.ended().await;
    let mut probed = session.websocket().await;
    probed.send("2probe").await;
    assert_eq!(probed.recv().await, Received::Text("3probe".into()));
    probed.send("4hello").await;
    probed.ended().await;
    let cut = session.websocket().await;
    cut.cut().await;

    session.post("4still here").await.unwrap();
    let mut polled = session.poll().await;
    while polled == ["6"] {
        polled = session.poll().await;
    }
    assert_eq!(polled, ["4still here"]);
    // And it can be upgraded yet.
    let attempts = async {
        loop {
            let mut websocket = session.websocket().await;
            websocket.send("2probe").await;
            if websocket.recv().await == Received::Text("3probe".into()) {
                websocket.send("5").await;
                return websocket;
            }
        }
    };
    let mut websocket = timeout(PATIENCE, attempts).await.unwrap();
    websocket.send("4upgraded").await;
    assert_eq!(websocket.text().await, "4upgraded");
    assert_eq!(world.engine.stats().opened, 1);
}

#[tokio::test]
async fn a_second_websocket_is_closed_and_disturbs_nothing() {
    let world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let mut websocket = session.websocket().await;
    let mut during = session.websocket().await;
    assert_eq!(during.ended().await, Some(1000));
    websocket.send("2probe").await;
    assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
    websocket.send("5").await;
    websocket.send("4a").await;
    assert_eq!(websocket.text().await, "4a");

    let mut after = session.websocket().await;
    assert_eq!(after.ended().await, Some(1000));
    for answer in [session.get().await.unwrap(), session.post("4stranger").await.unwrap()] {
        assert_eq!((answer.status, answer.text()), (400, r#"{"code":3,"message":"Bad request"}"#));
    }
    websocket.send("4b").await;
    assert_eq!(websocket.text().await, "4b");
}

#[tokio::test]
async fn a_session_that_ends_during_its_upgrade_ends_both() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let mut websocket = session.websocket().await;
    websocket.send("2probe").await;
    assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
    socket.close(CloseReason::ForcedClose);
    websocket.ended().await;
    assert_eq!(world.closed().await, CloseReason::ForcedClose);
    until("nothing is left", || world.engine.stats().polling == 0).await;
}

#[tokio::test]
async fn upgrades_can_be_switched_off() {
    let world = World::echo(Config::with(|config| config.allow_upgrades = false)).await;
    let session = Polling::open(world.address).await;
    assert!(session.open.contains(r#""upgrades":[]"#));
    let mut websocket = session.websocket().await;
    assert_eq!(websocket.ended().await, Some(1000));
    session.post("4still here").await.unwrap();
    assert_eq!(session.poll().await, ["4still here"]);
}

/// A text frame whose mask changes nothing.
fn masked(text: &str) -> Vec<u8> {
    [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0][..], text.as_bytes()].concat()
}

/// The WebSocket takes over while a POST is held up by a pause; what it brings must not overtake.
#[tokio::test]
async fn a_post_that_is_held_up_comes_before_what_the_websocket_brings() {
    let mut world = World::start(Engine::builder(Config::default()), |_, message| {
        if message == Message::Text("1") { Flow::Pause } else { Flow::Continue }
    })
    .await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let mut websocket = session.websocket().await;
    websocket.send("2probe").await;
    assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
    let post = tokio::spawn(async move { session.post("41\u{1e}42\u{1e}43").await.unwrap() });
    assert_eq!(world.text().await, "1");
    // In one piece, so that the message is at hand when reading goes on.
    websocket.raw(&[masked("5"), masked("44")].concat()).await;
    until("the WebSocket has taken over", || socket.transport() == Transport::WebSocket).await;
    socket.resume();
    for number in ["2", "3", "4"] {
        assert_eq!(world.text().await, number);
    }
    assert_eq!(post.await.unwrap().text(), "ok");
}

#[tokio::test]
async fn what_comes_with_the_last_step_in_one_piece_is_not_lost() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let mut websocket = session.websocket().await;
    websocket.send("2probe").await;
    assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
    // Three frames: the step, a message, and the start of one whose end follows.
    let (whole, cut) = ([masked("5"), masked("4a")].concat(), masked("4b"));
    websocket.raw(&[&whole[..], &cut[..3]].concat()).await;
    assert_eq!(world.text().await, "a");
    websocket.raw(&cut[3..]).await;
    assert_eq!(world.text().await, "b");
}

#[tokio::test]
async fn a_session_is_told_of_its_upgrade_before_what_the_websocket_brings() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    world.opened().await;
    session.post("4a").await.unwrap();
    assert!(matches!(world.next().await, Told::Text(_)));
    let mut websocket = session.upgrade().await;
    websocket.send("4b").await;
    assert!(matches!(world.next().await, Told::Upgraded));
    assert!(matches!(world.next().await, Told::Text(_)));
}

#[tokio::test]
async fn a_cut_after_the_upgrade_ends_the_session() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let websocket: WebSocket = session.upgrade().await;
    websocket.reset();
    assert_eq!(world.closed().await, CloseReason::TransportClose);
    assert!(matches!(world.next().await, Told::Dropped));
    assert_eq!(session.get().await.unwrap().text(), r#"{"code":1,"message":"Session ID unknown"}"#);
}

#[tokio::test]
async fn pings_between_the_steps_of_an_upgrade_are_passed_over() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let mut websocket = session.websocket().await;
    for (step, answer) in [("2probe", Some("3probe")), ("5", None)] {
        let mut bytes = [0x89, 0x80, 1, 2, 3, 4].repeat(30_000);
        bytes.extend([0x81, 0x80 | step.len() as u8, 0, 0, 0, 0]);
        bytes.extend(step.as_bytes());
        websocket.raw(&bytes).await;
        if let Some(answer) = answer {
            assert_eq!(websocket.recv().await, Received::Text(answer.into()));
        }
    }
    websocket.send("4on").await;
    assert_eq!(world.text().await, "on");
}
