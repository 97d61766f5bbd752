//! The opening handshake, RFC 6455, section 4.2.

use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use tungstenite::handshake::derive_accept_key;

use crate::Body;

/// Whether the request asks for a WebSocket.
pub(crate) fn is_upgrade(parts: &Parts) -> bool {
    has_token(&parts.headers, &CONNECTION, "upgrade") && has_token(&parts.headers, &UPGRADE, "websocket")
}

/// The response that opens the WebSocket; none when the request is not in order.
pub(crate) fn accept(parts: &Parts) -> Option<Response<Body>> {
    let version = parts.headers.get(SEC_WEBSOCKET_VERSION)?;
    let key = parts.headers.get(SEC_WEBSOCKET_KEY)?;
    // A key is 16 bytes in base64.
    if parts.method != Method::GET || version != "13" || key.len() != 24 {
        return None;
    }
    let answer = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, answer);
    Some(response)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get("/engine.io/?EIO=4&transport=websocket");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a valid request").into_parts().0
    }

    #[test]
    fn the_key_of_the_specification_gets_its_answer() {
        let parts = parts(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        assert!(is_upgrade(&parts));
        let response = accept(&parts).expect("the request is in order");
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn another_version_and_a_short_key_are_refused() {
        for (version, key) in [("8", "dGhlIHNhbXBsZSBub25jZQ=="), ("13", "short")] {
            let parts = parts(&[("sec-websocket-version", version), ("sec-websocket-key", key)]);
            assert!(accept(&parts).is_none());
        }
    }
}
