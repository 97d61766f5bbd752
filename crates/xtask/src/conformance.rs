//! `cargo xtask conformance --suite DIR`: an official suite of the protocol against the example `conformance`.
//!
//! The suites are not part of this repository. Their `waitFor` listens only while it is waited for, so of two frames that
//! arrive together it loses the second; the copy that runs here keeps what arrives in a queue. Nothing else is changed but
//! the address of the server.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{at_exit, cargo, end, has_ended, npm, run, spawn};
use crate::workspace::{examples, root};

/// The suite itself, in its folder.
const SUITE: &str = "test-suite.js";
/// What of the folder is needed beside it.
const COMPANIONS: [&str; 3] = ["node-imports.js", "package.json", "package-lock.json"];
/// Where the suites expect the server.
const ADDRESS: &str = "localhost:3000";
/// How long the server may take to listen.
const START: Duration = Duration::from_secs(20);

/// In place of the functions of the same names: frames that arrive while nobody waits are kept, in order.
const WAIT_FOR: &str = "\
const arrived = new WeakMap();

function waitFor(socket, eventType) {
  if (!arrived.has(socket)) arrived.set(socket, {});
  const queues = arrived.get(socket);
  if (!queues[eventType]) {
    const queue = (queues[eventType] = { events: [], waiting: [] });
    socket.addEventListener(eventType, (event) => {
      const next = queue.waiting.shift();
      if (next) next(event);
      else queue.events.push(event);
    });
  }
  const queue = queues[eventType];
  if (queue.events.length > 0) return Promise.resolve(queue.events.shift());
  return new Promise((resolve) => queue.waiting.push(resolve));
}
";
const WAIT_FOR_PACKETS: &str = "\
async function waitForPackets(socket, count) {
  const packets = [];
  while (packets.length < count) {
    const { data } = await waitFor(socket, \"message\");
    if (data !== \"2\") packets.push(data);
  }
  return packets;
}
";

/// Build the server, mend a copy of the suite, run it.
pub(crate) fn run_command(suite: &Path) -> Result<()> {
    ensure!(suite.join(SUITE).is_file(), "{} holds no {SUITE}", suite.display());
    run(cargo().args(["build", "--package", "socketio", "--example", "conformance"]).current_dir(root()))?;
    let port = free_port()?;
    let copy = copy(suite, port)?;
    run(npm(&copy).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;

    let mut server = Command::new(examples()?.join("conformance"));
    // The suites know nothing of connection state recovery, which shows in what they look at.
    server.env("PORT", port.to_string()).env("RECOVERY_WINDOW", "0");
    // A test waits for three pings without joining a namespace, 900 ms, and no test waits for this deadline: the second
    // that the suites ask for makes a busy machine look like a fault.
    let mut server = spawn(server.env("CONNECT_TIMEOUT", "5000"))?;
    let started = Instant::now();
    while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_err() {
        ensure!(!has_ended(&mut server)?, "the server has ended");
        ensure!(started.elapsed() < START, "the server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    at_exit(move || drop(end(server)));
    run(npm(&copy).args(["test", "--", "--exit"]))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    Ok(listener.local_addr()?.port())
}

/// The mended copy, under `target/`, in a folder for each suite so that what npm installs stays.
fn copy(suite: &Path, port: u16) -> Result<PathBuf> {
    let read = |name: &str| {
        let path = suite.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let package = read("package.json")?;
    let name = if package.contains("engine.io") { "engine.io" } else { "socket.io" };
    let folder = root().join("target/conformance").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for companion in COMPANIONS {
        fs::write(folder.join(companion), read(companion)?)?;
    }
    fs::write(folder.join(SUITE), mend(&read(SUITE)?, port)?)?;
    Ok(folder)
}

fn mend(suite: &str, port: u16) -> Result<String> {
    ensure!(suite.contains(ADDRESS), "the suite does not say {ADDRESS}");
    let suite = suite.replace(ADDRESS, &format!("{}:{port}", Ipv4Addr::LOCALHOST));
    let Some(suite) = replace(&suite, "function waitFor(", WAIT_FOR) else { bail!("the suite has no waitFor") };
    Ok(replace(&suite, "function waitForPackets(", WAIT_FOR_PACKETS).unwrap_or(suite))
}

/// Puts another text in the place of a function that begins and ends at the start of a line.
fn replace(text: &str, head: &str, with: &str) -> Option<String> {
    const TAIL: &str = "\n}\n";
    let start = text.find(&format!("\n{head}"))? + 1;
    let end = start + text[start..].find(TAIL)? + TAIL.len();
    Some(format!("{}{with}{}", &text[..start], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_and_the_functions_that_wait_are_changed() {
        let suite =
            "const URL = \"http://localhost:3000\";\n\nfunction waitFor(socket, type) {\n  old();\n}\n\nrest();\n";
        let mended = mend(suite, 4711).unwrap();
        assert!(mended.starts_with("const URL = \"http://127.0.0.1:4711\";\n\nconst arrived"), "{mended}");
        assert!(mended.ends_with("\n}\n\nrest();\n") && !mended.contains("old()"), "{mended}");
    }

    #[test]
    fn what_is_no_suite_is_refused() {
        assert!(mend("function waitFor(", 1).is_err());
        assert!(mend("localhost:3000", 1).is_err());
    }
}
