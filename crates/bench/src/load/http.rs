//! The requests of a browser, byte by byte, and as much of the answers as matters.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};

/// What a browser sends along with a WebSocket handshake, besides `Host` and `Origin`.
const WEBSOCKET_HEADERS: &str = "\
Connection: Upgrade\r\n\
Pragma: no-cache\r\n\
Cache-Control: no-cache\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
Upgrade: websocket\r\n\
Sec-WebSocket-Version: 13\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
DNT: 1\r\n\
Sec-GPC: 1\r\n";

/// The same for long-polling.
const POLLING_HEADERS: &str = "\
Connection: keep-alive\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
sec-ch-ua: \"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\"\r\n\
sec-ch-ua-mobile: ?0\r\n\
sec-ch-ua-platform: \"Linux\"\r\n\
Accept: */*\r\n\
Sec-Fetch-Site: same-origin\r\n\
Sec-Fetch-Mode: cors\r\n\
Sec-Fetch-Dest: empty\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
DNT: 1\r\n";

/// What a browser would have kept for a page like this.
pub(crate) const COOKIE: &str = "session=Zm9ydHktZWlnaHQtYnl0ZXMtb2Ytc29tZXRoaW5nLXRoYXQtbG9va3M; theme=dark";

/// The request that opens a WebSocket: for a new session, or for the one with this secret id.
pub(crate) fn websocket(host: SocketAddr, sid: Option<&str>, cookie: &str) -> String {
    let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    format!(
        "GET /socket.io/?EIO=4&transport=websocket{sid} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
         {WEBSOCKET_HEADERS}Cookie: {cookie}\r\n\r\n"
    )
}

/// A poll: for a new session, or for the one with this secret id.
pub(crate) fn poll(host: SocketAddr, sid: Option<&str>) -> String {
    let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    format!(
        "GET /socket.io/?EIO=4&transport=polling&t=PjK2uXo{sid} HTTP/1.1\r\nHost: {host}\r\n\
         Referer: http://{host}/\r\n{POLLING_HEADERS}Cookie: {COOKIE}\r\n\r\n"
    )
}

/// A packet on long-polling.
pub(crate) fn post(host: SocketAddr, sid: &str, packet: &str) -> String {
    format!(
        "POST /socket.io/?EIO=4&transport=polling&t=PjK2uXp&sid={sid} HTTP/1.1\r\nHost: {host}\r\n\
         Origin: http://{host}\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\
         {POLLING_HEADERS}Cookie: {COOKIE}\r\n\r\n{packet}",
        packet.len()
    )
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a str,
    /// Its length, head and all.
    pub(crate) len: usize,
}

/// The response at the start of `bytes`; none when it is not all there.
pub(crate) fn response(bytes: &[u8]) -> Result<Option<Response<'_>>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let start = end + 4;
    let head = std::str::from_utf8(&bytes[..end]).context("the head of a response is no text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("this is no response: {head}"))?;
    let mut len = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            len = value.trim().parse().context("a length that is no number")?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a response in chunks, which no server here needs: {head}");
        }
    }
    let Some(body) = bytes.get(start..start + len) else { return Ok(None) };
    let body = std::str::from_utf8(body).context("the body of a response is no text")?;
    Ok(Some(Response { status, body, len: start + len }))
}

/// The secret id in an open packet.
pub(crate) fn sid(open: &str) -> Result<&str> {
    let found = open.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let (sid, _) = found.with_context(|| format!("no open packet: {open}"))?;
    ensure!(!sid.is_empty(), "an empty session id");
    Ok(sid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_carries_fourteen_headers_and_a_cookie() {
        let host = SocketAddr::from(([127, 0, 0, 1], 3000));
        for request in [websocket(host, None, COOKIE), poll(host, None)] {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let headers: Vec<&str> = head.split("\r\n").skip(1).collect();
            assert_eq!(headers.len(), 15, "{head}");
            assert!(headers[14].starts_with("Cookie: "));
            assert_eq!(body, "");
        }
    }

    #[test]
    fn a_response_is_whole_with_its_body() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1";
        assert_eq!(response(bytes).unwrap(), Some(Response { status: 200, body: "ok", len: 40 }));
        assert_eq!(response(&bytes[..39]).unwrap(), None);
        assert_eq!(response(&bytes[..20]).unwrap(), None);
        assert!(response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn the_secret_id_is_taken_from_the_open_packet() {
        assert_eq!(sid(r#"0{"sid":"abc","upgrades":[]}"#).unwrap(), "abc");
        assert!(sid("40").is_err());
    }
}
