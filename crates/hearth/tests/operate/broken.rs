//! What is broken is named in one sentence, in time, and with an exit code.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testkit::database::{Location, TempDatabase};

use super::{BINARY, hearth, refused, run};

/// Another program, which does this with whoever connects.
fn stranger(act: impl Fn(std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().flatten().for_each(act));
    address
}

fn answering(answer: &'static str) -> SocketAddr {
    stranger(move |mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(answer.as_bytes());
    })
}

#[test]
fn another_program_at_the_servers_address_is_not_a_server_that_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\n\r\nready\n",
        "SSH-2.0-x\r\n",
    ] {
        let address = answering(answer).to_string();
        let said = refused(folder.path(), &["healthcheck", "--listen", &address]);
        assert!(said.contains("what answers there is not Hearth"), "{answer}: {said}");
    }
    let address = answering("HTTP/1.1 503 Service Unavailable\r\n\r\ndraining\n").to_string();
    let output = run(folder.path(), &["healthcheck", "--listen", &address]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b"draining\n"[..]));
}

#[test]
fn a_server_that_does_not_answer_in_time_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let silent = stranger(|mut stream| _ = stream.read_to_end(&mut Vec::new()));
    let dribbling = stranger(|mut stream| {
        while stream.write_all(b"H").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    for address in [silent, dribbling] {
        let begun = Instant::now();
        let said = refused(folder.path(), &["healthcheck", "--listen", &address.to_string()]);
        assert!(said.contains("it took longer than 3 s"), "{said}");
        // Three seconds are the promise; a machine that does other work has ten times that.
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_anything_of_ours_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("hearth.db"), "").unwrap();
    let copy = folder.path().join("copy");
    let backup = ["backup", copy.to_str().unwrap()];
    let empty = TempDatabase::postgres().await;
    let Location::Postgres(url) = empty.location() else { unreachable!() };
    for args in [&backup[..], &[&backup[..], &["--database-url", url]].concat()] {
        let said = refused(&data, args);
        assert_eq!(said, "hearth: the database is empty: start the server on it first\n", "{args:?}");
        assert!(!copy.exists(), "{args:?}");
    }
}

#[test]
fn a_database_that_cannot_be_reached_to_be_copied_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://ann:s3cret@{closed}/talk");
    let said = refused(folder.path(), &["backup", copy.to_str().unwrap(), "--database-url", &url]);
    assert!(said.contains(&format!("the database at {closed}/talk cannot be opened: Connection refused")), "{said}");
    assert!(!said.contains("s3cret"), "{said}");

    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("hearth.db")).unwrap();
    let said = refused(&data, &["backup", copy.to_str().unwrap()]);
    assert!(said.contains(&format!("the database {} cannot be opened", data.join("hearth.db").display())), "{said}");
    assert!(!copy.exists());
}

#[test]
fn what_cannot_be_looked_at_is_not_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter");
    std::fs::write(&file, "no folder").unwrap();
    for args in [&["user", "list"][..], &["backup", "copy.db"]] {
        let said = refused(&file, args);
        assert!(said.contains("letter/hearth.db cannot be reached: Not a directory"), "{args:?}: {said}");
    }
    let found = String::from_utf8(run(&file, &["doctor"]).stdout).unwrap();
    assert!(found.contains("FAIL  database") && found.contains("cannot be reached"), "{found}");
}

#[test]
fn a_file_without_a_url_is_named_as_what_it_was_given_as() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "\n").unwrap();
    let said = refused(folder.path(), &["user", "list", "--database-url-file", file.to_str().unwrap()]);
    assert!(said.contains("HEARTH_DATABASE_URL_FILE"), "{said}");
}

#[test]
fn a_damaged_database_leaves_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    hearth(&data, &["user", "create", "ada"]);
    let file = data.join("hearth.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.truncate(5_000);
    std::fs::write(&file, bytes).unwrap();
    let copy = folder.path().join("copy.db");
    let output = Command::new(BINARY).arg("backup").arg(&copy).env("HEARTH_DATA", &data).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("malformed"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half-made stays");
}

#[test]
fn a_copy_does_not_take_the_name_of_a_part_of_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    hearth(&data, &["user", "create", "ada"]);
    for part in ["hearth.db-wal", "hearth.db-shm", "hearth.db-journal"] {
        let copy = data.join(part);
        let said = refused(&data, &["backup", copy.to_str().unwrap()]);
        assert!(said.contains("a file of the database itself"), "{said}");
        let elsewhere = folder.path().join(part);
        hearth(&data, &["backup", elsewhere.to_str().unwrap()]);
    }
}

/// Runs `hearth` with this as its standard output: its exit code and what it says beside.
fn run_into(data: &Path, args: &[&str], out: impl Into<Stdio>) -> (Option<i32>, String) {
    let mut command = Command::new(BINARY);
    command.args(args).env("HEARTH_DATA", data).env("HEARTH_PASSWORD_MEMORY", "64KiB").stdout(out);
    let output = command.stderr(Stdio::piped()).spawn().and_then(std::process::Child::wait_with_output);
    let output = output.expect("the binary starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn whoever_reads_no_further_has_what_they_wanted_and_a_full_disk_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    hearth(&data, &["user", "create", "ada"]);
    for args in [&["config"][..], &["doctor"], &["user", "list"], &["invite", "list"], &["user", "enable", "ada"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(run_into(&data, args, writer), (Some(0), String::new()), "{args:?}");
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, said) = run_into(&data, args, full);
        assert_eq!(code, Some(1), "{args:?}: {said}");
        assert!(said.starts_with("hearth: standard output cannot be written to: No space"), "{args:?}: {said}");
    }
}
