//! Many sockets, scaled to what a test may take: nothing is left behind (E11), nothing is mixed up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use socketio::Socket;
use testkit::client::Client;
use testkit::wire::{Received, WebSocket};

use crate::world::{World, until};

/// Counts how many of its kind are alive.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Counted {
        count.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dirty_disconnects_leave_nothing_behind() {
    let world = World::new().await;
    let alive = Arc::new(AtomicUsize::new(0));
    let ns = world.io.of("/");
    let count = Arc::clone(&alive);
    ns.on_connect(move |socket| {
        // Everything that could keep a socket alive: data, a listener that holds the socket, a worker that waits for an
        // answer, a handler at work.
        socket.set_data(Counted::new(&count));
        let (own, held) = (socket.clone(), Arc::new(Counted::new(&count)));
        socket.on("hold", move |_, _| {
            let (own, held) = (own.clone(), Arc::clone(&held));
            async move {
                let _answer = own.emit_with_ack("question", (), testkit::client::PATIENCE).await;
                drop(held);
            }
        });
        let own = socket.clone();
        socket.on_disconnect(move |_, _| {
            let _own = own.clone();
            async {}
        });
        socket.join("everybody");
        socket.join(format!("only:{}", socket.id()));
        async {}
    });

    for _ in 0..10 {
        let mut clients = Vec::new();
        for _ in 0..50 {
            let mut client = world.connect().await;
            client.emit("hold", ()).await;
            clients.push(client);
        }
        drop(clients);
    }

    until("everything to be dropped", || alive.load(Ordering::SeqCst) == 0).await;
    assert!(ns.is_empty());
    assert_eq!(ns.room_count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_of_three_hundred_gets_everything_once_and_in_order() {
    let world = World::new().await;
    let ns = world.io.of("/");
    ns.on_connect(|socket| async move { socket.join("hall") });
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..300 {
        clients.push(world.connect().await);
    }
    // Whoever has seen the answer to CONNECT may be a moment ahead of the handler that joins the room.
    until("everybody to be in the room", || ns.to("hall").sockets().len() == clients.len()).await;
    for n in 0..20 {
        ns.to("hall").emit("n", (n,)).unwrap();
    }

    for client in &mut clients {
        for n in 0..20 {
            assert_eq!(client.next_event().await.args, [n]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_leaving_emitting_and_disconnecting_at_once_neither_locks_up_nor_leaves_traces() {
    let world = World::new().await;
    let ns = world.io.of("/");
    ns.on_connect(|socket| async move { socket.join("0") });
    let mut clients = Vec::new();
    for _ in 0..40 {
        clients.push(world.connect().await);
    }
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let ns = ns.clone();
            std::thread::spawn(move || {
                for round in 0..300 {
                    let (room, other) = ((round % 7).to_string(), ((round + worker) % 5).to_string());
                    ns.to(&*room).except(&*other).emit("n", (round,)).unwrap();
                    ns.except(&*room).sockets_join(&other);
                    ns.to(&*other).sockets_leave(&room);
                    ns.emit("all", (round,)).unwrap();
                    if let Some(socket) = ns.everyone().sockets().first().filter(|_| round % 40 == worker) {
                        socket.disconnect(round % 80 == worker);
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        tokio::task::spawn_blocking(move || worker.join().unwrap()).await.unwrap();
    }
    assert!(ns.len() < 40, "some were disconnected on the way");
    drop(clients);

    until("everybody to be gone", || ns.is_empty() && ns.room_count() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_sent_away_by_two_threads_is_told_so_once() {
    type Away = fn(&Socket);
    let out: Away = |socket| socket.disconnect(false);
    let disconnect: Away = |socket| socket.disconnect(true);
    let kick: Away = Socket::kick;
    let world = World::new().await;
    let ns = world.io.of("/");
    world.io.of("/other");
    for (one, other) in [(out, disconnect), (out, kick), (disconnect, disconnect), (disconnect, kick), (kick, kick)] {
        for _ in 0..20 {
            let mut client = WebSocket::open(world.address).await;
            for connect in ["40/other,", "40"] {
                client.send(connect).await;
                client.text().await;
            }
            let socket = ns.everyone().sockets().remove(0);
            let start = Barrier::new(2);
            let away = |way: Away| {
                start.wait();
                way(&socket);
            };
            std::thread::scope(|threads| {
                threads.spawn(|| away(one));
                away(other);
            });

            let mut told = 0;
            while let Received::Text(packet) = client.recv().await {
                told += usize::from(packet == "41");
            }
            assert_eq!(told, 1);
            until("it to be gone", || ns.is_empty()).await;
        }
    }
}
