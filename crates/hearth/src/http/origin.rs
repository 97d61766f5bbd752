//! Which pages may talk to this server: the Origin rule.
//!
//! A browser sends the cookie of this server with requests that any page makes, so a request that a foreign page
//! made must be refused before anything is read from it. Scripts and bots send no Origin and are not concerned.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chat::Error;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::{Host, Url};

use super::error::HttpError;
use crate::config::Settings;

/// The origins that are allowed, from the settings.
#[derive(Debug, Clone)]
pub(crate) struct OriginRule {
    /// Serialised origins that are allowed by name: that of the public URL and those that the operator added.
    named: Vec<String>,
    /// Without a public URL, a page that this server itself served on localhost or an address.
    same_host: bool,
}

/// What the rule says of a request.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// No Origin, or the server's own: answer as usual.
    Own,
    /// A page of another origin that the operator has named: answer with CORS headers.
    Named(HeaderValue),
    /// Refuse, and give the page nothing to read.
    Foreign,
}

impl OriginRule {
    /// The rule that follows from the settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        let public = settings.public_url.iter().map(|url| url.origin().ascii_serialization());
        Self {
            named: public.chain(settings.allowed_origins.iter().cloned()).collect(),
            same_host: settings.public_url.is_none(),
        }
    }

    fn judge(&self, headers: &HeaderMap) -> Verdict {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let (origin, another) = (origins.next(), origins.next());
        if another.is_some() {
            return Verdict::Foreign;
        }
        let Some(origin) = origin else {
            // Browsers leave the Origin out on same-origin GETs only; what they say of the site tells the others apart.
            return match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
                None | Some(b"same-origin" | b"none") => Verdict::Own,
                Some(_) => Verdict::Foreign,
            };
        };
        let Ok(text) = origin.to_str() else { return Verdict::Foreign };
        if self.named.iter().any(|named| named == text) {
            return Verdict::Named(origin.clone());
        }
        if self.same_host && is_own_host(text, headers) { Verdict::Own } else { Verdict::Foreign }
    }
}

/// Whether the Origin is this very server, reached by a name that cannot be pointed at it from outside: an unknown DNS
/// name could be one that somebody rebinds to this machine's address.
fn is_own_host(origin: &str, headers: &HeaderMap) -> bool {
    let Ok(text) = Url::parse(origin) else { return false };
    // What a browser sends is an origin and nothing else; a URL may hold more, which would be read past here.
    if text.origin().ascii_serialization() != origin {
        return false;
    }
    let origin = text;
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
    // A host and a port: nothing that a URL would take for a name to sign in with, a path or a query.
    let host = host.filter(|host| !host.contains(['@', '/', '\\', '?', '#']));
    let Some(own) = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok()) else {
        return false;
    };
    let literal = match own.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    literal && origin.origin() == own.origin()
}

/// Refuses what a foreign page sends, before any handler sees it; answers preflights of allowed ones.
pub(crate) async fn check(State(rule): State<OriginRule>, request: Request, next: Next) -> Response {
    // The page itself must be reachable by a link from anywhere: a navigation changes nothing and is read by nobody else.
    let is_interface = ["/api", "/socket.io"].iter().any(|prefix| {
        request.uri().path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if !is_interface {
        return next.run(request).await;
    }
    match rule.judge(request.headers()) {
        Verdict::Own => next.run(request).await,
        Verdict::Foreign => HttpError(Error::forbidden("this origin may not use this server")).into_response(),
        Verdict::Named(origin) => {
            let preflight = request.method() == Method::OPTIONS;
            let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
            allow(response.headers_mut(), origin, preflight);
            response
        }
    }
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, authorization"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(public: Option<&str>, allowed: &[&str]) -> OriginRule {
        OriginRule {
            named: public.iter().chain(allowed).map(|origin| (*origin).to_owned()).collect(),
            same_host: public.is_none(),
        }
    }

    fn verdict(rule: &OriginRule, headers: &[(&'static str, &str)]) -> Verdict {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        rule.judge(&map)
    }

    #[test]
    fn with_a_public_url_only_its_origin_and_the_named_ones_pass() {
        let rule = rule(Some("https://chat.ex"), &["https://tool.ex"]);
        for (origin, passes) in [
            ("https://chat.ex", true),
            ("https://tool.ex", true),
            ("http://chat.ex", false),
            ("https://chat.ex.evil", false),
            ("https://evil", false),
            ("null", false),
            ("http://localhost:3000", false),
        ] {
            let verdict = verdict(&rule, &[("origin", origin), ("host", "chat.ex")]);
            assert_eq!(verdict != Verdict::Foreign, passes, "{origin}");
        }
    }

    #[test]
    fn without_a_public_url_only_the_same_literal_host_passes() {
        let rule = rule(None, &[]);
        for (origin, host, passes) in [
            ("http://localhost:3000", "localhost:3000", true),
            ("http://127.0.0.1:3000", "127.0.0.1:3000", true),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("http://192.0.2.7", "192.0.2.7", true),
            ("http://localhost:3001", "localhost:3000", false),
            ("http://evil.example:3000", "evil.example:3000", false),
            ("http://localhost:3000", "127.0.0.1:3000", false),
            ("null", "localhost:3000", false),
            ("http://localhost:3000/", "localhost:3000", false),
            ("http://evil@localhost:3000", "localhost:3000", false),
            ("http://localhost:3000", "evil@localhost:3000", false),
            ("http://localhost:3000", "localhost:3000/evil", false),
            ("http://localhost:3000", "localhost:3000?evil", false),
            ("http://localhost.evil.example", "localhost.evil.example", false),
            ("http://127.0.0.1.nip.example", "127.0.0.1.nip.example", false),
            ("https://localhost", "localhost", true),
            ("http://localhost", "LOCALHOST:80", true),
        ] {
            let verdict = verdict(&rule, &[("origin", origin), ("host", host)]);
            assert_eq!(verdict == Verdict::Own, passes, "{origin} at {host}");
        }
    }

    #[test]
    fn without_an_origin_the_browser_says_where_it_comes_from() {
        let rule = rule(None, &[]);
        assert_eq!(verdict(&rule, &[]), Verdict::Own, "a script");
        assert_eq!(verdict(&rule, &[("sec-fetch-site", "same-origin")]), Verdict::Own);
        assert_eq!(verdict(&rule, &[("sec-fetch-site", "none")]), Verdict::Own);
        assert_eq!(verdict(&rule, &[("sec-fetch-site", "cross-site")]), Verdict::Foreign);
        assert_eq!(verdict(&rule, &[("sec-fetch-site", "same-site")]), Verdict::Foreign);
    }
}
