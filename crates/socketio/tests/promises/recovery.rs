//! Connection state recovery (E14): who may come back, as whom, and to what.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use socketio::{ConnectError, Recovery, Server, Socket, SocketId};
use testkit::client::{Client, PATIENCE, Refused};

use crate::world::{World, log, until};

async fn recovering() -> World {
    World::with(Server::builder().recovery(Recovery::default())).await
}

fn socket(world: &World, client: &Client) -> Socket {
    world.io.of("/").socket(&SocketId::parse(client.id()).unwrap()).unwrap()
}

/// What a client keeps for its return: the secret, and the offset of the last event that it got.
fn claim(client: &Client, offset: Option<&Value>) -> Value {
    let mut claim = json!({"pid": client.pid().expect("recovery is on")});
    if let Some(offset) = offset {
        claim["offset"] = offset.clone();
    }
    claim
}

/// Cuts a client off, and waits until the server has noticed.
async fn cut(world: &World, client: Client) {
    let ns = world.io.of("/");
    let before = ns.len();
    client.close().await;
    until("the cut to be noticed", || ns.len() < before).await;
}

async fn come_back(world: &World, claim: &Value) -> Client {
    world.client().auth(claim.clone()).connect().await.expect("everybody is let in")
}

/// The names of the events that came, without the mark that ends the wait for them.
async fn received(world: &World, client: &mut Client) -> Vec<String> {
    socket(world, client).emit("mark", ()).unwrap();
    client.event("mark").await;
    client.pending().into_iter().map(|event| event.name).collect()
}

#[tokio::test]
async fn who_was_cut_off_comes_back_with_id_rooms_data_and_what_was_missed() {
    let world = recovering().await;
    let (seen, mut log) = log();
    world.io.of("/").on_connect(move |socket| {
        let seen = seen.clone();
        async move { seen.send((socket.recovered(), socket.data::<String>().map(|data| (*data).clone()))).unwrap() }
    });
    let mut client = world.connect().await;
    let first = socket(&world, &client);
    first.join("red");
    first.set_data("mine".to_owned());
    let ns = world.io.of("/");
    ns.to("red").emit("before", (1,)).unwrap();
    let before = client.event("before").await;
    let (id, claim) = (client.id().to_owned(), claim(&client, before.last()));
    cut(&world, client).await;
    ns.to("red").emit("missed", ("a",)).unwrap();
    ns.to("blue").emit("foreign", ()).unwrap();
    ns.to(&*id).emit("missed", ("b",)).unwrap();
    ns.emit("missed", ("c",)).unwrap();

    let mut client = come_back(&world, &claim).await;
    assert_eq!(client.id(), id);
    assert_eq!(client.pid(), claim["pid"].as_str(), "by the same secret the client knows that it was recovered");
    for what in ["a", "b", "c"] {
        let event = client.next_event().await;
        assert_eq!((event.name.as_str(), &event.args[0]), ("missed", &json!(what)));
    }
    ns.to("red").emit("after", ()).unwrap();
    assert_eq!(received(&world, &mut client).await, ["after"]);
    assert_eq!(log.take(2).await, [(false, None), (true, Some("mine".to_owned()))]);
}

#[tokio::test]
async fn a_client_that_never_got_an_event_comes_back_too() {
    let world = recovering().await;
    let client = world.connect().await;
    let (id, claim) = (client.id().to_owned(), claim(&client, None));
    cut(&world, client).await;
    world.io.of("/").emit("missed", ()).unwrap();

    let mut client = come_back(&world, &claim).await;
    assert_eq!(client.id(), id);
    assert_eq!(received(&world, &mut client).await, ["missed"]);
}

#[tokio::test]
async fn without_recovery_there_is_no_secret_and_no_offset() {
    let world = World::new().await;
    let mut client = world.connect().await;
    assert_eq!(client.pid(), None);
    world.io.of("/").emit("plain", (1,)).unwrap();
    assert_eq!(client.event("plain").await, [1]);
    assert!(!socket(&world, &client).recovered());
}

#[tokio::test]
async fn only_what_may_be_replayed_carries_an_offset() {
    let world = recovering().await;
    let mut client = world.connect().await;
    let own = socket(&world, &client);
    let ns = world.io.of("/");
    ns.emit("recorded", (1,)).unwrap();
    own.emit("recorded", (1,)).unwrap();
    own.emit_volatile("volatile", (1,)).unwrap();
    ns.everyone().volatile().emit("volatile", (1,)).unwrap();
    drop(own.emit_with_ack("question", (1,), PATIENCE));
    drop(ns.everyone().emit_with_ack("question", (1,), PATIENCE).unwrap());

    for (name, args) in
        [("recorded", 2), ("recorded", 2), ("volatile", 1), ("volatile", 1), ("question", 1), ("question", 1)]
    {
        let event = client.next_event().await;
        assert_eq!((event.name.as_str(), event.args.len()), (name, args));
    }
}

