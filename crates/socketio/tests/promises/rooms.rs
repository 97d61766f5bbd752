//! Rooms and whom a broadcast reaches.

use serde_json::json;
use socketio::{Socket, SocketId};
use testkit::client::{Client, End};

use crate::world::{World, until};

/// Everybody gets a `mark` last, so that what did not come before it was not sent.
async fn received(world: &World, client: &mut Client) -> Vec<String> {
    let id = SocketId::parse(client.id()).unwrap();
    world.io.of("/").socket(&id).unwrap().emit("mark", ()).unwrap();
    client.event("mark").await;
    client.pending().into_iter().map(|event| event.name).collect()
}

fn socket(world: &World, client: &Client) -> Socket {
    world.io.of("/").socket(&SocketId::parse(client.id()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_room_gets_what_is_emitted_to_it() {
    let world = World::new().await;
    let (mut a, mut b, mut c) = (world.connect().await, world.connect().await, world.connect().await);
    socket(&world, &a).join("red");
    socket(&world, &b).join("red");

    world.io.of("/").to("red").emit("paint", (1, "two")).unwrap();
    assert_eq!(a.event("paint").await, [json!(1), json!("two")]);
    assert_eq!(received(&world, &mut b).await, ["paint"]);
    assert!(received(&world, &mut c).await.is_empty());
}

#[tokio::test]
async fn a_socket_in_several_rooms_gets_an_event_once() {
    let world = World::new().await;
    let mut a = world.connect().await;
    socket(&world, &a).join("red");
    socket(&world, &a).join("blue");

    let ns = world.io.of("/");
    ns.to("red").to("blue").in_(a.id()).emit("once", ()).unwrap();
    assert_eq!(received(&world, &mut a).await, ["once"]);
}

#[tokio::test]
async fn except_leaves_out() {
    let world = World::new().await;
    let (mut a, mut b, mut c) = (world.connect().await, world.connect().await, world.connect().await);
    for client in [&a, &b, &c] {
        socket(&world, client).join("red");
    }
    socket(&world, &b).join("blue");

    world.io.of("/").to("red").except("blue").except(c.id()).emit("some", ()).unwrap();
    world.io.of("/").except("blue").emit("others", ()).unwrap();
    assert_eq!(received(&world, &mut a).await, ["some", "others"]);
    assert!(received(&world, &mut b).await.is_empty());
    assert_eq!(received(&world, &mut c).await, ["others"]);
}

#[tokio::test]
async fn a_sockets_broadcast_leaves_itself_out() {
    let world = World::new().await;
    let (mut a, mut b) = (world.connect().await, world.connect().await);
    for client in [&a, &b] {
        socket(&world, client).join("red");
    }

    let from = socket(&world, &a);
    from.broadcast().emit("all", ()).unwrap();
    from.to("red").emit("red", ()).unwrap();
    from.except("red").emit("none", ()).unwrap();
    assert!(received(&world, &mut a).await.is_empty());
    assert_eq!(received(&world, &mut b).await, ["all", "red"]);
}

#[tokio::test]
async fn every_socket_has_a_room_of_its_own() {
    let world = World::new().await;
    let (mut a, mut b) = (world.connect().await, world.connect().await);
    let own = socket(&world, &a);

    assert_eq!(own.rooms(), [own.id().as_str().into()]);
    assert!(own.is_in(own.id()));
    own.leave(own.id());
    world.io.of("/").to(own.id()).emit("private", ()).unwrap();
    assert_eq!(received(&world, &mut a).await, ["private"]);
    assert!(received(&world, &mut b).await.is_empty());
}

#[tokio::test]
async fn leaving_ends_it() {
    let world = World::new().await;
    let mut a = world.connect().await;
    let own = socket(&world, &a);
    own.join("red");
    own.join("red");
    own.leave("red");
    own.leave("never joined");

    world.io.of("/").to("red").emit("late", ()).unwrap();
    assert!(received(&world, &mut a).await.is_empty());
    assert_eq!(world.io.of("/").room_count(), 0);
}

#[tokio::test]
async fn rooms_go_with_their_last_socket() {
    let world = World::new().await;
    let ns = world.io.of("/");
    for _ in 0..10 {
        let client = world.connect().await;
        socket(&world, &client).join("red");
        socket(&world, &client).join(client.id().to_lowercase());
        client.close().await;
    }

    until("the rooms to go", || ns.room_count() == 0 && ns.is_empty()).await;
}

#[tokio::test]
async fn a_selection_can_be_moved_and_disconnected() {
    let world = World::new().await;
    let (mut a, mut b) = (world.connect().await, world.connect().await);
    socket(&world, &a).join("red");
    let ns = world.io.of("/");

    ns.to("red").sockets_join("blue");
    ns.to("blue").sockets_leave("red");
    assert_eq!(ns.to("red").sockets().len(), 0);
    let found: Vec<SocketId> = ns.to("blue").fetch_sockets().await.iter().map(|socket| *socket.id()).collect();
    assert_eq!(found, [SocketId::parse(a.id()).unwrap()]);

    ns.to("blue").disconnect_sockets(true);
    assert_eq!(a.end().await, End::Disconnected);
    assert!(received(&world, &mut b).await.is_empty());
}

#[tokio::test]
async fn everybody_in_a_room_sees_the_same_order() {
    let world = World::new().await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let client = world.connect().await;
        socket(&world, &client).join("red");
        clients.push(client);
    }
    let emitters: Vec<_> = (0..4)
        .map(|thread| {
            let ns = world.io.of("/");
            std::thread::spawn(move || {
                for n in 0..200 {
                    ns.to("red").emit("n", (thread * 1000 + n,)).unwrap();
                }
            })
        })
        .collect();
    for emitter in emitters {
        emitter.join().unwrap();
    }

    let mut orders = Vec::new();
    for client in &mut clients {
        let mut order = Vec::new();
        for _ in 0..800 {
            order.push(client.event("n").await);
        }
        orders.push(order);
    }
    assert!(orders.iter().all(|order| *order == orders[0]));
}
