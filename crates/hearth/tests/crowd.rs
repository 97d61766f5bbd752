//! How much one address may hold.

use testkit::app::App;

const BINARY: &str = env!("CARGO_BIN_EXE_hearth");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_do_not_say_who_they_are_leave_room_for_those_that_do() {
    let app = App::start(BINARY, &[]);
    let cookie = app.sign_up("ada").await;
    let open = async |headers: &[(&str, &str)]| {
        app.request("GET", "/socket.io/?EIO=4&transport=polling", headers, "").await.status
    };
    for _ in 0..50 {
        assert_eq!(open(&[]).await, 200);
    }
    assert_eq!(open(&[]).await, 429, "the fifty-first of this address");
    assert_eq!(open(&[("x-forwarded-for", "203.0.113.5")]).await, 200, "another address");
    assert_eq!(open(&[("cookie", &cookie)]).await, 200, "somebody");
}
