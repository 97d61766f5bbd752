//! Several servers as one, through an adapter that carries text, as one over a network would.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use socketio::{AckError, Adapter, Binary, Command, Namespace, Recovery, Replies, Reply, Server, Socket, SocketId};
use testkit::client::{Client, End, within};

use crate::world::{World, until};

/// Hands everything to the other server, as text.
#[derive(Clone, Default)]
struct Link(Arc<OnceLock<Server>>);

impl Link {
    fn other(&self, command: &Command) -> impl Future<Output = Option<Reply>> + Send + use<> {
        let carried = serde_json::to_string(command).unwrap();
        self.0.get().unwrap().apply(serde_json::from_str(&carried).unwrap())
    }
}

impl Adapter for Link {
    fn publish(&self, command: Command) {
        // There is no reply to wait for.
        drop(self.other(&command));
    }

    fn request(&self, command: Command, limit: Duration) -> Replies {
        let reply = self.other(&command);
        Box::pin(async move {
            let reply = tokio::time::timeout(limit + Duration::from_secs(1), reply).await;
            let carried = serde_json::to_string(&reply.ok().flatten()).unwrap();
            serde_json::from_str::<Option<Reply>>(&carried).unwrap().into_iter().collect()
        })
    }
}

/// Two servers, and a client at each.
struct Pair {
    here: World,
    there: World,
    a: Client,
    b: Client,
}

impl Pair {
    async fn new() -> Pair {
        let (to_there, to_here) = (Link::default(), Link::default());
        let here = World::with(Server::builder().adapter(to_there.clone())).await;
        let there = World::with(Server::builder().adapter(to_here.clone()).recovery(Recovery::default())).await;
        assert!(to_there.0.set(there.io.clone()).is_ok() && to_here.0.set(here.io.clone()).is_ok());
        let (a, b) = (here.connect().await, there.connect().await);
        Pair { here, there, a, b }
    }

    fn ns(&self) -> Namespace {
        self.here.io.of("/")
    }

