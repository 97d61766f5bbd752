//! What an application sees of the connections below its sockets.

use engineio::CloseReason;
use socketio::Transport;
use testkit::wire::Polling;

use crate::world::{World, log, until};

#[tokio::test]
async fn the_change_of_transport_is_told_in_turn() {
    let world = World::new().await;
    let ns = world.io.of("/");
    let (seen, mut log) = log();
    let (early, changed) = (seen.clone(), seen.clone());
    ns.on_connect(move |socket| {
        early.send(format!("connected by {}", socket.transport().as_str())).unwrap();
        let changed = changed.clone();
        socket.on_upgrade(move |socket, transport| {
            assert_eq!(socket.transport(), transport);
            changed.send(format!("upgraded to {}", transport.as_str())).unwrap();
            async {}
        });
        async {}
    });
    ns.fallback(move |socket, event| {
        seen.send(format!("{} by {}", event.name(), socket.transport().as_str())).unwrap();
        async {}
    });
    let session = Polling::open(world.address).await;
    session.post("40").await.unwrap();
    session.post(r#"42["before"]"#).await.unwrap();
    assert_eq!(log.take(2).await, ["connected by polling", "before by polling"]);
    let mut websocket = session.upgrade().await;
    websocket.send(r#"42["after"]"#).await;

    assert_eq!(log.take(2).await, ["upgraded to websocket", "after by websocket"]);
    let socket = ns.everyone().sockets().remove(0);
    assert_eq!(socket.transport(), Transport::WebSocket);
}

#[tokio::test]
async fn a_server_counts_what_it_holds_and_what_it_did() {
    let world = World::new().await;
    let custom = world.io.of("/custom");
    custom.on("hello", |socket, _| async move { socket.join("red") });
    let mut client = world.client().namespace("/custom").connect().await.unwrap();
    client.emit("hello", ()).await;
    until("the room", || custom.room_count() == 1).await;

    let stats = world.io.stats();
    assert_eq!((stats.namespaces, stats.sockets, stats.rooms, stats.events_in), (2, 1, 1, 1));
    assert_eq!((stats.engine.websocket, stats.engine.opened), (1, 1));
    assert!(stats.engine.bytes_in > 0 && stats.engine.packets_in >= 2);
    client.send_raw("2nonsense").await;
    until("the end of the connection", || world.io.stats().engine.closed_by(CloseReason::ParseError) == 1).await;
    assert_eq!(world.io.stats().malformed, 1);
    until("the socket to be gone", || world.io.stats().sockets == 0).await;
}
