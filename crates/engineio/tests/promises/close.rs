//! Ends, from either side.

use engineio::{CloseReason, Config, Engine, Frame, Message, Server};
use testkit::wire::{PATH, PATIENCE, Polling, Received, WebSocket, exchange, head};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use crate::world::{Told, World, clog, echo, ms, silent, until};

#[tokio::test]
async fn a_client_closes_over_polling() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    assert_eq!(session.post("4before\u{1e}1\u{1e}4after").await.unwrap().text(), "ok");
    assert_eq!(world.text().await, "before");
    assert!(matches!(world.next().await, Told::Closed(CloseReason::TransportClose)));
    assert_eq!(session.get().await.unwrap().status, 400);
    assert_eq!(session.post("4x").await.unwrap().status, 400);
}

#[tokio::test]
async fn an_open_poll_is_answered_with_a_noop_when_the_client_closes() {
    let world = World::echo(Config::default()).await;
    // Whichever of the two is read first.
    for _ in 0..20 {
        let session = Polling::open(world.address).await;
        let (poll, post) = tokio::join!(session.get(), session.post("1"));
        assert_eq!(post.unwrap().text(), "ok");
        let poll = poll.unwrap();
        assert_eq!((poll.status, poll.text()), (200, "6"));
        assert_eq!(session.get().await.unwrap().status, 400);
    }
}

#[tokio::test]
async fn a_client_closes_over_websocket() {
    let mut world = World::echo(Config::default()).await;
    let mut socket = WebSocket::open(world.address).await;
    socket.send("1").await;
    assert_eq!(world.closed().await, CloseReason::TransportClose);
    assert_eq!(socket.ended().await, Some(1000));

    let mut socket = WebSocket::open(world.address).await;
    socket.frame(true, 8, &1000_u16.to_be_bytes()).await;
    assert_eq!(world.closed().await, CloseReason::TransportClose);
    assert_eq!(socket.ended().await, Some(1000));

    WebSocket::open(world.address).await.cut().await;
    assert_eq!(world.closed().await, CloseReason::TransportClose);
    WebSocket::open(world.address).await.reset();
    assert_eq!(world.closed().await, CloseReason::TransportClose);
    until("every transport is gone", || world.engine.stats().websocket == 0).await;
}

#[tokio::test]
async fn what_arrived_before_a_disconnect_is_delivered() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let mut socket = WebSocket::open(world.address).await;
    for number in 0..200 {
        socket.send(&format!("4{number}")).await;
    }
    socket.cut().await;
    for number in 0..200 {
        assert_eq!(world.text().await, number.to_string());
    }
    assert!(matches!(world.next().await, Told::Closed(CloseReason::TransportClose)));
    assert!(matches!(world.next().await, Told::Dropped));
}

#[tokio::test]
async fn the_server_closes_and_the_peer_is_told() {
    let mut world = World::echo(Config::default()).await;
    let mut client = WebSocket::open(world.address).await;
    let socket = world.opened().await;
    socket.close(CloseReason::ForcedClose);
    assert!(!socket.is_open());
    assert!(socket.send(Frame::text("late")).is_err());
    assert!(!socket.send_volatile(Frame::text("late")));
    assert_eq!(world.closed().await, CloseReason::ForcedClose);
    assert_eq!(client.recv().await, Received::Close(Some(1000)));
    client.ended().await;

    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    socket.close(CloseReason::ForcedClose);
    assert_eq!(session.poll().await, ["1"], "the next poll is told");
    assert_eq!(session.get().await.unwrap().status, 400);
}

#[tokio::test]
async fn a_close_drops_what_is_queued_and_a_close_after_flush_does_not() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    socket.send([Frame::text("a"), Frame::text("b")]).unwrap();
    socket.close(CloseReason::ForcedClose);
    assert_eq!(session.poll().await, ["1"]);

    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    socket.send([Frame::text("a"), Frame::text("b")]).unwrap();
    socket.close_after_flush(CloseReason::ForcedClose);
    // Not in one payload: the official client acts on the close packet before it has looked at the messages beside it.
    assert_eq!(session.poll().await, ["4a", "4b"]);
    assert_eq!(session.poll().await, ["1"]);

    let mut client = WebSocket::open(world.address).await;
    let socket = world.opened().await;
    socket.send((0..2000).map(|number| Frame::text(&number.to_string()))).unwrap();
    socket.close_after_flush(CloseReason::ForcedClose);
    for number in 0..2000 {
        assert_eq!(client.text().await, format!("4{number}"));
    }
    assert_eq!(client.ended().await, Some(1000));
}

