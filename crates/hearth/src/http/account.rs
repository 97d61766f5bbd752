//! Accounts and the session that a browser keeps in its cookie.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat::server::Meta;
use chat::session::Device;
use chat::{Code, Error, LogIn, OwnUser, SignUp, SignedIn};
use http::{StatusCode, header, request};

use super::client;
use super::error::Result;
use super::json::Json;
use crate::app::App;
use crate::config::SignUpMode;
use crate::setup::SetupCode;

/// `POST /api/signup`: makes an account and signs it in.
pub(crate) async fn sign_up(
    State(app): State<Arc<App>>,
    parts: request::Parts,
    Json(mut command): Json<SignUp>,
) -> Result<Response> {
    let address = client::address(&parts, &app.settings.trusted_proxies);
    app.limits.sign_up(address)?;
    // The first account is made even where no others are taken: somebody must own the server.
    if app.settings.signup == SignUpMode::Closed && app.chat.has_owner().await? {
        return Err(Error::forbidden("this server takes no new accounts").into());
    }
    // Taken without a word it would look as if it had been good for something.
    if command.invite_code.is_some() {
        return Err(Error::invalid_field("inviteCode", "invalid", "this server takes no invitations").into());
    }
    command.setup_code = command.setup_code.as_deref().map(SetupCode::tidy);
    let setup_code = app.setup_code.as_ref().map(SetupCode::expose);
    Ok(signed_in(&app, app.chat.sign_up(command, device(&parts, address), setup_code).await?))
}

/// `POST /api/login`: signs an account in. A wrong name and a wrong password are answered alike.
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    parts: request::Parts,
    Json(command): Json<LogIn>,
) -> Result<Response> {
    let address = client::address(&parts, &app.settings.trusted_proxies);
    let attempt = app.limits.log_in(command.name_key(), address)?;
    let outcome = app.chat.log_in(command, device(&parts, address)).await;
    if outcome.as_ref().is_err_and(|error| error.code() == Code::Unauthenticated) {
        app.limits.failed(&attempt);
    } else {
        app.limits.forgive(attempt);
    }
    Ok(signed_in(&app, outcome?))
}

/// `POST /api/logout`: ends the session, if there is one, and cuts its sockets.
pub(crate) async fn log_out(State(app): State<Arc<App>>, parts: request::Parts) -> Result<Response> {
    if let Some(token) = app.cookie.token(&parts.headers) {
        app.chat.log_out(token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, app.cookie.clear())]).into_response())
}

/// `GET /api/self`: the account behind the session.
pub(crate) async fn own_user(State(app): State<Arc<App>>, parts: request::Parts) -> Result<axum::Json<OwnUser>> {
    let signed_out = || Error::unauthenticated("sign in first");
    let token = app.cookie.token(&parts.headers).ok_or_else(signed_out)?;
    let identity = app.chat.authenticate(token).await?.ok_or_else(signed_out)?;
    Ok(axum::Json(app.chat.own_user(identity.user).await?.ok_or_else(signed_out)?))
}

/// `GET /api/meta`.
pub(crate) async fn meta(State(app): State<Arc<App>>) -> Result<axum::Json<Meta>> {
    Ok(axum::Json(Meta {
        name: "Hearth".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        web_build: app.web_build.clone(),
        signup: app.settings.signup.as_str().to_owned(),
        empty: app.chat.is_empty().await?,
        setup_code: app.setup_code.is_some() && !app.chat.has_owner().await?,
    }))
}

fn device(parts: &request::Parts, address: IpAddr) -> Device {
    Device { address: address.to_string(), agent: client::agent(&parts.headers) }
}

fn signed_in(app: &App, signed_in: SignedIn) -> Response {
    ([(header::SET_COOKIE, app.cookie.set(signed_in.token.expose()))], axum::Json(signed_in.user)).into_response()
}
