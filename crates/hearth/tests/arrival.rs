//! Rule 11 of the architecture: nothing falls between the registration of a socket, the reading of its session and
//! memberships, and its entry into their rooms. Fail points hold these gaps open; each test acts inside each of them.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::app::App;
use testkit::client::{Client, Refused};
use tokio::task::JoinHandle;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// Before the session and the memberships of a socket are read, and after.
const GAPS: [&str; 2] = ["socket.registered", "socket.read"];

/// A server in which an arriving socket can be held.
struct Gap {
    app: App,
    /// The gap is open while this exists.
    file: PathBuf,
    _folder: TempDir,
}

impl Gap {
    /// `point`: one of [`GAPS`].
    fn start(point: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("gap");
        let points = format!("{point}={}", file.display());
        Self { app: App::start(BINARY, &[("HEARTH_FAIL_POINTS", &points)]), file, _folder: folder }
    }

    /// Opens the gap. A socket of `cookie` stands in it when this returns.
    async fn open(&self, cookie: &str) -> JoinHandle<Result<Client, Refused>> {
        std::fs::write(&self.file, "").expect("a folder of our own");
        let arriving = tokio::spawn(self.app.client(cookie).connect());
        self.app.until_logged("held at a fail point").await;
        arriving
    }

    /// Lets the socket go on; how it comes out.
    async fn close(&self, arriving: JoinHandle<Result<Client, Refused>>) -> Result<Client, Refused> {
        std::fs::remove_file(&self.file).expect("an open gap");
        arriving.await.expect("it does not panic")
    }
}

async fn command(client: &mut Client, name: &str, payload: Value) -> Value {
    let answer = client.emit_with_ack(name, (payload,)).await.remove(0);
    assert_eq!(answer["status"], "OK", "{name}: {answer}");
    answer["data"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_while_its_socket_arrives_is_refused() {
    for point in GAPS {
        let gap = Gap::start(point);
        let cookie = gap.app.sign_up("ada").await;
        let arriving = gap.open(&cookie).await;
        let out = gap.app.request("POST", "/api/logout", &[("cookie", &cookie)], "").await;
        assert_eq!(out.status, 204, "{}", out.text());
        assert!(gap.close(arriving).await.is_err(), "{point}: the session had ended");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_lasts_is_let_in() {
    for point in GAPS {
        let gap = Gap::start(point);
        let cookie = gap.app.sign_up("ada").await;
        let arriving = gap.open(&cookie).await;
        assert!(gap.close(arriving).await.is_ok(), "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_joined_while_a_socket_arrives_reaches_it() {
    for point in GAPS {
        let gap = Gap::start(point);
        let (ada, bob) = (gap.app.sign_up("ada").await, gap.app.sign_up("bob").await);
        let mut other = gap.app.client(&bob).connect().await.unwrap();
        let mut device = gap.app.client(&ada).connect().await.unwrap();
        let channel = command(&mut other, "channel:create", json!({"name": "late"})).await["id"].clone();

        let arriving = gap.open(&ada).await;
        command(&mut device, "channel:join", json!({"channelId": channel})).await;
        let mut arrived = gap.close(arriving).await.unwrap();

        command(&mut other, "message:send", json!({"channelId": channel, "content": "hello"})).await;
        let heard = arrived.event("message:sent").await;
        assert_eq!(heard[0]["content"], "hello", "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_joined_between_two_arrivals_reaches_both() {
    for point in GAPS {
        let gap = Gap::start(point);
        let (ada, bob) = (gap.app.sign_up("ada").await, gap.app.sign_up("bob").await);
        let mut other = gap.app.client(&bob).connect().await.unwrap();
        let mut device = gap.app.client(&ada).connect().await.unwrap();
        let channel = command(&mut other, "channel:create", json!({"name": "late"})).await["id"].clone();

        let first = gap.open(&ada).await;
        command(&mut device, "channel:join", json!({"channelId": channel})).await;
        let second = gap.open(&ada).await;
        let mut second = {
            let first = gap.close(first).await.unwrap();
            drop(first);
            second.await.expect("it does not panic").unwrap()
        };

        command(&mut other, "message:send", json!({"channelId": channel, "content": "hello"})).await;
        let heard = second.event("message:sent").await;
        assert_eq!(heard[0]["content"], "hello", "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_left_while_a_socket_arrives_does_not_reach_it() {
    for point in GAPS {
        let gap = Gap::start(point);
        let (ada, bob) = (gap.app.sign_up("ada").await, gap.app.sign_up("bob").await);
        let mut other = gap.app.client(&bob).connect().await.unwrap();
        let mut device = gap.app.client(&ada).connect().await.unwrap();
        let channel = command(&mut other, "channel:create", json!({"name": "left"})).await["id"].clone();
        command(&mut device, "channel:join", json!({"channelId": channel})).await;

        let arriving = gap.open(&ada).await;
        command(&mut device, "channel:leave", json!({"channelId": channel})).await;
        let mut arrived = gap.close(arriving).await.unwrap();

        command(&mut other, "message:send", json!({"channelId": channel, "content": "secret"})).await;
        // An answer that comes later than the event would have.
        command(&mut arrived, "channel:list", json!({})).await;
        let heard = arrived.pending();
        assert!(heard.iter().all(|event| event.name != "message:sent"), "{point}: {heard:?}");
    }
}
