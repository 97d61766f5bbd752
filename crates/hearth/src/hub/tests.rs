//! Promises of the hub: whatever overtakes what, a person's sockets end in the rooms of their channels.

use std::collections::BTreeSet;

use axum::Router;
use testkit::client::Client;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::*;

fn uuid(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

fn channel(number: u32) -> ChannelId {
    uuid(number).parse().expect("a UUID")
}

fn identity() -> Identity {
    Identity { user: uuid(1).parse().expect("a UUID"), session: uuid(2).parse().expect("a UUID") }
}

/// A server whose sockets do nothing but come in.
struct World {
    hub: Arc<Hub>,
    address: std::net::SocketAddr,
    sockets: mpsc::UnboundedReceiver<Socket>,
    clients: Vec<Client>,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    async fn start() -> Self {
        let server = socketio::Server::new();
        let namespace = server.of("/");
        let (came, sockets) = mpsc::unbounded_channel();
        namespace.on_connect(move |socket| {
            // The test takes every one.
            let _ = came.send(socket);
            async {}
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let router = Router::new().route_service("/socket.io/", server.service());
        let stop = CancellationToken::new();
        tokio::spawn(engineio::serve(listener, router, stop.clone().cancelled_owned()));
        let (hub, clients) = (Arc::new(Hub::new(namespace)), Vec::new());
        Self { hub, address, sockets, clients, _stop: stop.drop_guard() }
    }

    /// A socket that has not been registered yet.
    async fn socket(&mut self) -> Socket {
        let client = Client::to(&format!("ws://{}/socket.io/", self.address)).connect().await.expect("it is let in");
        self.clients.push(client);
        self.sockets.recv().await.expect("the server lives")
    }
}

fn channels(socket: &Socket) -> BTreeSet<ChannelId> {
    let rooms = socket.rooms();
    rooms.iter().filter_map(|room| room.strip_prefix(room::CHANNEL)?.parse().ok()).collect()
}

fn set(numbers: impl IntoIterator<Item = u32>) -> BTreeSet<ChannelId> {
    numbers.into_iter().map(channel).collect()
}

fn read(numbers: impl IntoIterator<Item = u32>) -> Vec<ChannelId> {
    numbers.into_iter().map(channel).collect()
}

#[tokio::test]
async fn rooms_that_are_read_anew_replace_those_that_were_wrong() {
    let mut world = World::start().await;
    let (one, two) = (world.socket().await, world.socket().await);
    for socket in [&one, &two] {
        assert!(world.hub.arrive(socket.clone(), identity()).settle(&read([1, 2])));
    }
    let reread = world.hub.reread(identity().user);
    let crossed = Crossed { entered: HashSet::from([channel(3)]), left: HashSet::from([channel(1)]) };
    assert_eq!(reread.settle(&read([2, 3])), Some(crossed));
    for socket in [&one, &two] {
        assert_eq!(channels(socket), set([2, 3]));
        assert!(socket.rooms().iter().any(|name| **name == *room::user(identity().user)), "their other rooms stay");
    }
}

#[tokio::test]
async fn what_another_lane_changes_while_rooms_are_read_anew_stands() {
    let mut world = World::start().await;
    let (socket, user) = (world.socket().await, identity().user);
    assert!(world.hub.arrive(socket.clone(), identity()).settle(&read([1, 2])));
    let reread = world.hub.reread(user);
    // Read before these, which other lanes committed and carried out meanwhile.
    let older = read([1, 2, 3]);
    world.hub.join(user, channel(4));
    world.hub.leave(user, channel(2));
    let crossed = Crossed { entered: HashSet::from([channel(3)]), left: HashSet::new() };
    assert_eq!(reread.settle(&older), Some(crossed));
    assert_eq!(channels(&socket), set([1, 3, 4]));
}

#[tokio::test]
async fn a_socket_that_arrives_while_rooms_are_read_anew_reads_again() {
    let mut world = World::start().await;
    let (socket, user) = (world.socket().await, identity().user);
    let arrival = world.hub.arrive(socket.clone(), identity());
    let stale = read([1]);
    assert!(world.hub.reread(user).settle(&read([2])).is_some());
    assert!(!arrival.settle(&stale), "what it has read is older");
    assert!(arrival.settle(&read([2, 3])), "and this is not");
    assert_eq!(channels(&socket), set([2, 3]));
}

#[tokio::test]
async fn two_readings_at_once_end_in_the_newer() {
    let mut world = World::start().await;
    let (socket, user) = (world.socket().await, identity().user);
    assert!(world.hub.arrive(socket.clone(), identity()).settle(&read([1])));
    let (one, two) = (world.hub.reread(user), world.hub.reread(user));
    assert!(one.settle(&read([1, 2])).is_some());
    assert_eq!(two.settle(&read([1])), None, "nobody knows which of them is older");
    assert!(two.settle(&read([1, 2, 3])).is_some());
    assert_eq!(channels(&socket), set([1, 2, 3]));
}

#[tokio::test]
async fn every_arrival_counts_what_moved_since_its_own_beginning() {
    let mut world = World::start().await;
    let (early, late, user) = (world.socket().await, world.socket().await, identity().user);
    let first = world.hub.arrive(early.clone(), identity());
    world.hub.join(user, channel(1));
    let second = world.hub.arrive(late.clone(), identity());
    assert!(first.settle(&read([])) && second.settle(&read([1])));
    assert_eq!((channels(&early), channels(&late)), (set([1]), set([1])), "live and read");
}

#[tokio::test]
async fn nothing_is_kept_of_readings_that_are_over() {
    let mut world = World::start().await;
    let (socket, user) = (world.socket().await, identity().user);
    let (arrival, reread) = (world.hub.arrive(socket, identity()), world.hub.reread(user));
    drop(arrival);
    assert_eq!(world.hub.readings.lock().under_way[&user].len(), 1);
    drop(reread);
    assert!(world.hub.readings.lock().under_way.is_empty());
}
