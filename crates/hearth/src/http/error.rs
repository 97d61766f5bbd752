//! Errors of the chat as HTTP answers.

use axum::response::{IntoResponse, Response};
use chat::{Code, Error};
use http::{HeaderValue, StatusCode, header};

/// An error of the chat, answered with the HTTP status that says the same.
#[derive(Debug)]
pub(crate) struct HttpError(pub(crate) Error);

/// What a handler of the interface answers.
pub(crate) type Result<T> = std::result::Result<T, HttpError>;

impl<E: Into<Error>> From<E> for HttpError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::Conflict => StatusCode::CONFLICT,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Busy | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let retry_after_s = self.0.retry_after_ms().map(|ms| ms.div_ceil(1000));
        let mut response = (status(self.0.code()), axum::Json(chat::Answer::from(&self.0))).into_response();
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An address below `/api` that does not exist.
pub(crate) async fn no_such_route() -> HttpError {
    HttpError(Error::not_found("route"))
}

/// An address below `/api` that exists, asked in another way than it answers.
pub(crate) async fn no_such_method() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, HttpError(Error::invalid("method not allowed"))).into_response()
}
