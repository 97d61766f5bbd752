//! Cross-origin resource sharing (Fetch standard, "CORS protocol").

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::{Body, Cors, Origins};

impl Cors {
    /// The headers that let the page of this request read the answer; none when it may not.
    #[must_use]
    pub fn headers(&self, request: &Parts) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if matches!(self.origins, Origins::None) {
            return headers;
        }
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.headers.get(ORIGIN) else { return headers };
        if !origin.to_str().is_ok_and(|origin| self.allows(origin)) {
            return headers;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers
    }

    /// The answer to a preflight request; the headers of [`Cors::headers`] come on top.
    pub(crate) fn preflight(&self, request: &Parts) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let allowed = request.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        if !allowed.is_some_and(|origin| self.allows(origin)) {
            return response;
        }
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        if let Some(wanted) = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        response
    }

    fn allows(&self, origin: &str) -> bool {
        match &self.origins {
            Origins::None => false,
            Origins::Any => true,
            Origins::List(list) => list.iter().any(|allowed| allowed == origin),
            Origins::Matching(matches) => matches(origin),
        }
    }
}