#[tokio::test]
async fn a_close_takes_effect_on_a_peer_that_does_not_read() {
    for foreign in [false, true] {
        let mut world = World::on_streams(foreign, Engine::builder(Config::default()), silent).await;
        let ways: [fn(&engineio::Socket); 2] = [
            |socket| socket.close(CloseReason::ForcedClose),
            |socket| socket.close_after_flush(CloseReason::ForcedClose),
        ];
        for close in ways {
            let mut client = WebSocket::open_narrow(world.address).await;
            let socket = world.opened().await;
            let sent = clog(&socket).await;
            close(&socket);
            assert_eq!(world.closed().await, CloseReason::ForcedClose);
            assert!(socket.send(Frame::text("late")).is_err());
            until("nothing is kept for the peer", || socket.queued_bytes() == 0).await;
            let mut received = 0;
            while let Received::Binary(_) = client.recv().await {
                received += 1;
            }
            assert!(received < sent, "what had not left must not arrive: {received} of {sent}");
        }
    }
}

#[tokio::test]
async fn a_peer_that_is_closed_with_last_words_gets_them_and_nothing_that_was_queued() {
    for foreign in [false, true] {
        let mut world = World::on_streams(foreign, Engine::builder(Config::default()), silent).await;
        // Also one that was to get it all first.
        let ways: [fn(&engineio::Socket); 2] = [|_| {}, |socket| socket.close_after_flush(CloseReason::ForcedClose)];
        for before in ways {
            let mut client = WebSocket::open_narrow(world.address).await;
            let socket = world.opened().await;
            let sent = clog(&socket).await;
            let waiting = socket.queued_bytes() / 60_000;
            before(&socket);
            socket.close_with(CloseReason::ForcedClose, [Frame::text("bye")]);
            assert!(socket.send(Frame::text("late")).is_err());
            assert_eq!(world.closed().await, CloseReason::ForcedClose);
            // It reads again within the time that it has for its farewell.
            let mut received = 0;
            let farewell = loop {
                match client.recv().await {
                    Received::Binary(_) => received += 1,
                    other => break other,
                }
            };
            // One that had begun to leave is completed.
            assert!(received <= sent - waiting + 1, "{received} of {sent}, {waiting} of them queued");
            assert_eq!(farewell, Received::Text("4bye".into()));
            assert_eq!(client.recv().await, Received::Close(Some(1000)));
            client.ended().await;
        }
    }
}

#[tokio::test]
async fn nothing_follows_a_close_frame() {
    for foreign in [false, true] {
        let mut world = World::on_streams(foreign, Engine::builder(Config::default()), silent).await;
        let mut client = WebSocket::open(world.address).await;
        let socket = world.opened().await;
        socket.close_after_flush(CloseReason::ForcedClose);
        assert_eq!(client.recv().await, Received::Close(Some(1000)));
        // The client has yet to answer.
        socket.close_with(CloseReason::ForcedClose, [Frame::text("bye")]);
        assert_eq!(client.next().await, Received::End);
    }
}

#[tokio::test]
async fn last_words_are_the_next_polls() {
    let mut world = World::echo(Config::default()).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    socket.send(Frame::text("queued")).unwrap();
    socket.close_with(CloseReason::ForcedClose, [Frame::text("bye")]);
    assert_eq!(session.poll().await, ["4bye"]);
    assert_eq!(session.poll().await, ["1"]);

    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    let (poll, ()) = tokio::join!(session.poll(), async {
        until("the poll waits", || world.engine.stats().polling > 0).await;
        tokio::time::sleep(ms(20)).await;
        socket.close_with(CloseReason::ForcedClose, [Frame::text("bye")]);
    });
    assert_eq!(poll, ["4bye"]);
}

