//! The session cookie and the other places where a request carries its token.

use http::{HeaderMap, HeaderValue, header};

/// How long a browser keeps the cookie, in seconds: the absolute life of a session, which the server enforces itself.
const MAX_AGE_S: u64 = chat::session::ABSOLUTE.as_secs();

/// The cookie's name and attributes, which follow from whether people reach the server over TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionCookie {
    tls: bool,
}

impl SessionCookie {
    /// `tls`: people reach this server over https.
    pub(crate) fn new(tls: bool) -> Self {
        Self { tls }
    }

    fn name(self) -> &'static str {
        // The prefix makes browsers refuse one that a sibling domain or plain HTTP has planted (RFC 6265bis, 4.1.3.2).
        if self.tls { "__Host-sid" } else { "sid" }
    }

    /// A `Set-Cookie` that carries the token.
    pub(crate) fn set(self, token: &str) -> HeaderValue {
        self.header(token, MAX_AGE_S)
    }

    /// A `Set-Cookie` that makes the browser forget the token.
    pub(crate) fn clear(self) -> HeaderValue {
        self.header("", 0)
    }

    fn header(self, token: &str, max_age: u64) -> HeaderValue {
        let secure = if self.tls { "; Secure" } else { "" };
        let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}", self.name());
        HeaderValue::from_str(&text).expect("tokens are URL-safe base64")
    }

    /// The token that a request carries: `Authorization: Bearer`, else the cookie.
    pub(crate) fn token(self, headers: &HeaderMap) -> Option<&str> {
        bearer(headers).or_else(|| self.cookie_token(headers))
    }

    fn cookie_token(self, headers: &HeaderMap) -> Option<&str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
            .find_map(|(name, value)| (name == self.name()).then_some(value))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn tokens_are_found_among_other_cookies() {
        let plain = SessionCookie::new(false);
        assert_eq!(plain.token(&headers(header::COOKIE, "a=b; sid=tok; c=d")), Some("tok"));
        assert_eq!(plain.token(&headers(header::COOKIE, "xsid=tok")), None);
        assert_eq!(plain.token(&headers(header::AUTHORIZATION, "bearer tok")), Some("tok"));
        // What other programs on this host have set need not be ASCII.
        let among = HeaderValue::from_bytes("name=José; sid=tok".as_bytes()).unwrap();
        assert_eq!(plain.token(&HeaderMap::from_iter([(header::COOKIE, among)])), Some("tok"));
    }

    #[test]
    fn under_tls_only_the_protected_name_counts() {
        let tls = SessionCookie::new(true);
        assert_eq!(tls.token(&headers(header::COOKIE, "sid=planted")), None);
        assert_eq!(tls.token(&headers(header::COOKIE, "__Host-sid=tok")), Some("tok"));
        assert!(tls.set("tok").to_str().unwrap().ends_with("; Secure"));
    }
}
