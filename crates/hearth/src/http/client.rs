//! Who is at the other end: the address behind trusted proxies, and what the device calls itself.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use engineio::PeerAddr;
use http::{HeaderMap, header, request};
use ipnet::IpNet;

/// The address of the client: the peer's, or, when the peer is a trusted proxy, the last hop in `X-Forwarded-For` that
/// is not one.
pub(crate) fn address(parts: &request::Parts, trusted: &[IpNet]) -> IpAddr {
    let peer = parts.extensions.get::<PeerAddr>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
    forwarded(peer.to_canonical(), &parts.headers, trusted)
}

fn forwarded(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let hops: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    let mut nearest = peer;
    for hop in hops.iter().rev() {
        // What stands before an unreadable hop was written by whoever wrote that hop: nothing there can be believed.
        let Some(address) = std::str::from_utf8(hop).ok().and_then(|hop| hop_address(hop.trim())) else { break };
        nearest = address.to_canonical();
        if !is_trusted(&nearest) {
            break;
        }
    }
    nearest
}

/// An address as proxies write it: alone, with a port, in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(with_port).or_else(bracketed)
}

/// The key that limits count by: an IPv4 address, or an IPv6 network of 64 bits, which is what one household gets.
pub(crate) fn limit_key(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

/// What the device calls itself, as it says it: `chat` bounds what is kept of it.
pub(crate) fn agent(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seen_as(peer: &str, forwarded_for: Option<&str>) -> String {
        seen_with(peer, forwarded_for.map(str::as_bytes))
    }

    fn seen_with(peer: &str, forwarded_for: Option<&[u8]>) -> String {
        let trusted = ["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        if let Some(value) = forwarded_for {
            headers.insert("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
        }
        forwarded(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_behind_trusted_proxies() {
        assert_eq!(seen_as("203.0.113.5", Some("198.51.100.1")), "203.0.113.5");
        assert_eq!(seen_as("127.0.0.1", Some("198.51.100.1")), "198.51.100.1");
        assert_eq!(seen_as("127.0.0.1", None), "127.0.0.1");
    }

    #[test]
    fn a_forged_first_hop_is_not_believed() {
        assert_eq!(seen_as("127.0.0.1", Some("192.0.2.66, 198.51.100.1, 10.0.0.2")), "198.51.100.1");
        assert_eq!(seen_as("127.0.0.1", Some("192.0.2.66, rubbish, 10.0.0.2")), "10.0.0.2");
        assert_eq!(
            seen_with("127.0.0.1", Some(b"192.0.2.66, \xff, 198.51.100.1")),
            "198.51.100.1",
            "no text, but a hop"
        );
    }

    #[test]
    fn an_address_counts_with_a_port_and_in_brackets_too() {
        assert_eq!(seen_as("127.0.0.1", Some("198.51.100.1:4711")), "198.51.100.1");
        assert_eq!(seen_as("127.0.0.1", Some("[2001:db8::1]:4711")), "2001:db8::1");
        assert_eq!(seen_as("127.0.0.1", Some("[2001:db8::1], 10.0.0.2:80")), "2001:db8::1");
        assert_eq!(seen_as("127.0.0.1", Some("::ffff:198.51.100.1")), "198.51.100.1");
        assert_eq!(seen_as("127.0.0.1", Some("unknown, 10.0.0.2")), "10.0.0.2");
    }

    #[test]
    fn a_household_counts_once() {
        assert_eq!(limit_key("2001:db8::1".parse().unwrap()), limit_key("2001:db8::ffff:1".parse().unwrap()));
        assert_ne!(limit_key("2001:db8::1".parse().unwrap()), limit_key("2001:db8:0:1::1".parse().unwrap()));
    }
}
