//! The load against real servers: what it counts is what they delivered. A measurement by a load that loses or invents
//! deliveries would be worth nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bench::load::{Entry, Load};
use mio::net::TcpListener;

/// The raw server in a thread of its own, until this is dropped.
struct Raw {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<std::io::Result<()>>>,
}

impl Raw {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::<AtomicBool>::default();
        let seen = Arc::clone(&stop);
        let thread = Some(std::thread::spawn(move || bench::raw::serve(listener, &seen)));
        Self { address, stop, thread }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it is dropped once");
        thread.join().expect("no panic").expect("the server could serve");
    }
}

/// The crate `socketio`, with the events of the load, on a runtime of its own.
fn socketio() -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let io = socketio::Server::new();
    let everybody = io.of("/");
    let all = everybody.clone();
    everybody.on("say", move |_, event| {
        let (text,) = event.args::<(String,)>().expect("a text");
        all.emit("said", (text,)).expect("a text serialises");
        async {}
    });
    runtime.spawn(async move { engineio::serve(listener, io.service(), std::future::pending::<()>()).await });
    (runtime, address)
}

/// Turns until the condition holds; `seen` gets what comes.
fn turn_until(load: &mut Load, mut seen: impl FnMut(usize, &[u8]), mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(30), "it takes too long");
        load.turn(Duration::from_millis(20), &mut seen).expect("every connection stays open");
    }
}

/// Says something a hundred times to twenty and counts what each of them heard.
fn heard_by_each(load: &mut Load) -> Vec<u32> {
    let heard = std::cell::RefCell::new(vec![0; load.len()]);
    for at in 0..100 {
        load.send(0, format!("42[\"say\",\"{at:0>200}\"]").as_bytes()).expect("an open session");
    }
    let seen = |session: usize, packet: &[u8]| {
        assert!(packet.starts_with(b"42[\"said\",\"0000"), "{}", String::from_utf8_lossy(packet));
        heard.borrow_mut()[session] += 1;
    };
    turn_until(load, seen, || heard.borrow().iter().sum::<u32>() >= 2000);
    heard.into_inner()
}

#[test]
fn everybody_hears_everything_once_from_the_raw_server() {
    let server = Raw::start();
    let mut load = Load::new(server.address).unwrap();
    load.open(20, Entry::WebSocket).unwrap();
    assert_eq!(heard_by_each(&mut load), [100; 20]);
}

#[test]
fn the_raw_server_acknowledges_with_what_it_was_asked() {
    let server = Raw::start();
    let mut load = Load::new(server.address).unwrap();
    load.open(2, Entry::WebSocket).unwrap();
    load.send(1, b"427[\"echo\",\"hello\"]").unwrap();
    let answers = std::cell::RefCell::new(Vec::new());
    let seen = |session, packet: &[u8]| answers.borrow_mut().push((session, packet.to_vec()));
    turn_until(&mut load, seen, || !answers.borrow().is_empty());
    assert_eq!(answers.into_inner(), [(1, b"437[\"hello\"]".to_vec())]);
}

#[test]
fn everybody_hears_everything_once_from_socketio_whichever_way_they_came() {
    for entry in [Entry::WebSocket, Entry::Upgrade] {
        let (_runtime, address) = socketio();
        let mut load = Load::new(address).unwrap();
        load.open(20, entry).unwrap();
        assert_eq!(heard_by_each(&mut load), [100; 20], "{entry:?}");
    }
}
