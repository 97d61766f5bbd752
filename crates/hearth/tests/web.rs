//! The web client as it is served.

use testkit::app::App;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

#[tokio::test]
async fn every_page_is_the_index_and_is_asked_for_anew() {
    let app = App::start(BINARY, &[]);
    for path in ["/", "/signin", "/c/0192f0c1-0000-7000-8000-000000000000"] {
        let response = app.get(path, &[]).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(response.header("cache-control"), Some("no-cache"), "{path}");
        assert!(response.text().contains("<title>"), "{path}: {}", response.text());
    }
}

#[tokio::test]
async fn a_known_etag_is_answered_without_a_body() {
    let app = App::start(BINARY, &[]);
    let first = app.get("/", &[]).await;
    let etag = first.header("etag").unwrap();
    let again = app.get("/", &[("if-none-match", etag)]).await;
    assert_eq!((again.status, again.text()), (304, ""));
    assert_eq!(app.get("/", &[("if-none-match", "\"another\"")]).await.status, 200);
}

#[tokio::test]
async fn a_missing_file_is_not_the_index() {
    let app = App::start(BINARY, &[]);
    for path in ["/assets/missing.js", "/favicon.ico.bak", "/.git/config.x", "/../Cargo.toml"] {
        assert_eq!(app.get(path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_interface_address_is_a_json_404() {
    let app = App::start(BINARY, &[]);
    for path in ["/api", "/api/", "/api/nothing", "/api/self/nothing"] {
        let response = app.get(path, &[]).await;
        assert_eq!(response.status, 404, "{path}");
        assert!(response.text().contains(r#""code":"NOT_FOUND""#), "{path}: {}", response.text());
    }
}

/// What a page may do: every word of it was weighed, so that a looser one fails a test.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = App::start(BINARY, &[]);
    let foreign = [("origin", "https://evil")];
    for (path, headers, status) in [
        ("/", &[][..], 200),
        ("/nothing.js", &[], 404),
        ("/healthz", &[], 200),
        ("/api/meta", &[], 200),
        ("/api/self", &[], 401),
        ("/api/nothing", &[], 404),
        ("/api/meta", &foreign, 403),
        ("/api/socket.io/?EIO=4&transport=polling", &[], 200),
        ("/socket.io/?EIO=4&transport=polling&sid=x", &[], 400),
    ] {
        let response = app.get(path, headers).await;
        assert_eq!(response.status, status, "{path}");
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(response.header(name), Some(value), "{path}: {name}");
        }
        assert_eq!(response.header("strict-transport-security"), None, "{path}: this server is not under TLS");
        if path.starts_with("/api") {
            assert_eq!(response.header("cache-control"), Some("no-store"), "{path}");
        }
    }
}

#[tokio::test]
async fn under_tls_the_cookie_is_bound_to_the_host() {
    let app = App::start(BINARY, &[("HEARTH_PUBLIC_URL", "https://chat.example.org")]);
    let response = app.post("/api/logout", "").await;
    let cookie = response.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-sid=") && cookie.contains("; Secure") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    assert!(response.header("strict-transport-security").is_some());
}
