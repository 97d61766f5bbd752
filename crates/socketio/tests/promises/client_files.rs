//! The browser's client, served next to the protocol.

use std::fs;
use std::io::ErrorKind;

use engineio::{Cors, Origins};
use socketio::{Config, Server};
use testkit::wire::{Answer, exchange};

use crate::world::World;

/// A folder like `dist/` of the client's package.
struct Dist(tempfile::TempDir);

impl Dist {
    fn new() -> Dist {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("socket.io.min.js"), "script();\n//# sourceMappingURL=socket.io.min.js.map")
            .unwrap();
        fs::write(folder.path().join("socket.io.min.js.map"), "{\"version\":3}").unwrap();
        fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        Dist(folder)
    }

    async fn world(&self) -> World {
        let config = Config::with(|config| config.cors = Cors { origins: Origins::Any, credentials: false });
        World::with(Server::builder().engine(config).serve_client(self.0.path())).await
    }
}

async fn get(world: &World, file: &str, headers: &[(&str, &str)]) -> Answer {
    exchange(world.address, "GET", &format!("/socket.io/{file}"), headers, b"").await.unwrap()
}

#[tokio::test]
async fn scripts_and_source_maps_are_served() {
    let world = Dist::new().world().await;
    let script = get(&world, "socket.io.min.js?v=1", &[("origin", "https://other.example")]).await;
    assert_eq!((script.status, script.text().split(';').next()), (200, Some("script()")));
    assert_eq!(script.header("content-type"), Some("application/javascript; charset=utf-8"));
    assert_eq!(script.header("access-control-allow-origin"), Some("https://other.example"));
    let map = get(&world, "socket.io.min.js.map", &[]).await;
    assert_eq!((map.status, map.text()), (200, "{\"version\":3}"));
    assert_eq!(map.header("content-type"), Some("application/json; charset=utf-8"));
}

#[tokio::test]
async fn an_unchanged_script_is_not_sent_again() {
    let world = Dist::new().world().await;
    let tag = get(&world, "socket.io.min.js", &[]).await.header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let again = get(&world, "socket.io.min.js", &[("if-none-match", &known)]).await;
        assert_eq!((again.status, again.text()), (304, ""), "{known}");
        assert_eq!(again.header("etag"), Some(&*tag));
    }
    assert_eq!(get(&world, "socket.io.min.js", &[("if-none-match", "\"other\"")]).await.status, 200);
}

#[tokio::test]
async fn the_protocol_and_everything_else_go_to_the_engine() {
    let world = Dist::new().world().await;
    assert_eq!(get(&world, "?EIO=4&transport=polling", &[]).await.status, 200);
    for other in ["secret.txt", "../secret.txt", "%2e%2e/secret.txt", "missing.js"] {
        let answer = get(&world, other, &[]).await;
        assert_eq!((answer.status, answer.text().contains("secret")), (400, false), "{other}");
    }
    world.connect().await;
}

#[tokio::test]
async fn a_folder_without_a_client_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    for folder in [empty.path().to_owned(), empty.path().join("missing")] {
        let error = Server::builder().serve_client(folder).try_build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
