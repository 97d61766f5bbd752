//! A raw Engine.IO client: it sends what a test says, also what no client should, and shows what came back.
//!
//! It shares no code with the server. Nothing happens behind the test's back: no ping is answered, no poll repeated, and
//! what is not asked for stays unread in the kernel.

mod websocket;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub use websocket::{Received, WebSocket};

/// How long a test waits for something that must happen. Long enough for a loaded machine, short enough to be told.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Where the server is mounted, unless a test says otherwise.
pub const PATH: &str = "/engine.io/";

/// An HTTP answer, read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    /// It is no UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

/// A request on a connection of its own, cut off when the future is dropped.
///
/// # Errors
/// The connection failed before the answer was whole.
pub async fn exchange(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&head(address, method, target, headers, Some(body.len()))).await?;
    stream.write_all(body).await?;
    let mut bytes = Vec::new();
    let (mut answer, len) = read_head(&mut stream, &mut bytes).await?;
    while bytes.len() < len {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    answer.body = bytes;
    Ok(answer)
}

/// The head of a request. A browser's headers are a test's own business.
#[must_use]
pub fn head(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: Option<usize>) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(len) = body {
        head.push_str(&format!("content-length: {len}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Reads the head of an answer; what follows it is left in `bytes`. Also returns the length of the body.
async fn read_head(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<(Answer, usize)> {
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    bytes.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let answer = Answer { status, headers, body: Vec::new() };
    let len = answer.header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
    Ok((answer, len))
}

/// A session on long-polling.
#[derive(Clone, Debug)]
pub struct Polling {
    address: SocketAddr,
    /// The secret id of the session.
    pub sid: String,
    /// The open packet, without its type: JSON.
    pub open: String,
    /// What came with the open packet.
    pub first: Vec<String>,
}

impl Polling {
    /// Opens a session.
    ///
    /// # Panics
    /// The server does not open it.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_with(address, "", &[]).await
    }

    /// Opens a session with more in its query (`&name=value`) and more headers.
    ///
    /// # Panics
    /// The server does not open it.
    pub async fn open_with(address: SocketAddr, query: &str, headers: &[(&str, &str)]) -> Self {
        let target = format!("{PATH}?EIO=4&transport=polling{query}");
        let answer = exchange(address, "GET", &target, headers, b"").await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut packets = packets(answer.text());
        let open = packets.remove(0).strip_prefix('0').expect("an open packet").to_owned();
        let sid = json_string(&open, "sid").expect("the open packet holds a sid").to_owned();
        Self { address, sid, open, first: packets }
    }

    /// Where this session's requests go.
    #[must_use]
    pub fn target(&self) -> String {
        format!("{PATH}?EIO=4&transport=polling&sid={}", self.sid)
    }

    /// One poll.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn get(&self) -> io::Result<Answer> {
        exchange(self.address, "GET", &self.target(), &[], b"").await
    }

    /// The packets of one poll.
    ///
    /// # Panics
    /// It is refused, or takes too long.
    pub async fn poll(&self) -> Vec<String> {
        let answer = tokio::time::timeout(PATIENCE, self.get()).await.expect("a poll is answered").expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        packets(answer.text())
    }

    /// One POST.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn post(&self, payload: &str) -> io::Result<Answer> {
        exchange(self.address, "POST", &self.target(), &[], payload.as_bytes()).await
    }

    /// A WebSocket for this session, without the steps of an upgrade.
    ///
    /// # Panics
    /// It is refused.
    pub async fn websocket(&self) -> WebSocket {
        let target = format!("{PATH}?EIO=4&transport=websocket&sid={}", self.sid);
        WebSocket::connect(self.address, &target, &[]).await.expect("an answer").expect("a WebSocket")
    }

    /// Upgrades as a client does, with no poll open.
    ///
    /// # Panics
    /// The server does not play along.
    pub async fn upgrade(&self) -> WebSocket {
        let mut websocket = self.websocket().await;
        websocket.send("2probe").await;
        assert_eq!(websocket.recv().await, Received::Text("3probe".into()));
        websocket.send("5").await;
        websocket
    }
}

/// The packets of a payload.
#[must_use]
pub fn packets(payload: &str) -> Vec<String> {
    payload.split('\u{1e}').map(str::to_owned).collect()
}

/// The value of a string in flat JSON without escapes, as an open packet is.
#[must_use]
pub fn json_string<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    rest.split('"').next()
}
