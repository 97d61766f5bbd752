//! The chat's sockets: who may connect, and what happens to what they send.

mod admission;
mod dispatch;

use std::sync::Arc;

use chat::Event;
use chat::server::Hello;
use socketio::{Server, Socket};
use tokio::time::Instant;

use crate::app::App;
use crate::config::{Bytes, LimitSettings};
use crate::connection::Connection;
use crate::fan_out::FanOut;
use crate::memory;

/// The Socket.IO server, which asks `app` about every handshake. It holds the application weakly: the application holds
/// its rooms.
pub(crate) fn server(app: std::sync::Weak<App>, limits: &LimitSettings) -> Server {
    let config = engineio::Config::with(|config| {
        config.max_payload = limits.sizes.packet.get();
        config.outbound_limit = limits.sizes.outbound.get();
        config.outbound_total = Some(limits.sizes.outbound_total.map_or_else(memory::quarter, Bytes::get));
        config.stall_timeout = limits.deadlines.stall.get();
        config.paused_limit = limits.deadlines.pause.get();
    });
    Server::builder()
        .engine(config)
        .connect_timeout(limits.deadlines.authenticate.get())
        .allow_request(move |parts| admission::handshake(app.upgrade(), parts))
        .build()
}

/// Tells the namespace `/` what to do with its sockets.
pub(crate) fn install(app: &Arc<App>) {
    let namespace = app.hub.namespace();
    let shared = Arc::clone(app);
    namespace.middleware(move |socket, auth| admission::connect(Arc::clone(&shared), socket, auth));
    let shared = Arc::clone(app);
    namespace.on_connect(move |socket| connected(Arc::clone(&shared), socket));
    let shared = Arc::clone(app);
    namespace.fallback(move |socket, event| dispatch::event(Arc::clone(&shared), socket, event));
    let shared = Arc::clone(app);
    namespace.on_disconnect(move |socket, reason| {
        tracing::debug!(socket = %socket.id(), %reason, "disconnected");
        disconnected(Arc::clone(&shared), socket)
    });
}

async fn connected(app: Arc<App>, socket: Socket) {
    let Some(connection) = socket.data::<Connection>() else { return };
    FanOut::new(Arc::clone(&app)).apply_all(app.chat.presence().socket_opened(connection.actor.user), None);
    let hello =
        Event::ServerHello(Hello { version: env!("CARGO_PKG_VERSION").to_owned(), web_build: app.web_build.clone() });
    // Whoever is gone already needs no greeting.
    let _ = socket.emit(hello.name(), (&hello,));
}

async fn disconnected(app: Arc<App>, socket: Socket) {
    let Some(connection) = socket.data::<Connection>() else { return };
    app.chat.presence().socket_closed(connection.actor.user, Instant::now());
    let effects = app.chat.socket_gone(&connection.actor);
    FanOut::new(app).apply_all(effects, None);
}