#[tokio::test]
async fn the_middleware_is_asked_again_before_anything_is_given_back() {
    let world = recovering().await;
    let (locked, (seen, mut log)) = (Arc::new(AtomicBool::new(false)), log());
    let lock = Arc::clone(&locked);
    world.io.of("/").middleware(move |socket, _| {
        seen.send((socket.recovered(), socket.rooms().len())).unwrap();
        let refused = lock.load(Ordering::SeqCst);
        async move { if refused { Err(ConnectError::new("locked out")) } else { Ok(()) } }
    });
    let client = world.connect().await;
    socket(&world, &client).join("secrets");
    let claim = claim(&client, None);
    cut(&world, client).await;
    world.io.of("/").to("secrets").emit("secret", ()).unwrap();
    locked.store(true, Ordering::SeqCst);

    let refused = world.client().auth(claim.clone()).connect().await.err();
    assert_eq!(refused, Some(Refused::Namespace(json!({"message": "locked out"}))));
    locked.store(false, Ordering::SeqCst);
    let mut client = come_back(&world, &claim).await;
    assert_ne!(client.pid(), claim["pid"].as_str(), "the claim was lost with the refusal");
    assert!(received(&world, &mut client).await.is_empty());
    assert_eq!(log.take(3).await, [(false, 1), (true, 1), (false, 1)]);
}

#[tokio::test]
async fn the_middleware_can_be_skipped_where_that_is_wanted() {
    let recovery = Recovery { skip_middlewares: true, ..Recovery::default() };
    let world = World::with(Server::builder().recovery(recovery)).await;
    let (seen, mut log) = log();
    world.io.of("/").middleware(move |socket, _| {
        seen.send(socket.recovered()).unwrap();
        async { Ok(()) }
    });
    let client = world.connect().await;
    let claim = claim(&client, None);
    cut(&world, client).await;
    let client = come_back(&world, &claim).await;

    assert_eq!(client.pid(), claim["pid"].as_str());
    assert!(!log.next().await);
    assert!(log.is_empty());
}

#[tokio::test]
async fn who_cannot_be_recovered_does_not_get_past_the_middleware() {
    let recovery = Recovery { skip_middlewares: true, max_bytes: 10_000, ..Recovery::default() };
    let world = World::with(Server::builder().recovery(recovery)).await;
    let (seen, mut log) = log();
    world.io.of("/").middleware(move |socket, _| {
        seen.send(socket.recovered()).unwrap();
        async { Ok(()) }
    });
    let client = world.connect().await;
    let claim = claim(&client, None);
    cut(&world, client).await;
    for _ in 0..20 {
        world.io.of("/").emit("missed", ("x".repeat(1000),)).unwrap();
    }
    let client = come_back(&world, &claim).await;

    assert_ne!(client.pid(), claim["pid"].as_str());
    assert_eq!(log.take(2).await, [false, false]);
}

#[tokio::test]
async fn a_secret_is_good_for_one_return() {
    let world = recovering().await;
    let client = world.connect().await;
    let (id, claim) = (client.id().to_owned(), claim(&client, None));
    cut(&world, client).await;

    let (a, b) = tokio::join!(come_back(&world, &claim), come_back(&world, &claim));
    let returned = [&a, &b].map(|client| client.id() == id);
    assert!(returned[0] != returned[1], "one of the two is the old socket: {returned:?}");
    assert_ne!(a.pid(), b.pid());
}

#[tokio::test]
async fn who_was_sent_away_or_left_does_not_come_back() {
    let world = recovering().await;
    let ns = world.io.of("/");
    let mut kicked = world.connect().await;
    let mut left = world.connect().await;
    socket(&world, &kicked).disconnect(true);
    kicked.end().await;
    left.disconnect().await;
    until("both to be gone", || ns.is_empty()).await;
    ns.emit("missed", ()).unwrap();

    for client in [kicked, left] {
        let claim = claim(&client, None);
        let mut back = come_back(&world, &claim).await;
        assert_ne!(back.id(), client.id());
        assert!(received(&world, &mut back).await.is_empty());
    }
}

#[tokio::test]
async fn the_secret_is_none_of_the_other_ids_and_guesses_lead_nowhere() {
    let world = recovering().await;
    let client = world.connect().await;
    let pid = client.pid().unwrap().to_owned();
    assert!(pid.len() * 6 >= 120, "{pid}");
    let guesses = [client.id().to_owned(), client.open_packet()["sid"].as_str().unwrap().to_owned(), "x".repeat(24)];
    assert!(!guesses.contains(&pid));
    let id = client.id().to_owned();
    cut(&world, client).await;

    for guess in guesses {
        assert_ne!(come_back(&world, &json!({"pid": guess})).await.id(), id);
    }
    for garbage in
        [json!({"pid": 1}), json!({"pid": pid, "offset": "never an offset"}), json!({"pid": pid, "offset": 7})]
    {
        assert_ne!(come_back(&world, &garbage).await.id(), id);
    }
}

#[tokio::test]
async fn the_window_ends_and_what_was_kept_goes_with_it() {
    let recovery = Recovery { window: Duration::from_millis(50), ..Recovery::default() };
    let world = World::with(Server::builder().recovery(recovery)).await;
    let client = world.connect().await;
    let data = Arc::new(());
    socket(&world, &client).set_data(Arc::clone(&data));
    let (id, claim) = (client.id().to_owned(), claim(&client, None));
    cut(&world, client).await;

    until("the data to be dropped", || Arc::strong_count(&data) == 1).await;
    assert_ne!(come_back(&world, &claim).await.id(), id);
}

