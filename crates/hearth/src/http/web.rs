//! The embedded web client.
//!
//! The build leaves `.br` and `.gz` siblings beside every file that is worth compressing, so serving is a lookup.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$HEARTH_WEB_EMBED"]
struct Dist;

/// Encodings that the build makes, best first: the token of HTTP and the ending of the file.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Serves a file of the client; a path without a dot is a page of the application, which is always the index.
pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_page = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let path = if is_page { "index.html" } else { path };
    match find(path, &headers) {
        Some((file, encoding)) => respond(path, &file, encoding, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A short name of the client's build: it changes when any of its files does.
pub(crate) fn build_id() -> String {
    // The index names every other file by its hash, so its own hash stands for all.
    Dist::get("index.html").map(|index| tag(&index)).unwrap_or_default()
}

fn find(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    if ENCODINGS.iter().any(|(_, ending)| path.ends_with(ending)) {
        return None;
    }
    let compressed = ENCODINGS
        .iter()
        .filter(|(encoding, _)| accepts(headers, encoding))
        .find_map(|(encoding, ending)| Some((Dist::get(&format!("{path}{ending}"))?, Some(*encoding))));
    compressed.or_else(|| Some((Dist::get(path)?, None)))
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let offered = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    offered.flat_map(|value| value.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0"))
    })
}

fn respond(path: &str, file: &EmbeddedFile, encoding: Option<&'static str>, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}{}\"", tag(file), encoding.unwrap_or_default());
    let fresh = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| matches!(known.trim().trim_start_matches("W/"), known if known == etag || known == "*"));
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(body(file)) };
    let answer = response.headers_mut();
    answer.insert(header::ETAG, HeaderValue::from_str(&etag).expect("a hash is ASCII"));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // Everything below assets/ carries a hash of its content in its name.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if !fresh {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let text = matches!(kind.type_(), mime_guess::mime::TEXT) || kind.subtype() == "javascript";
        let kind = if text { format!("{}; charset=utf-8", kind.essence_str()) } else { kind.to_string() };
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_str(&kind).expect("media types are ASCII"));
        if let Some(encoding) = encoding {
            answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
    }
    response
}

fn body(file: &EmbeddedFile) -> Body {
    match &file.data {
        Cow::Borrowed(bytes) => Body::from(*bytes),
        Cow::Owned(bytes) => Body::from(bytes.clone()),
    }
}

fn tag(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
