//! What is remembered of the request that opened a connection.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::str;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

/// The address of the peer of a TCP connection, as an extension of its requests. [`serve`](crate::serve) sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// The request that opened a connection.
///
/// Headers and query are kept as one block of memory, because a server holds one of these per connection.
pub struct Handshake {
    /// Path, query, then each header as name and value; each with its length in two bytes before it.
    block: Box<[u8]>,
    peer: Option<SocketAddr>,
    time: SystemTime,
    extensions: Extensions,
}

impl Handshake {
    pub(crate) fn new(parts: &Parts, extensions: Extensions) -> Self {
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let mut block = Vec::with_capacity(path.len() + query.len() + 4 + headers);
        put(&mut block, path.as_bytes());
        put(&mut block, query.as_bytes());
        for (name, value) in &parts.headers {
            put(&mut block, name.as_str().as_bytes());
            put(&mut block, value.as_bytes());
        }
        Self {
            block: block.into(),
            peer: parts.extensions.get::<PeerAddr>().map(|peer| peer.0),
            time: SystemTime::now(),
            extensions,
        }
    }

    /// The path of the request.
    #[must_use]
    pub fn path(&self) -> &str {
        self.fields().next().map(text).unwrap_or_default()
    }

    /// The query of the request as it came, without the `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        self.fields().nth(1).map(text).unwrap_or_default()
    }

    /// The first parameter of that name in the query, decoded.
    #[must_use]
    pub fn query_param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.query_params().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Every parameter of the query, decoded, in its order.
    pub fn query_params(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query().as_bytes())
    }

    /// The first header of that name, if its value is text. The name is compared without regard to case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        str::from_utf8(value).ok()
    }

    /// Every header, its name in lower case, in the order of the request.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut fields = self.fields().skip(2);
        std::iter::from_fn(move || Some((text(fields.next()?), fields.next()?)))
    }

    /// The headers as a map, built anew.
    #[must_use]
    pub fn header_map(&self) -> HeaderMap {
        self.headers()
            .filter_map(|(name, value)| {
                Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value).ok()?))
            })
            .collect()
    }

    /// The peer's address, where the request carried a [`PeerAddr`].
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// When the handshake was accepted.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// The handshake as bytes, without its extensions, to tell another server of it. They hold cookies.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let since = self.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut bytes = Vec::with_capacity(self.block.len() + 32);
        bytes.extend((since.as_micros() as u64).to_be_bytes());
        put(&mut bytes, self.peer.map(|peer| peer.to_string()).unwrap_or_default().as_bytes());
        bytes.extend_from_slice(&self.block);
        bytes
    }

    /// A handshake from [`Handshake::to_bytes`]; none from other bytes, as far as it can be seen. Its time is good to the
    /// microsecond, and it has no extensions.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (micros, rest) = bytes.split_first_chunk::<8>()?;
        let (len, rest) = rest.split_first_chunk::<2>()?;
        let (peer, block) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        let peer = if peer.is_empty() { None } else { Some(str::from_utf8(peer).ok()?.parse().ok()?) };
        let time = UNIX_EPOCH.checked_add(Duration::from_micros(u64::from_be_bytes(*micros)))?;
        let handshake = Self { block: block.into(), peer, time, extensions: Extensions::new() };
        let whole: usize = handshake.fields().map(|field| field.len() + 2).sum();
        (whole == block.len() && handshake.fields().count() >= 2).then_some(handshake)
    }

    /// What the `allow_request` hook returned.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.block;
        std::iter::from_fn(move || {
            let (len, tail) = rest.split_first_chunk::<2>()?;
            let (field, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
            rest = tail;
            Some(field)
        })
    }
}

/// Appends a field. One longer than 64 KiB is cut; HTTP servers refuse requests with such headers before this.
fn put(block: &mut Vec<u8>, field: &[u8]) {
    let field = &field[..field.len().min(usize::from(u16::MAX))];
    block.extend_from_slice(&(field.len() as u16).to_be_bytes());
    block.extend_from_slice(field);
}

fn text(field: &[u8]) -> &str {
    str::from_utf8(field).unwrap_or_default()
}

/// Headers hold cookies, so they are not shown.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("peer", &self.peer).field("time", &self.time).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_survives_the_way_to_another_server() {
        let request = http::Request::get("/socket.io/?EIO=4&name=%C3%A4").header("Cookie", "a=b").header("x", "");
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        for peer in [None, Some("[::1]:80"), Some("10.0.0.1:65535")] {
            if let Some(peer) = peer {
                parts.extensions.insert(PeerAddr(peer.parse().expect("an address")));
            }
            let before = Handshake::new(&parts, Extensions::new());
            let bytes = before.to_bytes();
            let after = Handshake::from_bytes(&bytes).expect("own bytes are read");
            assert_eq!((after.path(), after.query(), after.peer()), (before.path(), before.query(), before.peer()));
            assert!(after.headers().eq(before.headers()) && after.header("cookie") == Some("a=b"));
            assert!(before.time().duration_since(after.time()).expect("not later") < Duration::from_micros(1));
            assert_eq!(after.to_bytes(), bytes);
            for end in 0..bytes.len() - 4 {
                if let Some(cut) = Handshake::from_bytes(&bytes[..end]) {
                    assert!(cut.headers().count() < before.headers().count(), "cut at {end}");
                }
            }
        }
    }
}
