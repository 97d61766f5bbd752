//! JSON bodies, the only ones: whatever else comes is refused before anybody looks at it.

use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chat::Error;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::HttpError;

/// Longest that a body may take to arrive: it is small, and whoever dawdles keeps a connection from others.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Refuses every body of another type. A form of a foreign page can send text, never JSON: it would need a preflight.
pub(crate) async fn only(request: Request, next: Next) -> Response {
    let is_bare = request.body().is_end_stream() && !request.headers().contains_key(header::CONTENT_TYPE);
    if is_bare || is_json(request.headers()) {
        return next.run(request).await;
    }
    let error = HttpError(Error::invalid("the body must be application/json"));
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, error).into_response()
}

/// A body that has been read as `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let body = timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await.map_err(|_| too_slow())?;
        let body = body.map_err(|rejection| too_large(&rejection))?;
        let text = std::str::from_utf8(&body).map_err(|_| Error::invalid("the body is not UTF-8"));
        text.and_then(chat::command::decode_json).map(Json).map_err(|error| HttpError(error).into_response())
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return false };
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The connection ends with this answer: the rest of the body has not been read.
fn too_slow() -> Response {
    (StatusCode::REQUEST_TIMEOUT, HttpError(Error::invalid("the body did not arrive in time"))).into_response()
}

fn too_large(rejection: &BytesRejection) -> Response {
    let status = rejection.status();
    (status, HttpError(Error::invalid("the body is too large or was cut off"))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;
    use serde_json::Value;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_dawdles_over_a_body_is_sent_away() {
        let body = Body::from_stream(stream::pending::<std::io::Result<Bytes>>());
        let request = Request::post("/").body(body).unwrap();
        let Err(refused) = Json::<Value>::from_request(request, &()).await else { panic!("nothing was read") };
        assert_eq!(refused.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
