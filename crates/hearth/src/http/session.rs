//! The devices on which one is signed in.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chat::session::SessionList;
use chat::{Error, SessionId};
use http::{StatusCode, header};

use super::caller::Caller;
use super::error::Result;
use crate::app::App;

/// `GET /api/sessions`: where one is signed in.
pub(crate) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<axum::Json<SessionList>> {
    Ok(axum::Json(SessionList { sessions: app.chat.sessions(caller.identity).await? }))
}

/// `DELETE /api/sessions/{id}`: signs one device out and cuts its sockets. The own one too: that is a logout.
pub(crate) async fn end(State(app): State<Arc<App>>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let id: SessionId = id.parse().map_err(|_| Error::not_found("session"))?;
    app.chat.end_session(caller.identity, id).await?;
    if id == caller.identity.session {
        return Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, app.cookie.clear())]).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/sessions`: signs every other device out and cuts its sockets.
pub(crate) async fn end_others(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode> {
    app.chat.end_other_sessions(caller.identity).await?;
    Ok(StatusCode::NO_CONTENT)
}
