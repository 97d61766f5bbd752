//! The real binary, on a free port, in a temporary folder.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{self, Client, within};
use crate::wire::{self, Answer};

/// How long a server may take to say that it listens: generous, since machines that test are busy.
const START: Duration = Duration::from_secs(30);
/// How often the log is looked at by whoever waits for a line.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A running server. Dropping it kills it and removes its folder.
pub struct App {
    binary: PathBuf,
    environment: BTreeMap<String, String>,
    folder: tempfile::TempDir,
    process: Process,
}

struct Process {
    child: Child,
    address: SocketAddr,
    log: mpsc::Receiver<String>,
}

impl App {
    /// Starts `binary` with these `HEARTH_*` variables above what every test wants: a folder and a port of its own.
    pub fn start(binary: impl AsRef<Path>, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut all = BTreeMap::from([
            ("HEARTH_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("HEARTH_DATA".to_owned(), folder.path().join("data").display().to_string()),
            ("HEARTH_LOG_FORMAT".to_owned(), "json".to_owned()),
        ]);
        all.extend(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let process = Process::start(binary.as_ref(), &all);
        // A restart must be reachable where the clients look for it.
        all.insert("HEARTH_LISTEN".to_owned(), process.address.to_string());
        Self { binary: binary.as_ref().to_owned(), environment: all, folder, process }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// The folder with its data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kills it as `kill -9` does and starts it again on the same port and data.
    pub fn kill_and_restart(&mut self) {
        self.process.kill();
        self.process = Process::start(&self.binary, &self.environment);
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = self.pid().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
        assert!(told.success(), "the server is not running");
        self.process.child.wait().expect("the child is ours")
    }

    /// Log lines that have come since the last call.
    pub fn log(&self) -> Vec<String> {
        self.process.log.try_iter().collect()
    }

    /// Waits until the log has a line that holds `text`.
    ///
    /// # Panics
    /// It does not come in time.
    pub async fn until_logged(&self, text: &str) {
        within(&format!("the log to say `{text}`"), async {
            while !self.log().iter().any(|line| line.contains(text)) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await;
    }

    /// Resident memory, in KiB (`VmRSS` of proc(5)).
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the server is running");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells VmRSS");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number of KiB")
    }

    /// A request with exactly these headers.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        wire::exchange(self.address(), method, path, headers, body.as_bytes()).await.expect("the server answers")
    }

    /// A POST of JSON without a session.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.request("POST", path, &[("content-type", "application/json")], body).await
    }

    /// A GET with these headers.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request("GET", path, headers, "").await
    }

    /// Signs up `name` and returns the `Cookie` header of the session.
    pub async fn sign_up(&self, name: &str) -> String {
        let body = format!(r#"{{"username":"{name}","password":"correct horse {name}"}}"#);
        let answer = self.post("/api/signup", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").expect("signing up signs in");
        cookie.split(';').next().unwrap_or_default().to_owned()
    }

    /// A connection to the chat, with the session's cookie.
    pub fn client(&self, cookie: &str) -> client::Builder {
        Client::to(&format!("ws://{}/socket.io/", self.address())).header("cookie", cookie)
    }

    /// Connects to the chat with the cookie of a living session.
    pub async fn connect(&self, cookie: &str) -> Client {
        self.client(cookie).connect().await.expect("a living session")
    }
}

/// The id of the channel that everybody is in. Costs one `channel:list`.
pub async fn general(client: &mut Client) -> Value {
    let mut list = client.emit_with_ack("channel:list", (json!({}),)).await.remove(0);
    assert_eq!(list["status"], "OK", "{list}");
    list["data"][0]["id"].take()
}

impl Process {
    fn start(binary: &Path, environment: &BTreeMap<String, String>) -> Self {
        let mut child = Command::new(binary)
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let stderr = BufReader::new(child.stderr.take().expect("it was piped"));
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // The test may have ended; the pipe is read on so that the server never waits for it.
                let _ = sender.send(line);
            }
        });
        let address = listening_at(&mut child, &log);
        Self { child, address, log }
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads the log until the server says where it listens.
fn listening_at(child: &mut Child, log: &mpsc::Receiver<String>) -> SocketAddr {
    let mut seen = Vec::new();
    loop {
        let Ok(line) = log.recv_timeout(START) else {
            let _ = child.kill();
            panic!("the server did not start:\n{}", seen.join("\n"));
        };
        // In the log for machines, and in the one for people.
        let told = line.split_once(r#""address":""#).or_else(|| line.split_once("address="));
        let address = told.and_then(|(_, rest)| rest.split(['"', ' ']).next()?.parse().ok());
        if let Some(address) = address {
            return address;
        }
        seen.push(line);
    }
}
