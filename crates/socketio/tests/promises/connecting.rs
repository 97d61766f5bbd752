//! CONNECT: who gets in, and how the others are told.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use engineio::Refusal;
use serde_json::json;
use socketio::{ConnectError, Server, SocketId};
use testkit::client::{Client, End, Refused};

use crate::world::{World, log, until};

#[tokio::test]
async fn a_client_gets_an_id_that_is_not_its_session() {
    let world = World::new().await;
    let client = world.connect().await;

    let sid = client.open_packet()["sid"].as_str().unwrap();
    // Nor can the one be told from the other.
    let common = client.id().bytes().zip(sid.bytes()).take_while(|(public, secret)| public == secret).count();
    assert!(common < 8, "{} and {sid} begin alike", client.id());
    assert!(SocketId::parse(client.id()).is_some());
    assert!(world.io.of("/").socket(&SocketId::parse(client.id()).unwrap()).is_some());
}

#[tokio::test]
async fn middleware_lets_in() {
    let world = World::new().await;
    let guarded = world.io.of("/guarded");
    guarded.middleware(|socket, auth| async move {
        socket.set_data(auth["token"].as_str().unwrap().to_owned());
        socket.join("known");
        Ok(())
    });
    guarded.on("who", |socket, event| async move {
        event.take_ack().unwrap().send((socket.data::<String>(), socket.is_in("known"))).unwrap();
    });
    let client = world.client().namespace("/guarded").auth(json!({"token": "secret"}));

    let mut client = client.connect().await.unwrap();
    assert_eq!(client.emit_with_ack("who", ()).await, [json!("secret"), json!(true)]);
}

#[tokio::test]
async fn middleware_refuses_with_message_and_data() {
    let world = World::new().await;
    let guarded = world.io.of("/guarded");
    guarded.middleware(|_, auth| async move {
        if auth["token"] == "secret" {
            return Ok(());
        }
        Err(ConnectError::new("not authorized").with_data(json!({"code": 1})))
    });
    let refused = world.client().namespace("/guarded").auth(json!({"token": "guess"})).connect().await.unwrap_err();

    assert_eq!(refused, Refused::Namespace(json!({"message": "not authorized", "data": {"code": 1}})));
    until("the refused socket to be forgotten", || guarded.is_empty()).await;
}

#[tokio::test]
async fn a_refused_client_may_try_again_on_the_same_connection() {
    let world = World::new().await;
    world.io.of("/").middleware(|_, auth| async move {
        if auth["token"] == "secret" { Ok(()) } else { Err(ConnectError::new("no")) }
    });
    let mut client = world.client().open().await.unwrap();

    assert_eq!(client.join(None).await, Err(Refused::Namespace(json!({"message": "no"}))));
    assert_eq!(client.join(Some(json!({"token": "secret"}))).await, Ok(()));
}

#[tokio::test]
async fn middleware_runs_in_order_and_stops_at_the_first_refusal() {
    let world = World::new().await;
    let (seen, mut log) = log();
    for (name, refuses) in [("first", false), ("second", true), ("third", false)] {
        let seen = seen.clone();
        world.io.of("/").middleware(move |_, _| {
            let seen = seen.clone();
            async move {
                seen.send(name).unwrap();
                if refuses { Err(ConnectError::new(name)) } else { Ok(()) }
            }
        });
    }

    assert!(world.client().connect().await.is_err());
    assert_eq!(log.take(2).await, ["first", "second"]);
    assert!(log.is_empty());
}

#[tokio::test]
async fn unknown_namespaces_are_refused() {
    let world = World::new().await;
    let refused = world.client().namespace("/nowhere").connect().await.unwrap_err();

    assert_eq!(refused, Refused::Namespace(json!({"message": "Invalid namespace"})));
}