    fn socket_there(&self) -> Socket {
        self.there.io.of("/").socket(&SocketId::parse(self.b.id()).unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_broadcast_reaches_the_sockets_of_every_server() {
    let mut pair = Pair::new().await;
    pair.socket_there().join("red");
    pair.ns().to("red").emit("red", ()).unwrap();
    pair.ns().except("red").emit("others", ()).unwrap();
    let data = Binary(Bytes::from_static(b"data"));
    pair.ns().emit("all", (json!({"deep": [1, "ü"]}), data)).unwrap();

    assert_eq!(pair.a.next_event().await.name, "others");
    let all = pair.a.next_event().await;
    assert_eq!((all.name.as_str(), &all.args[0]), ("all", &json!({"deep": [1, "ü"]})));
    assert_eq!(pair.b.next_event().await.name, "red");
    let all = pair.b.next_event().await;
    assert_eq!((all.name.as_str(), &all.args[0]), ("all", &json!({"deep": [1, "ü"]})));
    assert_eq!(all.attachments, [b"data".to_vec()]);
    assert_eq!(all.args.len(), 3, "each server adds what its own clients need, here an offset");
}

#[tokio::test]
async fn local_stays_here() {
    let mut pair = Pair::new().await;
    pair.ns().local().emit("here", ()).unwrap();
    pair.ns().emit("all", ()).unwrap();

    assert_eq!(pair.a.next_event().await.name, "here");
    assert_eq!(pair.b.next_event().await.name, "all");
    assert_eq!(pair.ns().local().fetch_sockets().await.len(), 1);
}

#[tokio::test]
async fn a_sockets_broadcast_leaves_itself_out_on_every_server() {
    let mut pair = Pair::new().await;
    pair.socket_there().broadcast().emit("others", ()).unwrap();
    pair.ns().emit("all", ()).unwrap();

    assert_eq!(pair.a.next_event().await.name, "others");
    assert_eq!(pair.b.next_event().await.name, "all");
}

#[tokio::test]
async fn sockets_are_found_wherever_they_are() {
    let pair = Pair::new().await;
    pair.socket_there().join("red");
    let found = within("the sockets", async { pair.ns().everyone().fetch_sockets().await }).await;

    let ids: BTreeSet<&str> = found.iter().map(|socket| socket.id().as_str()).collect();
    assert_eq!(ids, BTreeSet::from([pair.a.id(), pair.b.id()]));
    let remote = pair.ns().to("red").fetch_sockets().await;
    let rooms: Vec<&str> = remote[0].rooms().iter().map(|room| &**room).collect();
    assert_eq!(rooms, [pair.b.id(), "red"]);
}

#[tokio::test]
async fn a_socket_elsewhere_brings_its_handshake_auth_and_shared_data() {
    let pair = Pair::new().await;
    let there = pair.there.client().auth(json!({"name": "Ada"})).connect().await.unwrap();
    let own = pair.there.io.of("/").socket(&SocketId::parse(there.id()).unwrap()).unwrap();
    let found = async || pair.ns().to(there.id()).fetch_sockets().await.remove(0);

    let remote = found().await;
    assert_eq!(remote.auth::<serde_json::Value>().unwrap(), json!({"name": "Ada"}));
    let (seen, known) = (remote.handshake(), own.handshake());
    assert_eq!((seen.query(), seen.peer()), (known.query(), known.peer()));
    assert!(seen.headers().eq(known.headers()) && seen.header("host").is_some());
    assert_eq!(remote.data::<String>(), None);

    own.set_data("kept here".to_owned());
    assert_eq!(found().await.data::<String>(), None, "what is not shared stays where it is");
    own.share_data(vec![1, 2]);
    assert_eq!(found().await.data::<Vec<u8>>(), Some(vec![1, 2]));
    assert_eq!(found().await.data::<String>(), None, "it is of another type");
    assert_eq!(own.data::<Vec<i32>>().as_deref(), Some(&vec![1, 2]));

    let local = pair.there.io.of("/").local().to(there.id()).fetch_sockets().await.remove(0);
    assert_eq!(local.data::<Vec<u8>>(), Some(vec![1, 2]));
    assert_eq!(local.auth::<serde_json::Value>().unwrap(), json!({"name": "Ada"}));
}

#[tokio::test]
async fn an_event_with_more_attachments_than_clients_may_send_is_asked_everywhere() {
    let mut pair = Pair::new().await;
    let parts: Vec<Binary> = (0..20).map(|part| Binary(Bytes::from(vec![part; 3]))).collect();
    let asked = pair.ns().to(pair.b.id()).emit_with_ack("parts", (parts,), Duration::from_secs(5)).unwrap();
    let event = pair.b.next_event().await;
    assert_eq!(event.attachments.len(), 20);
    pair.b.ack(event.ack.unwrap(), ("got",)).await;
    let answers = within("the answer", asked).await;
    assert_eq!((answers.received.len(), answers.missing.len()), (1, 0));
}

#[tokio::test]
async fn sockets_elsewhere_join_leave_and_are_disconnected() {
    let mut pair = Pair::new().await;
    pair.ns().to(pair.b.id()).sockets_join("red");
    assert!(pair.socket_there().is_in("red"));
    pair.ns().to("red").sockets_leave("red");
    assert!(!pair.socket_there().is_in("red"));

    let remote = pair.ns().to(pair.b.id()).fetch_sockets().await.remove(0);
    remote.join("blue");
    assert!(pair.socket_there().is_in("blue"));
    remote.emit("hello", ()).unwrap();
    assert_eq!(pair.b.next_event().await.name, "hello");
    remote.disconnect(true);
    assert_eq!(pair.b.end().await, End::Disconnected);
    until("it to be gone", || pair.there.io.of("/").is_empty()).await;
    assert_eq!(pair.ns().len(), 1);
}

#[tokio::test]
async fn sockets_elsewhere_are_kicked() {
    let mut pair = Pair::new().await;
    pair.ns().to(pair.b.id()).fetch_sockets().await.remove(0).kick();
    assert_eq!(pair.b.end().await, End::Disconnected);
    until("it to be gone", || pair.there.io.of("/").is_empty()).await;
    assert_eq!(pair.ns().len(), 1);
}

#[tokio::test]
async fn answers_come_from_every_server() {
    let mut pair = Pair::new().await;
    let silent = pair.there.connect().await;
    let votes = pair.ns().everyone().emit_with_ack("vote", ("tea?",), Duration::from_millis(400)).unwrap();
    for (client, answer) in [(&mut pair.a, "yes"), (&mut pair.b, "no")] {
        let vote = client.next_event().await;
        assert_eq!((vote.name.as_str(), &vote.args[..]), ("vote", &[json!("tea?")][..]));
        client.ack(vote.ack.unwrap(), (answer,)).await;
    }

    let votes = within("the votes", votes).await;
    let received: BTreeSet<(String, String)> =
        votes.received.iter().map(|(id, args)| (id.to_string(), args.to_json())).collect();
    let expected = [(pair.a.id(), r#"["yes"]"#), (pair.b.id(), r#"["no"]"#)];
    assert_eq!(received, expected.map(|(id, args)| (id.to_owned(), args.to_owned())).into());
    assert!(matches!(&votes.missing[..], [(id, AckError::Timeout)] if id.as_str() == silent.id()));
}

#[tokio::test]
async fn what_comes_from_elsewhere_can_be_recovered() {
    let mut pair = Pair::new().await;
    let claim = json!({"pid": pair.b.pid().unwrap()});
    let there = pair.there.io.of("/");
    pair.b.send_engine("1").await;
    until("the cut to be noticed", || there.is_empty()).await;
    pair.ns().emit("missed", ()).unwrap();

    let mut back = pair.there.client().auth(claim).connect().await.unwrap();
    assert_eq!(within("the event", async { back.next_event().await }).await.name, "missed");
}
