//! The errors of the protocol, as Node's engine.io numbers and words them.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

use crate::{Body, Refusal};

pub(crate) fn transport_unknown() -> Refusal {
    bad(0, "Transport unknown")
}

pub(crate) fn session_unknown() -> Refusal {
    bad(1, "Session ID unknown")
}

pub(crate) fn bad_method() -> Refusal {
    bad(2, "Bad handshake method")
}

pub(crate) fn bad_request() -> Refusal {
    bad(3, "Bad request")
}

pub(crate) fn unsupported_version() -> Refusal {
    bad(5, "Unsupported protocol version")
}

pub(crate) fn too_large() -> Refusal {
    Refusal { status: StatusCode::PAYLOAD_TOO_LARGE, code: 3, message: "Payload too large".into() }
}

pub(crate) fn shutting_down() -> Refusal {
    Refusal { status: StatusCode::SERVICE_UNAVAILABLE, code: 3, message: "Server shutting down".into() }
}

pub(crate) fn internal() -> Refusal {
    Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, code: 3, message: "Internal error".into() }
}

fn bad(code: u8, message: &str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code, message: message.into() }
}

impl Refusal {
    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::full(self.json()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn json(&self) -> String {
        let mut json = format!("{{\"code\":{},\"message\":\"", self.code);
        for character in self.message.chars() {
            match character {
                '"' | '\\' => json.extend(['\\', character]),
                '\0'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
                _ => json.push(character),
            }
        }
        json.push_str("\"}");
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_escaped() {
        let refusal = Refusal::forbidden("no \"entry\"\\\n");
        assert_eq!(refusal.json(), r#"{"code":4,"message":"no \"entry\"\\\u000a"}"#);
    }
}