#[tokio::test]
async fn a_close_takes_effect_on_a_poll_that_nobody_reads() {
    let ways: [fn(&engineio::Socket); 2] = [
        |socket| socket.close(CloseReason::ForcedClose),
        |socket| socket.close_with(CloseReason::ForcedClose, [Frame::text("bye")]),
    ];
    for close in ways {
        is_reset_after(close).await;
    }
}

async fn is_reset_after(close: fn(&engineio::Socket)) {
    // Longer than the test waits, so that it is not this limit that ends the connection.
    let http = Server::default().stall_timeout(PATIENCE * 10);
    let mut world = World::on_server(http, Engine::builder(Config::default()), silent).await;
    let session = Polling::open(world.address).await;
    let socket = world.opened().await;
    // More than the kernel takes.
    socket.send(Frame::binary(&vec![7; 16_000_000])).unwrap();

    let narrow = TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(4096).unwrap();
    let mut poll = narrow.connect(world.address).await.unwrap();
    poll.write_all(&head(world.address, "GET", &session.target(), &[], None)).await.unwrap();
    poll.readable().await.unwrap();
    close(&socket);
    assert_eq!(world.closed().await, CloseReason::ForcedClose);
    until("the connection is reset", || poll.take_error().unwrap().is_some()).await;
}

#[tokio::test]
async fn a_session_that_panics_is_closed_alone() {
    let mut world = World::start(Engine::builder(Config::default()), |socket, message| {
        assert!(message != Message::Text("boom"), "on purpose");
        echo(socket, message)
    })
    .await;
    let mut neighbour = WebSocket::open(world.address).await;
    let mut client = WebSocket::open(world.address).await;
    client.send("4boom").await;
    assert_eq!(world.closed().await, CloseReason::Panicked);
    assert_eq!(client.ended().await, Some(1011));

    let session = Polling::open(world.address).await;
    session.post("4boom").await.unwrap();
    assert_eq!(world.closed().await, CloseReason::Panicked);

    neighbour.send("4fine").await;
    assert_eq!(neighbour.text().await, "4fine");
}

#[tokio::test]
async fn a_shutdown_lets_queued_packets_out_and_nobody_in() {
    let mut world = World::echo(Config::default()).await;
    let mut client = WebSocket::open(world.address).await;
    let socket = world.opened().await;
    let session = Polling::open(world.address).await;
    let polling = world.opened().await;
    let payload = vec![1; 800_000];
    socket.send(Frame::binary(&payload)).unwrap();
    polling.send(Frame::text("last words")).unwrap();
    let closing = tokio::spawn({
        let engine = world.engine.clone();
        async move { engine.close(ms(5000)).await }
    });
    assert_eq!(world.closed().await, CloseReason::ServerShutdown);
    assert_eq!(client.recv().await, Received::Binary(payload));
    assert_eq!(client.ended().await, Some(1001));
    assert_eq!(session.poll().await, ["4last words"]);
    assert_eq!(session.poll().await, ["1"]);
    closing.await.unwrap();

    let answer = exchange(world.address, "GET", &format!("{PATH}?EIO=4&transport=polling"), &[], b"").await.unwrap();
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_those_who_do_not_read() {
    let mut world = World::start(Engine::builder(Config::default()), silent).await;
    let _client = WebSocket::open_narrow(world.address).await;
    let socket = world.opened().await;
    clog(&socket).await;
    tokio::time::timeout(PATIENCE, world.engine.close(ms(100))).await.expect("it ends");
    assert_eq!(socket.queued_bytes(), 0);
}

#[tokio::test]
async fn nothing_of_a_connection_stays_although_its_session_holds_its_socket() {
    let mut world = World::echo(Config::default()).await;
    for turn in 0..300 {
        let mut client = WebSocket::open(world.address).await;
        client.send("4hello").await;
        if turn % 2 == 0 {
            client.reset();
        } else {
            client.cut().await;
        }
        while !matches!(world.next().await, Told::Dropped) {}
    }
    let stats = world.engine.stats();
    assert_eq!((stats.opened, stats.websocket), (300, 0));
}
