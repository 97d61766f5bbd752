//! An accept loop that runs out of file descriptors, in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use engineio::Config;
use testkit::wire::WebSocket;
use tokio::net::TcpStream;

use crate::world::{World, until};

const NAME: &str = "descriptors::connections_are_accepted_again_after_the_descriptors_ran_out";
/// Set in the process that is the server.
const SERVER: &str = "ENGINEIO_TEST_SERVER";
const LIMIT: usize = 48;

/// The server: says where it listens, and serves until its input ends.
async fn serve() {
    let world = World::echo(Config::default()).await;
    println!("\nlistening on {}", world.address);
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
}

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// This test again, by a shell that first lowers what the process may open.
    fn start() -> Self {
        let script = format!("ulimit -n {LIMIT} && exec \"$0\" --exact {NAME} --nocapture");
        let mut process = Command::new("sh")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let address = said.lines().find_map(|line| line.unwrap().strip_prefix("listening on ")?.parse().ok());
        Self { process, address: address.expect("the server says where it listens") }
    }

    /// How many are in use, without those above the limit that the process was started with.
    fn descriptors(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap();
        let numbers = open.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<usize>().ok());
        numbers.filter(|number| *number < LIMIT).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn echoes(client: &mut WebSocket, text: &str) {
    client.send(text).await;
    assert_eq!(client.text().await, text);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn connections_are_accepted_again_after_the_descriptors_ran_out() {
    if std::env::var_os(SERVER).is_some() {
        return serve().await;
    }
    let server = Server::start();
    let mut early = WebSocket::open(server.address).await;

    let mut crowd = Vec::new();
    for _ in 0..LIMIT {
        crowd.push(TcpStream::connect(server.address).await.unwrap());
    }
    until("the descriptors are used up", || server.descriptors() == LIMIT).await;
    echoes(&mut early, "4those who are in are served").await;
    assert_eq!(server.descriptors(), LIMIT, "and nobody has left meanwhile");

    drop(crowd);
    let mut late = WebSocket::open(server.address).await;
    echoes(&mut late, "4and others come in again").await;
    echoes(&mut early, "4beside them").await;
}