#[tokio::test]
async fn one_connection_joins_several_namespaces() {
    let world = World::new().await;
    let echo = |ns: &socketio::Namespace| {
        ns.on("where", |socket, _| async move { socket.emit("here", (socket.namespace_name(),)).unwrap() });
    };
    echo(&world.io.of("/"));
    echo(&world.io.of("/custom"));
    let mut client = world.connect().await;
    client.send_raw("0/custom,").await;
    assert!(client.next_other().await.starts_with("0/custom,{"));

    client.send_raw(r#"2/custom,["where"]"#).await;
    assert_eq!(client.next_other().await, r#"2/custom,["here","/custom"]"#);
    client.send_raw("1/custom,").await;
    client.emit("where", ()).await;
    assert_eq!(client.event("here").await, ["/"]);
}

#[tokio::test]
async fn dynamic_namespaces_come_and_go() {
    let world = World::new().await;
    let rooms = world.io.of_matching(|name| name.starts_with("/dyn-"));
    rooms.on("where", |socket, event| async move {
        event.take_ack().unwrap().send((socket.namespace_name(),)).unwrap();
    });
    for n in 0..50 {
        let name = format!("/dyn-{n}");
        let mut client = world.client().namespace(&name).connect().await.unwrap();
        assert_eq!(client.emit_with_ack("where", ()).await, [name]);
        client.close().await;
    }

    until("the empty ones to go", || world.io.namespaces() == ["/"]).await;
}

#[tokio::test]
async fn a_dynamic_namespace_that_refuses_leaves_nothing_behind() {
    let world = World::new().await;
    world.io.of_matching(|_| true).middleware(|_, _| async { Err(ConnectError::new("no")) });

    assert!(world.client().namespace("/any").connect().await.is_err());
    until("the empty one to go", || world.io.namespaces() == ["/"]).await;
}

#[tokio::test]
async fn allow_request_decides_by_the_http_request() {
    let builder = Server::builder().allow_request(|parts| {
        let name = parts.headers.get("x-name").and_then(|name| name.to_str().ok()).map(str::to_owned);
        async move {
            let mut extensions = http::Extensions::new();
            extensions.insert(name.ok_or_else(|| Refusal::forbidden("who are you?"))?);
            Ok(extensions)
        }
    });
    let world = World::with(builder).await;
    world.io.of("/").on("who", |socket, event| async move {
        event.take_ack().unwrap().send((socket.handshake().extensions().get::<String>(),)).unwrap();
    });

    assert!(matches!(world.client().connect().await, Err(Refused::Http(403, _))));
    let mut client = world.client().header("x-name", "ada").connect().await.unwrap();
    assert_eq!(client.emit_with_ack("who", ()).await, ["ada"]);
}

#[tokio::test]
async fn a_layer_around_the_service_sees_every_request() {
    let io = Server::new();
    let guard = from_fn(|request: Request, next: Next| async move {
        let known = request.headers().get("x-name").is_some_and(|name| name == "ada");
        if known { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() }
    });
    let app = Router::new().nest_service("/socket.io", io.service()).layer(guard);
    let world = World::mounted(io, app).await;

    assert!(matches!(world.client().connect().await, Err(Refused::Http(401, _))));
    world.client().header("x-name", "ada").connect().await.unwrap();
}

#[tokio::test]
async fn whoever_joins_no_namespace_is_closed() {
    let world = World::with(Server::builder().connect_timeout(Duration::from_millis(50))).await;
    let mut idle = world.client().open().await.unwrap();

    assert_eq!(idle.end().await, End::Closed);
}

#[tokio::test]
async fn whoever_is_only_refused_is_closed_too() {
    let world = World::with(Server::builder().connect_timeout(Duration::from_millis(50))).await;
    let mut lost = world.client().namespace("/nowhere").open().await.unwrap();

    assert!(lost.join(None).await.is_err());
    assert_eq!(lost.end().await, End::Closed);
}

#[tokio::test]
async fn whoever_leaves_the_last_namespace_is_closed() {
    let world = World::with(Server::builder().connect_timeout(Duration::from_millis(50))).await;
    let mut client = world.connect().await;
    client.disconnect().await;

    assert_eq!(client.end().await, End::Closed);
}

#[tokio::test]
async fn whoever_has_joined_stays() {
    let world = World::with(Server::builder().connect_timeout(Duration::from_millis(50))).await;
    world.io.of("/").on("echo", |_, event| async move { event.take_ack().unwrap().send(()).unwrap() });
    let mut here = world.connect().await;
    let mut idle = world.client().open().await.unwrap();
    // Once the later one is closed, the earlier one's time has passed too.
    idle.end().await;

    assert!(here.emit_with_ack("echo", ()).await.is_empty());
}

#[tokio::test]
async fn a_socket_can_be_disconnected_while_it_is_in_the_middleware() {
    let world = World::new().await;
    let ns = world.io.of("/");
    let (entered, mut log) = log();
    ns.middleware(move |socket, _| {
        let entered = entered.clone();
        async move {
            socket.join("session:1");
            entered.send(()).unwrap();
            std::future::pending().await
        }
    });
    ns.on_connect(|_| async { panic!("it must not connect") });
    let ways: [fn(socketio::Broadcast<'_>); 2] =
        [|selected| selected.disconnect_sockets(true), |selected| selected.kick_sockets()];
    for end in ways {
        let mut client = world.client().open().await.unwrap();
        client.send_raw("0").await;
        log.next().await;
        assert_eq!((ns.to("session:1").count(), ns.to("session:1").sockets().len()), (1, 0));

        end(ns.to("session:1"));
        assert_eq!(client.next_other().await, r#"4{"message":"server namespace disconnect"}"#);
        assert_eq!(client.end().await, End::Closed);
        assert!(ns.is_empty());
    }
}

#[tokio::test]
async fn broadcasts_reach_a_socket_only_once_its_connect_is_answered() {
    let world = World::new().await;
    let ns = world.io.of("/");
    ns.middleware(|socket, _| async move {
        socket.join("room");
        let early = socket.namespace_name().to_owned();
        assert!(socket.emit("early", (early,)).is_err());
        Ok(())
    });
    let (own, room) = (ns.clone(), ns.clone());
    ns.middleware(move |_, _| {
        own.emit("early", ()).unwrap();
        room.to("room").emit("early", ()).unwrap();
        async { Ok(()) }
    });
    let late = ns.clone();
    ns.on_connect(move |_| {
        let late = late.clone();
        async move { late.to("room").emit("late", ()).unwrap() }
    });
    let mut client: Client = world.connect().await;

    assert_eq!(client.next_event().await.name, "late");
}

/// Many rooms, so that there is time to look between the first and the last of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whoever_has_seen_its_connect_answered_misses_no_broadcast() {
    const ROOMS: usize = 500;
    let world = World::new().await;
    let ns = world.io.of("/");
    ns.middleware(|socket, _| async move {
        (0..ROOMS).for_each(|room| socket.join(room.to_string()));
        Ok(())
    });
    for _ in 0..200 {
        let mut client = world.connect().await;
        ns.to((ROOMS - 1).to_string()).emit("to the last room", ()).unwrap();
        ns.emit("to all", ()).unwrap();
        assert_eq!(client.next_event().await.name, "to the last room");
        assert_eq!(client.next_event().await.name, "to all");
        client.close().await;
    }
}

#[tokio::test]
async fn every_child_of_a_dynamic_namespace_can_be_reached_at_once() {
    let world = World::new().await;
    let rooms = world.io.of_matching(|name| name.starts_with("/dyn-"));
    let mut clients = Vec::new();
    for name in ["/dyn-1", "/dyn-2"] {
        clients.push(world.client().namespace(name).connect().await.unwrap());
    }
    let mut other = world.connect().await;
    let mut names: Vec<String> = rooms.children().iter().map(|child| child.name().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["/dyn-1", "/dyn-2"]);
    rooms.emit("all", (1,)).unwrap();
    world.io.of("/").emit("end", ()).unwrap();

    for client in &mut clients {
        assert_eq!(client.next_event().await.args, [1]);
    }
    assert_eq!(other.next_event().await.name, "end");
}
