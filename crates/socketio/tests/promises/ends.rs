//! How a socket ends, and what it is told about it.

use std::time::Duration;

use engineio::CloseReason;
use serde_json::json;
use socketio::Socket;
use testkit::client::{Client, End, within};
use testkit::wire::{Received, WebSocket};

use crate::world::{Log, World, log, until};

fn reasons(world: &World) -> Log<String> {
    let (seen, log) = log();
    world.io.of("/").on_disconnect(move |_, reason| {
        let seen = seen.clone();
        async move { seen.send(reason.to_string()).unwrap() }
    });
    log
}

/// A client for which 32 events wait, several times what the sockets' buffers hold, and its socket. Nobody else may be there.
async fn stalled(world: &World) -> (Client, Socket) {
    let client = world.connect().await;
    let socket = world.io.of("/").everyone().sockets().pop().unwrap();
    for _ in 0..32 {
        socket.emit("much", ("x".repeat(1 << 20),)).unwrap();
    }
    (client, socket)
}

#[tokio::test]
async fn a_client_that_leaves_the_namespace() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    let mut client = world.connect().await;
    client.disconnect().await;

    assert_eq!(reasons.next().await, "client namespace disconnect");
}

#[tokio::test]
async fn a_client_that_closes() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    world.connect().await.close().await;
    assert_eq!(reasons.next().await, "transport close");

    drop(world.connect().await);
    let reason = reasons.next().await;
    assert!(reason == "transport close" || reason == "transport error", "{reason}");
}

#[tokio::test]
async fn a_client_that_does_not_answer_heartbeats() {
    let world = World::engine(|config| {
        config.ping_interval = Duration::from_millis(50);
        config.ping_timeout = Duration::from_millis(50);
    })
    .await;
    let mut reasons = reasons(&world);
    let _silent = world.connect().await;

    assert_eq!(reasons.next().await, "ping timeout");
}

#[tokio::test]
async fn the_server_leaves_the_namespace() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    let mut client = world.connect().await;
    world.io.of("/").everyone().disconnect_sockets(false);

    assert_eq!(client.end().await, End::Disconnected);
    assert_eq!(reasons.next().await, "server namespace disconnect");
    client.join(None).await.expect("the connection is still there");
}

#[tokio::test]
async fn the_server_disconnects_everything() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    let mut client = world.connect().await;
    client.send_raw("0/custom,").await;
    client.next_other().await;
    world.io.of("/").everyone().disconnect_sockets(true);

    assert_eq!(client.end().await, End::Disconnected);
    assert_eq!(reasons.next().await, "server namespace disconnect");
}

#[tokio::test]
async fn a_disconnected_client_that_does_not_read_is_gone_at_once() {
    let world = World::engine(|config| config.outbound_limit = 64 << 20).await;
    let mut reasons = reasons(&world);
    // So much that the DISCONNECT cannot get out.
    let (_stalled, socket) = stalled(&world).await;
    socket.disconnect(true);

    assert!(socket.emit("late", ()).is_err());
    assert_eq!(reasons.next().await, "server namespace disconnect");
    // That returns when no transport is left. It has a minute for it, so it does not help along.
    within("the transport to go", world.io.close(Duration::from_secs(60))).await;
}

#[tokio::test]
async fn a_kicked_client_gets_nothing_of_what_was_queued_for_it_and_a_disconnected_one_all() {
    let world = World::engine(|config| config.outbound_limit = 64 << 20).await;
    let mut reasons = reasons(&world);
    let ns = world.io.of("/");
    for kicked in [true, false] {
        let (mut stalled, socket) = stalled(&world).await;
        if kicked {
            ns.everyone().kick_sockets();
        } else {
            socket.disconnect(true);
        }

        // It reads again in time.
        assert_eq!(stalled.end().await, End::Disconnected);
        let received = stalled.pending().len();
        assert!(if kicked { received < 16 } else { received == 32 }, "{received} events; kicked: {kicked}");
        assert_eq!(reasons.next().await, "server namespace disconnect");
    }
}

