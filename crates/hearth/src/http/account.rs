//! Accounts and the session that a browser keeps in its cookie.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat::server::{Meta, SignUpMode};
use chat::session::Device;
use chat::{ChangePassword, Code, Door, Error, LogIn, OwnUser, SignUp, SignedIn};
use http::{StatusCode, header, request};

use super::caller::Caller;
use super::client;
use super::error::Result;
use super::json::Json;
use crate::app::App;
use crate::setup::SetupCode;

/// `POST /api/signup`: makes an account and signs it in.
pub(crate) async fn sign_up(
    State(app): State<Arc<App>>,
    parts: request::Parts,
    Json(mut command): Json<SignUp>,
) -> Result<Response> {
    let address = client::address(&parts, &app.settings.trusted_proxies);
    let invited = app.chat.may_sign_up(&command, app.settings.signup).await;
    app.limits.sign_up(address, matches!(invited, Ok(true)))?;
    let invited = invited?;
    command.setup_code = command.setup_code.as_deref().map(SetupCode::tidy);
    let setup_code = app.setup_code.as_ref().map(|code| code.expose().to_owned());
    let door = Door { mode: app.settings.signup, setup_code };
    let signed = app.chat.sign_up(command, device(&parts, address), &door).await?;
    if invited {
        app.limits.came_invited(address);
    }
    Ok(signed_in(&app, signed))
}

/// `POST /api/login`: signs an account in. A wrong name and a wrong password are answered alike.
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    parts: request::Parts,
    Json(command): Json<LogIn>,
) -> Result<Response> {
    let address = client::address(&parts, &app.settings.trusted_proxies);
    let attempt = app.limits.log_in(command.name_key(), address).await?;
    let outcome = app.chat.log_in(command, device(&parts, address)).await;
    match outcome.as_ref().map_err(Error::code) {
        Ok(_) => attempt.succeeded(),
        Err(Code::Unauthenticated) => attempt.failed(),
        Err(_) => attempt.forgive(),
    }
    Ok(signed_in(&app, outcome?))
}

/// `POST /api/password`: puts a new password in place of the one that is known; every other session of the person ends.
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    parts: request::Parts,
    Json(command): Json<ChangePassword>,
) -> Result<StatusCode> {
    let address = client::address(&parts, &app.settings.trusted_proxies);
    // Whoever has got hold of a signed-in device does not get to guess without end.
    let attempt = app.limits.log_in(format!("password of {}", caller.identity.user), address).await?;
    let outcome = app.chat.change_password(caller.identity, command).await;
    match outcome.as_ref().map_err(Error::code) {
        Ok(()) => attempt.succeeded(),
        Err(Code::Invalid) => attempt.failed(),
        Err(_) => attempt.forgive(),
    }
    outcome?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/logout`: ends the session, if there is one, and cuts its sockets.
pub(crate) async fn log_out(State(app): State<Arc<App>>, parts: request::Parts) -> Result<Response> {
    if let Some(token) = app.cookie.token(&parts.headers) {
        app.chat.log_out(token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, app.cookie.clear())]).into_response())
}

/// `GET /api/self`: the account behind the session.
pub(crate) async fn own_user(State(app): State<Arc<App>>, caller: Caller) -> Result<axum::Json<OwnUser>> {
    let user = app.chat.own_user(caller.identity.user).await?;
    Ok(axum::Json(user.ok_or_else(Error::signed_out)?))
}

/// `GET /api/meta`.
pub(crate) async fn meta(State(app): State<Arc<App>>, parts: request::Parts) -> Result<axum::Json<Meta>> {
    let signed_in = match app.cookie.token(&parts.headers) {
        Some(token) => app.chat.authenticate(token).await?.is_some(),
        None => false,
    };
    Ok(axum::Json(Meta {
        name: app.settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        web_build: app.web_build.clone(),
        signup: app.settings.signup,
        empty: app.chat.is_empty().await?,
        setup_code: app.setup_code.is_some() && !app.chat.has_owner().await?,
        members: if app.settings.signup == SignUpMode::Open { Some(app.chat.members().await?) } else { None },
        signed_in,
    }))
}

fn device(parts: &request::Parts, address: IpAddr) -> Device {
    Device { address: address.to_string(), agent: client::agent(&parts.headers) }
}

fn signed_in(app: &App, signed_in: SignedIn) -> Response {
    ([(header::SET_COOKIE, app.cookie.set(signed_in.token.expose()))], axum::Json(signed_in.user)).into_response()
}
