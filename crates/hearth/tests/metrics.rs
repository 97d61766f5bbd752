//! What the server tells Prometheus, and whom.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};

use serde_json::json;
use testkit::app::{App, general};
use testkit::wire;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

async fn scrape(address: SocketAddr, headers: &[(&str, &str)]) -> wire::Answer {
    wire::exchange(address, "GET", "/metrics", headers, b"").await.expect("it answers")
}

/// An address that nobody listens on.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound")
}

/// The value of the sample that begins so.
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(sample).is_some_and(|rest| rest.starts_with(' ')));
    let line = line.unwrap_or_else(|| panic!("no {sample} in\n{text}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_counted_on_a_listener_of_its_own() {
    let listen = free();
    let app = App::start(BINARY, &[("HEARTH_METRICS_LISTEN", &listen.to_string())]);
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let mut client = app.client(&ada).connect().await.unwrap();
    let mut reader = app.client(&bob).connect().await.unwrap();
    let general = general(&mut client).await;
    for content in ["one", "two", ""] {
        client.emit_with_ack("message:send", (json!({"channelId": general, "content": content}),)).await;
    }
    client.emit_with_ack("no:such", (json!({}),)).await;
    reader.event("message:sent").await;

    let answer = scrape(listen, &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "it is whole");
    let sends =
        |outcome: &str| format!(r#"hearth_command_seconds_count{{command="message:send",outcome="{outcome}"}}"#);
    assert_eq!((value(text, &sends("OK")), value(text, r#"hearth_sockets{by="websocket"}"#)), (2.0, 2.0));
    // What cannot be read as a command has no name of ours.
    assert_eq!(value(text, r#"hearth_command_seconds_count{command="unknown",outcome="INVALID"}"#), 2.0);
    assert_eq!(value(text, r#"hearth_events_total{event="message:sent"}"#), 2.0);
    assert_eq!((value(text, "hearth_people_online"), value(text, "hearth_database_reached")), (2.0, 1.0));
    assert_eq!((value(text, r#"hearth_lane_queued{by="0"}"#), value(text, "hearth_password_checks_total")), (0.0, 2.0));
    assert!(value(text, "hearth_commits_total") >= 4.0 && value(text, "hearth_packets_sent_total") >= 6.0);
    for histogram in ["lane_batch_size", "transaction_seconds", "commit_seconds", "read_seconds", "fan_out_seconds"] {
        let count = value(text, &format!("hearth_{histogram}_count"));
        assert!(count >= 1.0, "{histogram}");
        assert_eq!(value(text, &format!(r#"hearth_{histogram}_bucket{{le="+Inf"}}"#)), count, "{histogram}");
    }
    for sample in
        ["hearth_resident_bytes", "hearth_open_files", "hearth_open_files_max", "hearth_outbound_queued_bytes"]
    {
        value(text, sample);
    }
    drop(reader);
    drop(client);
    let closed = r#"hearth_closes_total{by="transport_close"}"#;
    testkit::client::within("the closes to be counted", async {
        while value(scrape(listen, &[]).await.text(), closed) < 2.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(app.get("/metrics", &[]).await.status, 404, "not on the server's own port, and no page either");
    assert_eq!(wire::exchange(listen, "GET", "/api/meta", &[], b"").await.unwrap().status, 404, "nothing else here");
}

/// The names that the table of docs/operations.md has, without what OpenMetrics puts behind them.
fn documented() -> BTreeSet<String> {
    let documentation = include_str!("../../../docs/operations.md");
    let (_, rest) = documentation.split_once("\n| metric | tells |\n").expect("there is a table");
    let rows = rest.lines().take_while(|line| line.starts_with('|'));
    let names = rows.filter_map(|line| line.split('|').nth(1)).flat_map(|cell| cell.split('`'));
    let names = names.filter(|name| name.starts_with("hearth_"));
    names.map(|name| name.trim_end_matches("_total").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_stands_in_the_documentation_and_every_documented_one_is_told() {
    let listen = free();
    let app = App::start(BINARY, &[("HEARTH_METRICS_LISTEN", &listen.to_string())]);
    let mut client = app.client(&app.sign_up("ada").await).connect().await.unwrap();
    // Families have no lines before their first sample.
    let general = general(&mut client).await;
    client.emit_with_ack("message:send", (json!({"channelId": general, "content": "x"}),)).await;
    let answer = scrape(listen, &[]).await;
    let told = answer.text().lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    assert_eq!(told.map(ToOwned::to_owned).collect::<BTreeSet<_>>(), documented());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_the_token_is_told_on_the_servers_own_port_and_nobody_else() {
    let mut token = tempfile::NamedTempFile::new().unwrap();
    writeln!(token, "a token of many characters").unwrap();
    let app = App::start(BINARY, &[("HEARTH_METRICS_TOKEN_FILE", token.path().to_str().unwrap())]);
    for (given, status) in [
        (None, 401),
        (Some("Bearer guess"), 401),
        (Some("Basic a token of many characters"), 401),
        (Some("Bearer a token of many characters"), 200),
    ] {
        let headers: Vec<_> = given.iter().map(|given| ("authorization", *given)).collect();
        assert_eq!(scrape(app.address(), &headers).await.status, status, "{given:?}");
    }
}
