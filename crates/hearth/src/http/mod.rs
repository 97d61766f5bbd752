//! Everything that is reached over plain HTTP.

mod account;
mod caller;
pub(crate) mod client;
mod error;
mod headers;
mod health;
mod json;
mod origin;
mod session;
mod web;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, delete, get, post};

use crate::app::App;
use crate::scrape::Scrape;
pub(crate) use web::build_id;

/// The whole HTTP face of the server: interface, sockets, probes, web client.
pub(crate) fn router(app: Arc<App>, sockets: socketio::Service, metrics: Option<Scrape>) -> Router {
    let api = Router::new()
        .route("/signup", post(account::sign_up))
        .route("/login", post(account::log_in))
        .route("/logout", post(account::log_out))
        .route("/self", get(account::own_user))
        .route("/password", post(account::change_password))
        .route("/sessions", get(session::list).delete(session::end_others))
        .route("/sessions/{id}", delete(session::end))
        .route("/meta", get(account::meta))
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(from_fn(json::only))
        .layer(DefaultBodyLimit::max(app.settings.limits.sizes.body.get()));
    // Without a token there are none here, and no page either.
    let metrics = match metrics {
        Some(scrape) => scrape.router(),
        None => Router::new().route("/metrics", any(error::no_such_route)),
    };
    let origin = origin::OriginRule::new(&app.settings);
    let tls = headers::Tls(app.settings.tls());
    Router::new()
        .nest("/api", api)
        .route("/api/", any(error::no_such_route))
        .route_service("/socket.io/", sockets.clone())
        // Where the client of Socket.IO's sample application (github.com/socketio/chat-platform) looks for it.
        .route_service("/api/socket.io/", sockets)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(get(web::serve))
        .with_state(app)
        .merge(metrics)
        .layer(from_fn_with_state(origin, origin::check))
        .layer(from_fn_with_state(tls, headers::add))
}
