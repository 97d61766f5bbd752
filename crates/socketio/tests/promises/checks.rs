//! Checks of single events, and what is told of them: `use_`, `on_error`, `on_any_outgoing`.

use serde_json::json;
use socketio::{Socket, SocketId};
use testkit::client::Client;

use crate::world::{World, log};

fn socket(world: &World, client: &Client) -> Socket {
    world.io.of("/").socket(&SocketId::parse(client.id()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_check_keeps_an_event_from_its_listeners_and_says_why() {
    let world = World::new().await;
    let ns = world.io.of("/");
    let (seen, mut log) = log();
    let refused = seen.clone();
    ns.use_(|_, event| async move {
        tokio::task::yield_now().await;
        if event.name() == "forbidden" { Err("not for you") } else { Ok(()) }
    });
    ns.on_error(move |_, event, error| {
        refused.send(format!("{}: {error}", event.name())).unwrap();
        async {}
    });
    ns.fallback(move |_, event| {
        seen.send(event.name().to_owned()).unwrap();
        async {}
    });
    let mut client = world.connect().await;
    for event in ["first", "forbidden", "last"] {
        client.emit(event, ()).await;
    }

    assert_eq!(log.take(3).await, ["first", "forbidden: not for you", "last"]);
}

#[tokio::test]
async fn a_sockets_own_checks_run_after_the_namespaces_and_stop_at_the_first_error() {
    let world = World::new().await;
    let ns = world.io.of("/");
    let (seen, mut log) = log();
    let (first, second, third) = (seen.clone(), seen.clone(), seen);
    ns.use_(move |_, _| {
        first.send("namespace").unwrap();
        async { Ok::<(), String>(()) }
    });
    ns.on_connect(move |socket| {
        let (second, third) = (second.clone(), third.clone());
        socket.use_(move |_, event| {
            second.send("own").unwrap();
            async move {
                event.take_ack().unwrap().send(("refused",)).unwrap();
                Err("no".to_owned())
            }
        });
        socket.use_(move |_, _| {
            third.send("after an error").unwrap();
            async { Ok::<(), String>(()) }
        });
        async {}
    });
    let mut client = world.connect().await;

    assert_eq!(client.emit_with_ack("any", ()).await, ["refused"]);
    assert_eq!(log.take(2).await, ["namespace", "own"]);
    assert!(log.is_empty());
}

#[tokio::test]
async fn whatever_goes_out_to_a_socket_can_be_watched() {
    let world = World::new().await;
    let ns = world.io.of("/");
    let (watched, mut unwatched) = (world.connect().await, world.connect().await);
    let (seen, mut log) = log();
    socket(&world, &watched).on_any_outgoing(move |socket, event, args| {
        seen.send(format!("{} {event} {}", socket.id(), args.to_json())).unwrap();
    });
    let own = socket(&world, &watched);
    own.emit("own", (1,)).unwrap();
    own.emit_volatile("volatile", (2, "x")).unwrap();
    ns.emit("all", (json!({"a": null}),)).unwrap();
    ns.except(watched.id()).emit("others", ()).unwrap();
    drop(ns.everyone().emit_with_ack("asked", (), testkit::client::PATIENCE).unwrap());

    let expected = ["own [1]", r#"volatile [2,"x"]"#, r#"all [{"a":null}]"#, "asked []"];
    assert_eq!(log.take(4).await, expected.map(|entry| format!("{} {entry}", watched.id())));
    assert!(log.is_empty());
    unwatched.event("others").await;
}
