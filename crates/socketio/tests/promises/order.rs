//! Events reach their handlers in order, one after the other (E2, E3).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use socketio::Server;
use testkit::client::End;
use tokio::sync::{Notify, Semaphore};

use crate::world::{World, log, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_bursts_of_a_hundred_events_are_handled_in_order() {
    let world = World::new().await;
    let (seen, mut log) = log();
    world.io.of("/").on("n", move |_, event| {
        let seen = seen.clone();
        async move {
            let (n,) = event.args::<(usize,)>().unwrap();
            // Some handlers wait and some do not: neither kind may overtake the other.
            for _ in 0..n % 4 {
                tokio::task::yield_now().await;
            }
            seen.send(n).unwrap();
        }
    });
    let mut client = world.connect().await;

    for burst in 0..200 {
        for n in 0..100 {
            client.emit("n", (burst * 100 + n,)).await;
        }
        let expected: Vec<usize> = (burst * 100..burst * 100 + 100).collect();
        assert_eq!(log.take(100).await, expected);
    }
}

#[tokio::test]
async fn the_next_handler_starts_when_the_previous_one_has_finished() {
    let world = World::new().await;
    let running = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let (seen, mut log) = log();
    let (count, open) = (Arc::clone(&running), Arc::clone(&gate));
    world.io.of("/").on("work", move |_, _| {
        let (count, open, seen) = (Arc::clone(&count), Arc::clone(&open), seen.clone());
        async move {
            seen.send(count.fetch_add(1, Ordering::SeqCst)).unwrap();
            open.acquire().await.unwrap().forget();
            count.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let mut client = world.connect().await;
    for _ in 0..3 {
        client.emit("work", ()).await;
    }

    for _ in 0..3 {
        assert_eq!(log.next().await, 0, "another handler was still running");
        assert!(log.is_empty());
        gate.add_permits(1);
    }
}

#[tokio::test]
async fn another_socket_does_not_wait() {
    let world = World::new().await;
    world.io.of("/").on("stuck", |_, _| std::future::pending());
    world.io.of("/").on("echo", |_, event| async move { event.take_ack().unwrap().send(("here",)).unwrap() });
    let (mut stuck, mut free) = (world.connect().await, world.connect().await);
    stuck.emit("stuck", ()).await;

    assert_eq!(free.emit_with_ack("echo", ()).await, ["here"]);
}

#[tokio::test]
async fn nothing_sent_after_connect_overtakes_the_connect_handler() {
    let world = World::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let open = Arc::clone(&gate);
    let (seen, mut log) = log();
    world.io.of("/").on_connect(move |socket| {
        let (open, seen) = (Arc::clone(&open), seen.clone());
        async move {
            open.acquire().await.unwrap().forget();
            socket.on("early", move |_, event| {
                let seen = seen.clone();
                async move { seen.send(event.args::<(u32,)>().unwrap().0).unwrap() }
            });
        }
    });
    let mut client = world.client().open().await.unwrap();
    // CONNECT and events in one go: no waiting for the answer, which a fast client can have in the same instant.
    client.send_raw("0").await;
    for n in 0..10 {
        client.emit("early", (n,)).await;
    }
    assert!(client.next_other().await.starts_with("0{"));
    gate.add_permits(1);

    assert_eq!(log.take(10).await, (0..10).collect::<Vec<u32>>());
}

#[tokio::test]
async fn acks_overtake_waiting_events() {
    let world = World::new().await;
    world.io.of("/").on("ask", |socket, event| async move {
        // The client's answer stands behind its other events; waiting for it must not lock up.
        let answer = socket.emit_with_ack("question", (), testkit::client::PATIENCE).await.unwrap();
        event.take_ack().unwrap().send(answer).unwrap();
    });
    world.io.of("/").on("noise", |_, _| async {});
    let mut client = world.connect().await;
    let id = client.emit_for_ack("ask", ()).await;
    for _ in 0..10 {
        client.emit("noise", ()).await;
    }
    let question = client.next_event().await;
    client.ack(question.ack.unwrap(), (42,)).await;

    assert_eq!(client.answer(id).await, [42]);
}

#[tokio::test]
async fn a_client_that_sends_faster_than_it_is_served_is_read_more_slowly() {
    let world = World::with(Server::builder().inbound_limit(8, 1 << 20)).await;
    let gate = Arc::new(Semaphore::new(0));
    let (open, handled) = (Arc::clone(&gate), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&handled);
    world.io.of("/").on("work", move |_, _| {
        let (open, count) = (Arc::clone(&open), Arc::clone(&count));
        async move {
            open.acquire().await.unwrap().forget();
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut client = world.connect().await;
    let payload = "x".repeat(10_000);
    let sending = tokio::spawn(async move {
        for _ in 0..2_000 {
            client.emit("work", (&payload,)).await;
        }
        client
    });
    // 20 MB do not fit into the sockets' buffers, so a server that stops reading stops the sender.
    until("the first event", || world.io.engine().stats().opened > 0).await;
    tokio::time::timeout(std::time::Duration::from_millis(300), async {
        while !sending.is_finished() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect_err("the server took in more than it may keep");
    let taken = world.io.stats().events_in;
    assert!(taken <= 9, "{taken} events were taken in: one at work and eight that wait are the limit");

    gate.add_permits(2_000);
    let _client = sending.await.unwrap();
    until("all events", || handled.load(Ordering::SeqCst) == 2_000).await;
}

#[tokio::test]
async fn a_clients_disconnect_cancels_nothing_that_had_arrived() {
    let world = World::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let open = Arc::clone(&gate);
    let (seen, mut log) = log();
    let ended = seen.clone();
    let ns = world.io.of("/");
    ns.on("n", move |socket, event| {
        let (seen, open) = (seen.clone(), Arc::clone(&open));
        async move {
            open.acquire().await.unwrap().forget();
            let (n,) = event.args::<(u32,)>().unwrap();
            seen.send((n.to_string(), socket.is_connected())).unwrap();
        }
    });
    ns.on_disconnect(move |socket, reason| {
        let ended = ended.clone();
        async move { ended.send((reason.to_string(), socket.is_connected())).unwrap() }
    });
    let mut client = world.connect().await;
    for n in 0..3 {
        client.emit("n", (n,)).await;
    }
    client.disconnect().await;
    let socket = &ns.everyone().sockets();
    until("the disconnect to overtake", || socket.iter().all(|socket| !socket.is_connected())).await;
    gate.add_permits(3);

    let expected = ["0", "1", "2", "client namespace disconnect"].map(|entry| (entry.to_owned(), false));
    assert_eq!(log.take(4).await, expected);
}

#[tokio::test]
async fn the_servers_disconnect_drops_what_waits() {
    let world = World::new().await;
    let gate = Arc::new(Notify::new());
    let open = Arc::clone(&gate);
    let (seen, mut log) = log();
    let ended = seen.clone();
    let ns = world.io.of("/");
    ns.on("n", move |_, event| {
        let (seen, open) = (seen.clone(), Arc::clone(&open));
        async move {
            seen.send(event.args::<(u32,)>().unwrap().0.to_string()).unwrap();
            open.notified().await;
        }
    });
    ns.on_disconnect(move |_, reason| {
        let ended = ended.clone();
        async move { ended.send(reason.to_string()).unwrap() }
    });
    let mut client = world.connect().await;
    for n in 0..3 {
        client.emit("n", (n,)).await;
    }
    assert_eq!(log.next().await, "0");
    until("all three to arrive", || world.io.stats().events_in == 3).await;

    ns.everyone().disconnect_sockets(false);
    assert_eq!(client.end().await, End::Disconnected);
    gate.notify_one();

    assert_eq!(log.next().await, "server namespace disconnect");
}

#[tokio::test]
async fn the_next_event_does_not_wait_for_a_concurrent_handler() {
    let world = World::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let (seen, mut log) = log();
    let (open, slow) = (Arc::clone(&gate), seen.clone());
    let ns = world.io.of("/");
    ns.on_concurrent("slow", move |_, event| {
        let (open, slow) = (Arc::clone(&open), slow.clone());
        async move {
            open.acquire().await.unwrap().forget();
            slow.send(format!("slow {}", event.raw())).unwrap();
        }
    });
    ns.on("quick", move |_, _| {
        seen.send("quick".to_owned()).unwrap();
        async {}
    });
    let mut client = world.connect().await;
    client.emit("slow", (1,)).await;
    client.emit("quick", ()).await;
    assert_eq!(log.next().await, "quick");
    gate.add_permits(1);

    assert_eq!(log.next().await, "slow [1]");
}

#[tokio::test]
async fn concurrent_handlers_are_bounded_like_waiting_events() {
    let world = World::with(Server::builder().inbound_limit(8, 1 << 20)).await;
    let gate = Arc::new(Semaphore::new(0));
    let (running, finished) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (open, count, done) = (Arc::clone(&gate), Arc::clone(&running), Arc::clone(&finished));
    world.io.of("/").on_concurrent("work", move |_, _| {
        let (open, count, done) = (Arc::clone(&open), Arc::clone(&count), Arc::clone(&done));
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            open.acquire().await.unwrap().forget();
            count.fetch_sub(1, Ordering::SeqCst);
            done.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut client = world.connect().await;
    for _ in 0..100 {
        client.emit("work", ()).await;
    }
    until("as many as may run", || running.load(Ordering::SeqCst) == 8).await;
    for expected in 1..=100 {
        gate.add_permits(1);
        until("one more to finish", || finished.load(Ordering::SeqCst) == expected).await;
        assert!(running.load(Ordering::SeqCst) <= 8);
    }
}
