//! What whoever runs the server does beside it: accounts, invitations, copies, questions.

mod broken;
mod place;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{App, general};
use testkit::client::{Client, End};

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

/// What is promised: nothing is delivered later than this after a session has ended.
const PROMISED: Duration = Duration::from_secs(1);

/// Runs `hearth` with these arguments on this data folder.
fn run(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(args).env("HEARTH_DATA", data).env("HEARTH_PASSWORD_MEMORY", "64KiB");
    command.output().expect("the binary starts")
}

/// What it says when all went well.
fn hearth(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The one sentence that it says when it could not.
fn refused(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{args:?} went well");
    assert_eq!(said.trim().lines().count(), 1, "one sentence: {said}");
    said
}

/// What it says of arguments that it does not understand.
fn misused(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The word behind `label` in what was said.
fn after<'a>(said: &'a str, label: &str) -> &'a str {
    let (_, rest) = said.split_once(label).unwrap_or_else(|| panic!("no {label} in {said}"));
    rest.split_whitespace().next().expect("a word")
}

async fn log_in(app: &App, name: &str, password: &str) -> u16 {
    app.post("/api/login", &json!({"username": name, "password": password}).to_string()).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_is_made_before_the_first_start_and_needs_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let said = hearth(&data, &["user", "create", "ada", "--role", "owner", "--display-name", "Ada L"]);
    let password = after(&said, "password:");
    let data = data.to_str().unwrap();
    let app = App::start(BINARY, &[("HEARTH_DATA", data), ("HEARTH_PUBLIC_URL", "http://chat.example.org")]);
    let answer = app.post("/api/login", &json!({"username": "ada", "password": password}).to_string()).await;
    let own: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!((&own["role"], &own["displayName"]), (&json!("owner"), &json!("Ada L")), "{}", answer.text());
    assert!(!app.log().join("\n").contains("setup_code"), "nobody else can own it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_cuts_the_disabled_and_those_with_a_new_password() {
    let app = App::start(BINARY, &[]);
    let data = app.data();
    app.sign_up("owner").await;
    for what in ["disable", "set-password"] {
        let name = format!("ada.{}", &what[..3]);
        let (ada, bob) = (app.sign_up(&name).await, app.sign_up(&format!("bob.{}", &what[..3])).await);
        let mut cut = app.client(&ada).connect().await.unwrap();
        let mut staying = app.client(&bob).connect().await.unwrap();
        let said = hearth(&data, &["user", what, &name]);
        let end = tokio::time::timeout(PROMISED, cut.end()).await.unwrap_or_else(|_| panic!("{what}: not in time"));
        assert_eq!(end, End::Disconnected, "{what}: it is not to come back");
        general(&mut staying).await;
        assert_eq!(app.get("/api/self", &[("cookie", &ada)]).await.status, 401, "{what}");
        let old = log_in(&app, &name, &format!("correct horse {name}")).await;
        assert_eq!(old, if what == "disable" { 403 } else { 401 }, "{what}");
        if what == "disable" {
            hearth(&data, &["user", "enable", &name]);
            assert_eq!(log_in(&app, &name, &format!("correct horse {name}")).await, 200);
        } else {
            assert_eq!(log_in(&app, &name, after(&said, "password:")).await, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_given_away_and_somebody_always_owns_it() {
    let app = App::start(BINARY, &[]);
    let data = app.data();
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let role = async |cookie: &str| {
        let own = app.get("/api/self", &[("cookie", cookie)]).await;
        serde_json::from_str::<Value>(own.text()).unwrap()["role"].clone()
    };
    assert!(refused(&data, &["user", "role", "ada", "member"]).contains("somebody must own"));
    assert!(refused(&data, &["user", "disable", "ADA"]).contains("owns the server"));
    hearth(&data, &["user", "role", "bob", "owner"]);
    assert_eq!((role(&ada).await, role(&bob).await), (json!("member"), json!("owner")));
    hearth(&data, &["user", "disable", "ada"]);
    assert!(refused(&data, &["user", "role", "ada", "owner"]).contains("disabled"));
    let list = hearth(&data, &["user", "list"]);
    let line = |name: &str| list.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("ada").contains("member") && line("ada").contains("disabled"), "{list}");
    assert!(line("bob").contains("owner") && !line("bob").contains("disabled"), "{list}");
}

/// What a socket is told, in time, that it is in a channel from now on.
async fn told_role(client: &mut Client, channel: &Value) -> Value {
    let told = async {
        loop {
            let update = client.event("channel:updated").await.remove(0);
            if update["id"] == *channel && update["role"].is_string() {
                return update["role"].clone();
            }
        }
    };
    tokio::time::timeout(PROMISED, told).await.expect("it is told in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_the_server_away_and_who_gets_it_hear_of_it_at_once() {
    let app = App::start(BINARY, &[]);
    let (ada, bob, eve) = (app.sign_up("ada").await, app.sign_up("bob").await, app.sign_up("eve").await);
    let mut sockets = Vec::new();
    for cookie in [&ada, &bob, &eve] {
        sockets.push(app.client(cookie).connect().await.unwrap());
    }
    let [ada, bob, eve] = &mut sockets[..] else { unreachable!() };
    let general = general(ada).await;
    // Who is cut has been noticed, and whose the server is with it.
    let mut gone = app.client(&app.sign_up("gone").await).connect().await.unwrap();
    hearth(&app.data(), &["user", "disable", "gone"]);
    gone.end().await;
    hearth(&app.data(), &["user", "role", "bob", "owner"]);
    assert_eq!((told_role(ada, &general).await, told_role(bob, &general).await), (json!("member"), json!("owner")));
    hearth(&app.data(), &["user", "create", "cleo", "--role", "owner"]);
    assert_eq!(told_role(bob, &general).await, json!("member"));
    say(eve, "whoever it does not concern").await;
    let heard = eve.pending();
    assert!(!format!("{heard:?}").contains("channel:updated"), "it is nobody else's: {heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_is_made_beside_the_server_lets_in_and_is_taken_back() {
    let app = App::start(BINARY, &[("HEARTH_SIGNUP", "invite"), ("HEARTH_LIMIT_SIGNUP", "1/h:1")]);
    let data = app.data();
    app.sign_up("owner").await;
    let sign_up = async |name: &str, code: &str| {
        let body = json!({"username": name, "password": "correct horse", "inviteCode": code});
        app.post("/api/signup", &body.to_string()).await.status
    };
    let url = ["--public-url", "https://chat.example.org"];
    let said = hearth(&data, &[&["invite", "create", "--uses", "3", "--expires", "12h"][..], &url].concat());
    let code = after(&said, "code:");
    assert!(said.contains(&format!("https://chat.example.org/signup?invite={code}")), "{said}");
    // One sign-up an hour and address is spent: whoever is invited is not counted.
    assert_eq!((sign_up("ann", code).await, sign_up("bob", code).await), (200, 200));
    assert!(hearth(&data, &["invite", "list"]).contains("2 of 3"));
    hearth(&data, &["invite", "revoke", after(&said, "id:")]);
    assert_eq!(sign_up("eve", code).await, 429, "whoever has none is counted, and one was the owner's");
    assert!(hearth(&data, &["invite", "list"]).contains("revoked"));
    assert!(refused(&data, &["invite", "revoke", after(&said, "id:")]).contains("taken back already"));
    assert!(misused(&data, &["invite", "revoke", "ann"]).contains("hearth invite list"));
}

/// Who says what in `General`, as a client that was away asks for it: the epoch and the contents.
async fn sync(client: &mut Client) -> (Value, Vec<String>) {
    let general = general(client).await.as_str().expect("an id").to_owned();
    let ask = json!({"channels": {&general: 0}});
    let data = client.emit_with_ack("message:sync", (ask,)).await[0]["data"].clone();
    let messages = data["channels"][&general]["messages"].as_array().expect("a list").iter();
    let contents = messages.map(|message| message["content"].as_str().expect("a text").to_owned()).collect();
    (data["epoch"].clone(), contents)
}

async fn say(client: &mut Client, content: &str) {
    let general = general(client).await;
    let answer = client.emit_with_ack("message:send", (json!({"channelId": general, "content": content}),)).await;
    assert_eq!(answer[0]["status"], "OK", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_taken_from_a_running_server_is_a_server_of_another_epoch() {
    let app = App::start(BINARY, &[]);
    let cookie = app.sign_up("ada").await;
    let mut ada = app.client(&cookie).connect().await.unwrap();
    say(&mut ada, "before").await;
    let folder = tempfile::tempdir().unwrap();
    let copies = [folder.path().join("kept.db"), folder.path().join("forgotten.db")];
    hearth(&app.data(), &["backup", copies[0].to_str().unwrap()]);
    hearth(&app.data(), &["backup", "--without-sessions", copies[1].to_str().unwrap()]);
    say(&mut ada, "after").await;
    assert!(refused(&app.data(), &["backup", copies[0].to_str().unwrap()]).contains("is there already"));
    let (epoch, contents) = sync(&mut ada).await;
    assert_eq!(contents, ["before", "after"]);

    let holds_address = |copy: &Path| {
        let address = b"127.0.0.1";
        std::fs::read(copy).unwrap().windows(address.len()).any(|bytes| bytes == address)
    };
    assert_eq!(copies.each_ref().map(|copy| holds_address(copy)), [true, false], "what is forgotten is overwritten");

    let mut epochs = vec![epoch];
    for (number, (copy, status)) in [(&copies[0], 200), (&copies[0], 200), (&copies[1], 401)].into_iter().enumerate() {
        // As the documentation says: the copy becomes the database of an empty folder.
        let data = copy.with_extension(number.to_string());
        std::fs::create_dir(&data).unwrap();
        std::fs::copy(copy, data.join("hearth.db")).unwrap();
        let restored = App::start(BINARY, &[("HEARTH_DATA", data.to_str().unwrap())]);
        assert_eq!(restored.get("/api/self", &[("cookie", &cookie)]).await.status, status, "{}", copy.display());
        assert_eq!(log_in(&restored, "ada", "correct horse ada").await, 200);
        if status == 200 {
            let (epoch, contents) = sync(&mut restored.client(&cookie).connect().await.unwrap()).await;
            assert!(
                !epochs.contains(&epoch),
                "clients drop what they know, also from another restore of the same copy"
            );
            epochs.push(epoch);
            assert_eq!(contents, ["before"]);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_copy_is_nobody_elses_and_an_impossible_one_leaves_nothing() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy.db"));
    assert!(refused(&data, &["backup", copy.to_str().unwrap()]).contains("no database"));
    hearth(&data, &["user", "create", "ada"]);
    let strangers = folder.path().join("copy.db.partial");
    std::fs::write(&strangers, "mine").unwrap();
    hearth(&data, &["backup", copy.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&strangers).unwrap(), "mine");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o077, 0);
    let nowhere = folder.path().join("none/copy.db");
    assert!(refused(&data, &["backup", nowhere.to_str().unwrap()]).contains("cannot be written"));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_a_server_to_sign_in_to_and_comes_into_an_empty_one_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let said = hearth(&data, &["seed", "--demo"]);
    assert!(said.contains("12 people, 6 channels, 2000 messages"), "{said}");
    assert!(refused(&data, &["seed", "--demo"]).contains("has accounts"));
    let app = App::start(BINARY, &[("HEARTH_DATA", data.to_str().unwrap())]);
    assert!(refused(&data, &["seed", "--demo"]).contains("a server runs"));
    let body = json!({"username": "ada.lantern", "password": after(&said, "ada.lantern")});
    let answer = app.post("/api/login", &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let mut ada = app.client(&cookie).connect().await.unwrap();
    let channels = ada.emit_with_ack("channel:list", (json!({"size": 100}),)).await[0]["data"].clone();
    let channels = channels.as_array().unwrap();
    assert_eq!(channels.len(), 6);
    assert_eq!(channels.iter().map(|channel| channel["seq"].as_u64().unwrap()).sum::<u64>(), 2_000);
    assert!(channels.iter().all(|channel| channel["userCount"] == 12), "{channels:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_learns_whether_the_server_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = App::start(BINARY, &[]);
    let address = app.address().to_string();
    assert_eq!(hearth(folder.path(), &["healthcheck", "--listen", &address]).trim(), "ready");
    assert_eq!(hearth(folder.path(), &["healthcheck", "--listen", &address, "--alive"]).trim(), "ok");
    app.terminate();
    assert!(refused(folder.path(), &["healthcheck", "--listen", &address]).contains("no server answers"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_sees_a_crowd_behind_a_proxy_that_is_not_believed() {
    let app = App::start(BINARY, &[]);
    for name in ["ada", "bob", "cleo"] {
        app.sign_up(name).await;
    }
    let listen = app.address().to_string();
    let doctor = |args: &[&str]| {
        let output = run(&app.data(), &[&["doctor", "--listen", &listen], args].concat());
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (well, said) = doctor(&[]);
    assert!(well && said.contains("as they do without a proxy"), "the server is for this machine: {said}");
    let url = format!("https://{listen}");
    let public = ["--public-url", &url];
    let (well, said) = doctor(&public);
    assert!(!well && said.contains("X-Forwarded-For"), "{said}");
    for what in ["is ready", "SQLite", "clock", "disk", "files", "memory", "public URL"] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let headers = [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.9")];
    app.request("POST", "/api/signup", &headers, r#"{"username":"dov","password":"correct horse"}"#).await;
    let (well, said) = doctor(&public);
    assert!(well, "{said}");
    let (well, said) = doctor(&["--data", "/does/not/exist"]);
    assert!(!well && said.contains("no database"), "{said}");
}

#[test]
fn what_is_in_force_is_shown_with_where_it_comes_from_and_without_secrets() {
    let output = Command::new(BINARY)
        .args(["config", "--limit-send", "7/s:9"])
        .env("HEARTH_LISTEN", "127.0.0.1:4000")
        .env("HEARTH_DATABASE_URL", "postgres://ann:hunter2@host/db")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line =
        |flag: &str| said.lines().find(|line| line.starts_with(flag)).unwrap_or_else(|| panic!("{flag}: {said}"));
    assert!(line("--listen").contains("127.0.0.1:4000") && line("--listen").ends_with("environment"), "{said}");
    assert!(line("--limit-send ").contains("7/s:9") && line("--limit-send ").ends_with("flag"), "{said}");
    assert!(line("--limit-read").contains("50/s:300") && line("--limit-read").ends_with("default"), "{said}");
    assert!(!said.contains("hunter2") && line("--database-url ").contains("not shown"), "{said}");
    let wrong = Command::new(BINARY).args(["config", "--public-url", "nonsense"]).output().unwrap();
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("HEARTH_PUBLIC_URL"));
}

#[test]
fn a_mistyped_folder_is_not_made_into_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("dta");
    for args in [&["user", "list"][..], &["backup", "copy.db"]] {
        assert!(refused(&data, args).contains("name its folder with --data"), "{args:?}");
    }
    assert!(!data.exists());
}

#[test]
fn a_database_that_cannot_be_opened_is_named_with_what_was_said_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let file = data.join("hearth.db");
    std::fs::write(&file, "a letter, and no database at all").unwrap();
    let said = format!("the database {} cannot be opened: file is not a database\n", file.display());
    assert_eq!(refused(&data, &["user", "list"]), format!("hearth: {said}"));
    let found = String::from_utf8(run(&data, &["doctor"]).stdout).unwrap();
    assert!(found.contains(&format!("FAIL  database    {said}")), "{found}");
    assert!(refused(&file, &["serve"]).contains("is not a folder"));

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://ann:s3cret@{closed}/talk");
    for args in [["serve", "--listen=127.0.0.1:0", "--database-url", &url], ["user", "list", "--database-url", &url]] {
        let said = refused(&data, &args);
        assert!(
            said.contains(&format!("the database at {closed}/talk cannot be opened: Connection refused")),
            "{said}"
        );
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn the_database_is_named_before_and_behind_what_is_to_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let named = data.to_str().unwrap();
    hearth(&data, &["user", "create", "ada"]);
    let elsewhere = folder.path().join("elsewhere");
    let together = format!("--data={named}");
    for args in [
        &["user", "list", "--data", named][..],
        &["user", "--data", named, "list"],
        &["--data", named, "user", "list"],
        &[&together, "user", "list"],
    ] {
        assert!(hearth(&elsewhere, args).contains("ada"), "{args:?}");
    }
    assert!(hearth(&elsewhere, &["invite", "list", "--data", named]).contains("STATE"));
    let said = misused(&elsewhere, &["--listen", "127.0.0.1:4000", "user", "list"]);
    assert!(
        said.contains("unexpected argument '--listen'"),
        "what the command does not know is not passed over: {said}"
    );
}
