//! What whoever starts the server sees: one clear sentence when it cannot, an orderly end when it is told to.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use testkit::app::App;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// Runs it with these variables until it gives up; what it says.
fn refusal(environment: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(BINARY)
        .env("HEARTH_LISTEN", "127.0.0.1:0")
        .env("HEARTH_DATA", folder.path())
        .env("HEARTH_LOG", "off")
        .envs(environment.iter().copied())
        .output()
        .expect("the binary starts");
    assert!(!output.status.success(), "it started with {environment:?}");
    let said = String::from_utf8(output.stderr).expect("it speaks UTF-8");
    assert_eq!(said.trim().lines().count(), 1, "one sentence: {said}");
    let parts: Vec<_> = said.trim().split(": ").collect();
    assert!(parts.iter().enumerate().all(|(place, part)| !parts[..place].contains(part)), "nothing twice: {said}");
    said
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&[("HEARTH_LISTEN", &address)]);
    assert!(said.contains(&taken.local_addr().unwrap().port().to_string()) && said.contains("taken"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("data");
    let said = refusal(&[("HEARTH_DATA", below.to_str().unwrap())]);
    assert!(said.contains(below.to_str().unwrap()), "{said}");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let first = App::start(BINARY, &[]);
    let said = refusal(&[("HEARTH_DATA", first.data().to_str().unwrap())]);
    assert!(said.contains("another server") && said.contains("HEARTH_DATA"), "{said}");
}

#[tokio::test]
async fn a_server_waits_for_a_command_that_holds_the_folder_for_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let held = std::fs::File::create(folder.path().join("hearth.lock")).unwrap();
    held.lock().unwrap();
    let command = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        drop(held);
    });
    let app = App::start(BINARY, &[("HEARTH_DATA", folder.path().to_str().unwrap())]);
    command.join().unwrap();
    assert_eq!(app.get("/readyz", &[]).await.status, 200);
}

#[tokio::test]
async fn a_variable_that_is_empty_is_not_set() {
    let names: Vec<String> = documented_variables();
    assert!(names.len() > 30, "{names:?}");
    let mut environment: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let folder = tempfile::tempdir().unwrap();
    environment.retain(|(name, _)| !["HEARTH_DATA", "HEARTH_LISTEN", "HEARTH_LOG_FORMAT"].contains(name));
    environment.push(("HEARTH_DATA", folder.path().to_str().unwrap()));
    let app = App::start(BINARY, &environment);
    assert_eq!(app.get("/readyz", &[]).await.status, 200);
}

/// The variables of the table of docs/operations.md, which another test compares with the program.
fn documented_variables() -> Vec<String> {
    let documentation = include_str!("../../../docs/operations.md");
    let rows = documentation.lines().filter_map(|line| line.strip_prefix("| `HEARTH_")?.split_once("` | `--"));
    rows.map(|(name, _)| format!("HEARTH_{name}")).collect()
}

#[test]
fn a_database_that_does_not_answer_is_named_without_its_password() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = refusal(&[("HEARTH_DATABASE_URL", &format!("postgres://hearth:s3cret@{silent}/hearth"))]);
    assert!(said.contains("database") && !said.contains("s3cret"), "{said}");
}

#[test]
fn a_wrong_setting_is_named() {
    let said = refusal(&[("HEARTH_PUBLIC_URL", "chat.example.org")]);
    assert!(said.contains("HEARTH_PUBLIC_URL"), "{said}");
}

#[tokio::test]
async fn it_ends_in_order_when_it_is_told_to() {
    let mut app = App::start(BINARY, &[]);
    assert_eq!(app.get("/readyz", &[]).await.status, 200);
    assert!(app.terminate().success());
}

#[test]
fn a_log_that_nobody_reads_stops_nothing_and_the_end_is_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(BINARY)
        .env("HEARTH_LISTEN", "127.0.0.1:0")
        .env("HEARTH_DATA", folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(server.stderr.take().unwrap());
    // The reader goes with the iterator: what is said from here on, such as that it stops, cannot be written.
    assert!(log.lines().map_while(Result::ok).any(|line| line.contains("Hearth is at")));
    let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_said_is_a_failure_all_the_same() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = Command::new(BINARY).env("HEARTH_PUBLIC_URL", "nonsense").stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn whoever_has_an_account_has_it_after_a_kill() {
    let mut app = App::start(BINARY, &[]);
    let cookie = app.sign_up("ada").await;
    app.kill_and_restart();
    let response = app.get("/api/self", &[("cookie", &cookie)]).await;
    assert_eq!(response.status, 200, "{}", response.text());
}

#[tokio::test]
async fn strangers_cannot_take_an_exposed_server() {
    let app = App::start(BINARY, &[("HEARTH_PUBLIC_URL", "http://chat.example.org")]);
    let response = app.post("/api/signup", r#"{"username":"eve","password":"long enough"}"#).await;
    assert_eq!(response.status, 400, "{}", response.text());

    let log = app.log().join("\n");
    let (_, rest) = log.split_once("\"setup_code\":\"").expect("the code is in the log");
    let code = rest.split('"').next().unwrap();
    let body = format!(r#"{{"username":"ada","password":"long enough","setupCode":"{code}"}}"#);
    assert_eq!(app.post("/api/signup", &body).await.status, 200);
    // From now on the server has its owner, and the door is open.
    assert_eq!(app.post("/api/signup", r#"{"username":"eve","password":"long enough"}"#).await.status, 200);
}