#[tokio::test]
async fn whoever_is_kicked_while_it_is_disconnected_is_still_told_so() {
    let world = World::engine(|config| config.outbound_limit = 64 << 20).await;
    let (mut stalled, socket) = stalled(&world).await;
    socket.disconnect(true);
    socket.kick();

    assert_eq!(stalled.end().await, End::Disconnected);
    let received = stalled.pending().len();
    assert!(received < 16, "{received} events");
}

#[tokio::test]
async fn whoever_is_put_out_of_the_namespace_and_kicked_is_told_so() {
    let world = World::engine(|config| config.outbound_limit = 64 << 20).await;
    let (mut stalled, socket) = stalled(&world).await;
    socket.disconnect(false);
    socket.kick();

    assert_eq!(stalled.end().await, End::Disconnected);
    let received = stalled.pending().len();
    assert!(received < 16, "{received} events");
}

#[tokio::test]
async fn whoever_is_sent_away_twice_at_once_is_told_so_once() {
    type Away = fn(&Socket);
    let ways: [Away; 3] = [|socket| socket.disconnect(false), |socket| socket.disconnect(true), Socket::kick];
    for first in ways {
        for second in &ways[1..] {
            let world = World::new().await;
            let mut client = WebSocket::open(world.address).await;
            client.send("40").await;
            client.text().await;
            let second = *second;
            // It stands for another task that comes while the first is at it.
            world.io.of("/").on_disconnecting(move |socket, _| second(socket));
            first(&world.io.of("/").everyone().sockets().pop().unwrap());

            assert_eq!(client.recv().await, Received::Text("41".into()));
            assert_eq!(client.recv().await, Received::Close(Some(1000)));
        }
    }
}

#[tokio::test]
async fn a_client_that_is_kicked_leaves_every_namespace() {
    let world = World::new().await;
    let other = world.io.of("/other");
    let mut client = world.connect().await;
    client.send_raw("0/other,").await;
    client.next_other().await;
    world.io.of("/").everyone().kick_sockets();

    let farewells = [client.next_other().await, client.next_other().await];
    assert!(farewells.contains(&"1/other,".to_owned()), "{farewells:?}");
    until("it to be gone", || other.is_empty() && world.io.of("/").is_empty()).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    let _stalled = world.connect().await;
    let mut reader = world.connect().await;
    let ns = world.io.of("/");
    let text = "x".repeat(50_000);
    let reading = async {
        let mut count = 0;
        while ns.len() == 2 {
            ns.emit("much", (&text,)).unwrap();
            reader.event("much").await;
            count += 1;
        }
        count
    };

    assert!(within("the stalled client to be cut off", reading).await > 0);
    assert_eq!(reasons.next().await, "transport close");
    assert_eq!(world.io.stats().engine.closed_by(CloseReason::SlowReader), 1, "for what waits, not for how long");
    ns.emit("still", ("here",)).unwrap();
    assert_eq!(reader.event("still").await, ["here"]);
}

#[tokio::test]
async fn volatile_events_are_dropped_for_whoever_does_not_read() {
    let world = World::new().await;
    let mut slow = world.connect().await;
    let ns = world.io.of("/");
    let socket = ns.everyone().sockets().pop().unwrap();
    let text = "x".repeat(50_000);
    let mut queued = 0;
    for _ in 0..500 {
        queued += usize::from(socket.emit_volatile("much", (&text,)).unwrap());
        ns.everyone().volatile().emit("also", ()).unwrap();
    }
    assert!(queued < 500, "25 MB cannot wait in a queue of 1 MiB");
    assert!(socket.is_connected(), "volatile events close nobody");
    socket.emit("last", ()).unwrap();

    slow.event("last").await;
    assert_eq!(slow.pending().iter().filter(|event| event.name == "much").count(), queued);
}

#[tokio::test]
async fn the_server_closes() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    let mut client = world.connect().await;
    world.io.of("/").emit("last", ("words",)).unwrap();
    within("the server to close", world.io.close(Duration::from_secs(1))).await;

    assert_eq!(reasons.next().await, "server shutting down");
    assert_eq!(client.event("last").await, ["words"]);
    assert_eq!(client.end().await, End::Closed, "no DISCONNECT, so that clients come back");
}