#[tokio::test]
async fn a_dynamic_namespace_goes_and_its_clients_come_back_all_the_same() {
    let recovery = Recovery { window: Duration::from_millis(500), ..Recovery::default() };
    let world = World::with(Server::builder().recovery(recovery)).await;
    world.io.of_matching(|name| name == "/dyn");
    let mut claims = Vec::new();
    let data = Arc::new(());
    for _ in 0..2 {
        let client = world.client().namespace("/dyn").connect().await.unwrap();
        world.io.of("/dyn").everyone().sockets().remove(0).set_data(Arc::clone(&data));
        claims.push((client.id().to_owned(), claim(&client, None)));
        client.close().await;
        until("the namespace to go", || world.io.namespaces() == ["/"]).await;
    }

    let (id, claim) = claims.remove(0);
    let back = world.client().namespace("/dyn").auth(claim).connect().await.unwrap();
    assert_eq!(back.id(), id);
    back.close().await;
    until("what was kept to go after the window", || Arc::strong_count(&data) == 1).await;
}

#[tokio::test]
async fn who_missed_more_than_is_kept_starts_anew() {
    let recovery = Recovery { max_bytes: 10_000, ..Recovery::default() };
    let world = World::with(Server::builder().recovery(recovery)).await;
    let client = world.connect().await;
    socket(&world, &client).join("red");
    let claim = claim(&client, None);
    cut(&world, client).await;
    let ns = world.io.of("/");
    for _ in 0..20 {
        ns.to("red").emit("missed", ("x".repeat(1000),)).unwrap();
    }

    let mut client = come_back(&world, &claim).await;
    assert_ne!(client.pid(), claim["pid"].as_str());
    assert!(!socket(&world, &client).recovered());
    assert!(!socket(&world, &client).is_in("red"));
    assert!(received(&world, &mut client).await.is_empty());
}

#[tokio::test]
async fn an_older_offset_brings_nothing_from_before_its_time() {
    let world = recovering().await;
    let ns = world.io.of("/");
    let mut watcher = world.connect().await;
    ns.emit("first", ()).unwrap();
    let oldest = watcher.event("first").await;
    ns.emit("before it came", ()).unwrap();
    let client = world.connect().await;
    ns.to("red").emit("before it joined", ()).unwrap();
    socket(&world, &client).join("red");
    ns.to("red").emit("in its time", ()).unwrap();
    let claim = claim(&client, oldest.last());
    cut(&world, client).await;

    let mut client = come_back(&world, &claim).await;
    assert_eq!(received(&world, &mut client).await, ["in its time"]);
}

#[tokio::test]
async fn what_was_not_meant_for_it_is_not_replayed() {
    let world = recovering().await;
    let ns = world.io.of("/");
    let client = world.connect().await;
    let own = socket(&world, &client);
    own.join("red");
    own.join("blue");
    own.leave("blue");
    let claim = claim(&client, None);
    // Sent while it is connected, as if it had never arrived.
    own.broadcast().emit("its own", ()).unwrap();
    ns.to("blue").emit("of a room that it left", ()).unwrap();
    cut(&world, client).await;
    ns.except("red").emit("with an exception", ()).unwrap();
    ns.everyone().volatile().emit("volatile", ()).unwrap();
    ns.to("red").emit("meant", ()).unwrap();

    let mut client = come_back(&world, &claim).await;
    assert_eq!(received(&world, &mut client).await, ["meant"]);
}

#[tokio::test]
async fn missed_attachments_arrive() {
    let world = recovering().await;
    let client = world.connect().await;
    let claim = claim(&client, None);
    cut(&world, client).await;
    world.io.of("/").emit("file", (socketio::Binary(bytes::Bytes::from_static(b"content")),)).unwrap();

    let mut client = come_back(&world, &claim).await;
    assert_eq!(client.next_event().await.attachments, [b"content".to_vec()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_cuts_nothing_is_lost_doubled_or_reordered() {
    // Few enough that all of them fit into one replay.
    const COUNT: u64 = 2_000;
    let world = recovering().await;
    let ns = world.io.of("/");
    let mut client = world.connect().await;
    socket(&world, &client).join("red");
    let emitter = {
        let ns = ns.clone();
        tokio::spawn(async move {
            for n in 0..COUNT {
                ns.to("red").emit("n", (n,)).unwrap();
                tokio::task::yield_now().await;
            }
        })
    };
    let mut expected = 0;
    while expected < COUNT {
        let mut offset = None;
        let until = COUNT.min(expected + 211);
        while expected < until {
            let event = client.next_event().await;
            assert_eq!(event.args[0], expected);
            offset = event.args.last().cloned();
            expected += 1;
        }
        let claim = claim(&client, offset.as_ref());
        cut(&world, client).await;
        client = come_back(&world, &claim).await;
        assert_eq!(client.pid(), claim["pid"].as_str());
    }
    emitter.await.unwrap();
}
