//! A PostgreSQL whose processes stand still: every command is answered all the same.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::app::{App, general};
use testkit::database::{Location, TempDatabase};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// What is promised, and what a machine that runs other tests needs beside it.
const ANSWERED: Duration = Duration::from_secs(5 + 3);

fn psql(url: &str, sql: &str) -> Vec<String> {
    let output =
        Command::new("psql").args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", sql, url]).output();
    let output = output.expect("psql is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(ToOwned::to_owned).collect()
}

/// Processes that stand still until this is dropped.
struct Frozen(Vec<String>);

impl Frozen {
    fn new(pids: Vec<String>) -> Self {
        let frozen = Self(pids);
        frozen.signal("-STOP");
        frozen
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(signal).args(&self.0).status().expect("kill is there");
        assert!(status.success() || signal == "-CONT", "they are ours to stop");
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_is_answered_in_time_when_the_database_stands_still() {
    let database = TempDatabase::postgres().await;
    let Location::Postgres(url) = database.location() else { unreachable!() };
    // What psql does not know.
    let plain = url.split('?').next().unwrap().to_owned();
    let app = App::start(BINARY, &[("HEARTH_DATABASE_URL", url), ("HEARTH_RATE_LIMITS", "off")]);
    let cookie = app.sign_up("ada").await;
    let mut client = app.client(&cookie).connect().await.unwrap();
    let general = general(&mut client).await;
    let send = json!({"channelId": general, "content": "x"});
    client.emit_with_ack("message:send", (send.clone(),)).await;

    let backends = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let frozen = Frozen::new(psql(&plain, backends));
    let begun = Instant::now();
    let mut asked = Vec::new();
    // More than may be in flight, and reads among them, which wait for the writes before them.
    for number in 0..24 {
        let (name, payload) =
            if number % 6 == 5 { ("channel:list", json!({})) } else { ("message:send", send.clone()) };
        asked.push(client.emit_for_ack(name, (payload,)).await);
    }
    for id in asked {
        let answer: Value = client.answer(id).await.remove(0);
        let took = begun.elapsed();
        assert!(took < ANSWERED, "{took:?}: {answer}");
        let code = answer["code"].as_str().unwrap_or("OK").to_owned();
        assert!(["BUSY", "UNAVAILABLE", "OK"].contains(&code.as_str()), "{answer}");
        println!("{code} after {took:?}");
    }
    let status = async |path| app.get(path, &[]).await.status;
    assert_eq!((status("/readyz").await, status("/healthz").await), (503, 200), "it lives, and says that it cannot");
    drop(frozen);
    testkit::client::within("the server to be itself again", async {
        while client.emit_with_ack("message:send", (send.clone(),)).await[0]["status"] != "OK" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    testkit::client::within("it to say so", async {
        while app.get("/readyz", &[]).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_database_is_refused_and_comes_up_after_a_kill() {
    let database = TempDatabase::postgres().await;
    let Location::Postgres(url) = database.location() else { unreachable!() };
    let mut app = App::start(BINARY, &[("HEARTH_DATABASE_URL", url)]);
    let second = Command::new(BINARY).env("HEARTH_DATABASE_URL", url).env("HEARTH_LISTEN", "127.0.0.1:0").output();
    let said = String::from_utf8(second.unwrap().stderr).unwrap();
    assert!(said.contains("another server uses this PostgreSQL database"), "{said}");
    app.kill_and_restart();
    assert_eq!(app.get("/readyz", &[]).await.status, 200);
}