#[tokio::test]
async fn a_connection_can_be_closed_so_that_its_client_comes_back() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    let mut client = world.connect().await;
    world.io.of("/").everyone().sockets()[0].close_connection();

    assert_eq!(client.end().await, End::Closed);
    assert_eq!(reasons.next().await, "forced close");
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_connection_alone() {
    let world = World::new().await;
    let mut reasons = reasons(&world);
    let ns = world.io.of("/");
    ns.on("panic at once", |_, _| -> std::future::Ready<()> { panic!("on purpose") });
    ns.on("panic in the future", |_, _| async { panic!("on purpose") });
    ns.on("panic later", |_, _| async {
        tokio::task::yield_now().await;
        panic!("on purpose")
    });
    ns.on("echo", |_, event| async move { event.take_ack().unwrap().send(()).unwrap() });
    let mut neighbour = world.connect().await;
    for event in ["panic at once", "panic in the future", "panic later"] {
        let mut client = world.connect().await;
        client.emit(event, ()).await;
        assert_eq!(client.end().await, End::Closed, "{event}");
        assert_eq!(reasons.next().await, "forced server close", "{event}");
    }

    assert!(neighbour.emit_with_ack("echo", ()).await.is_empty());
}

#[tokio::test]
async fn middleware_that_panics_lets_nobody_in() {
    let world = World::new().await;
    world.io.of("/").middleware(|_, _| async { panic!("on purpose") });

    assert!(world.client().connect().await.is_err());
    assert!(world.io.of("/").is_empty());
}

#[tokio::test]
async fn listeners_come_and_go() {
    let world = World::new().await;
    let (seen, mut log) = log();
    let note = move |what: &'static str| {
        let seen = seen.clone();
        move |_, event: socketio::Event| {
            let seen = seen.clone();
            async move { seen.send(format!("{what} {}", event.name())).unwrap() }
        }
    };
    let (any, fallback, twice) = (note("any"), note("fallback"), note("on"));
    let (once, off) = (note("once"), note("off"));
    world.io.of("/").fallback(note("namespace"));
    world.io.of("/").on_connect(move |socket| {
        socket.on_any(any.clone());
        socket.fallback(fallback.clone());
        socket.on("twice", twice.clone());
        socket.once("once", once.clone());
        socket.on("off", off.clone());
        socket.off("off");
        async {}
    });
    let mut client: Client = world.connect().await;
    for event in ["once", "once", "twice", "twice", "off"] {
        client.emit(event, (json!(null),)).await;
    }

    let expected = [
        ["any once", "once once"],
        ["any once", "fallback once"],
        ["any twice", "on twice"],
        ["any twice", "on twice"],
        ["any off", "fallback off"],
    ];
    assert_eq!(log.take(10).await, expected.concat());
}

#[tokio::test]
async fn whoever_leaves_can_still_tell_the_rooms_that_it_was_in() {
    let world = World::new().await;
    let ns = world.io.of("/");
    let (seen, mut log) = log();
    let after = seen.clone();
    ns.on_connect(|socket| async move { socket.join("red") });
    ns.on_disconnecting(move |socket, reason| {
        seen.send((reason.to_string(), socket.rooms().len(), socket.is_in("red"))).unwrap();
        for room in socket.rooms() {
            socket.to(&*room).emit("left", (socket.id(),)).unwrap();
        }
    });
    ns.on_disconnect(move |socket, reason| {
        after.send((reason.to_string(), socket.rooms().len(), socket.is_in("red"))).unwrap();
        async {}
    });
    let (mut stays, leaves) = (world.connect().await, world.connect().await);
    let id = leaves.id().to_owned();
    leaves.close().await;

    assert_eq!(stays.event("left").await, [id]);
    let reason = "transport close".to_owned();
    assert_eq!(log.take(2).await, [(reason.clone(), 2, true), (reason, 0, false)]);
}

#[tokio::test]
async fn a_disconnecting_handler_that_panics_keeps_nobody() {
    let world = World::new().await;
    let ns = world.io.of("/");
    ns.on_disconnecting(|_, _| panic!("on purpose"));
    let mut client = world.connect().await;
    ns.everyone().disconnect_sockets(false);

    assert_eq!(client.end().await, End::Disconnected);
    until("it to be gone", || ns.is_empty()).await;
}
