//! The WebSocket side of the raw client.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{Answer, PATH, PATIENCE, head, json_string, read_head};

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// What came over a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close frame and its status code.
    Close(Option<u16>),
    /// The TCP stream ended, in order or not.
    End,
}

/// A WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    stream: TcpStream,
    read: Vec<u8>,
    /// The secret id of the session, where this WebSocket opened one.
    pub sid: String,
    /// The open packet, without its type: JSON.
    pub open: String,
}

impl WebSocket {
    /// Opens a session over WebSocket and reads its open packet.
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
        let target = format!("{PATH}?EIO=4&transport=websocket{query}");
        let mut socket = Self::connect(address, &target, headers).await.expect("an answer").expect("a WebSocket");
        let open = socket.text().await;
        socket.open = open.strip_prefix('0').expect("an open packet").to_owned();
        socket.sid = json_string(&socket.open, "sid").expect("the open packet holds a sid").to_owned();
        socket
    }

    /// A WebSocket handshake; the answer when it is refused.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn connect(
        address: SocketAddr,
        target: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Result<Self, Answer>> {
        Self::handshake(TcpStream::connect(address).await?, address, target, headers).await
    }

    /// Opens a session over a connection whose kernel takes little, so that it is soon full when nothing is read.
    ///
    /// # Panics
    /// The server does not open it.
    pub async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a size of the buffer");
        let stream = socket.connect(address).await.expect("a connection");
        let target = format!("{PATH}?EIO=4&transport=websocket");
        let mut socket = Self::handshake(stream, address, &target, &[]).await.expect("an answer").expect("a WebSocket");
        assert!(socket.text().await.starts_with('0'));
        socket
    }

    /// A WebSocket handshake on a given stream.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn handshake(
        mut stream: TcpStream,
        address: SocketAddr,
        target: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Result<Self, Answer>> {
        let mut all = vec![
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        all.extend_from_slice(headers);
        stream.write_all(&head(address, "GET", target, &all, None)).await?;
        let mut read = Vec::new();
        let (mut answer, len) = read_head(&mut stream, &mut read).await?;
        if answer.status == 101 {
            return Ok(Ok(Self { stream, read, sid: String::new(), open: String::new() }));
        }
        while read.len() < len && stream.read_buf(&mut read).await? > 0 {}
        answer.body = read;
        Ok(Err(answer))
    }

    /// Sends a text message, an Engine.IO packet.
    pub async fn send(&mut self, packet: &str) {
        self.raw(&frame(true, 1, packet.as_bytes())).await;
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, payload: &[u8]) {
        self.raw(&frame(true, 2, payload)).await;
    }

    /// Sends a frame of any kind.
    pub async fn frame(&mut self, fin: bool, opcode: u8, payload: &[u8]) {
        self.raw(&frame(fin, opcode, payload)).await;
    }

    /// Sends bytes as they are. When the server has closed the stream they are lost, as in life.
    pub async fn raw(&mut self, bytes: &[u8]) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server reads");
    }

    /// What comes next.
    ///
    /// # Panics
    /// Nothing comes for too long.
    pub async fn recv(&mut self) -> Received {
        timeout(PATIENCE, self.next()).await.expect("something comes")
    }

    /// The next text message; pings of the engine are passed over, not answered.
    ///
    /// # Panics
    /// Something else comes.
    pub async fn text(&mut self) -> String {
        loop {
            match self.recv().await {
                Received::Text(text) if text == "2" => {}
                Received::Text(text) => return text,
                other => panic!("a text message was expected, not {other:?}"),
            }
        }
    }

    /// Reads to the end of the stream; returns the status code of the close frame, if there was one.
    ///
    /// # Panics
    /// It does not end.
    pub async fn ended(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match self.recv().await {
                Received::End => return code,
                Received::Close(status) => {
                    code = status;
                    self.raw(&frame(true, 8, &status.unwrap_or(1000).to_be_bytes())).await;
                }
                _ => {}
            }
        }
    }

    /// Ends the stream without a close frame.
    pub async fn cut(mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Ends the stream abruptly.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    /// What comes next, however long it takes: for whoever has a deadline of his own.
    pub async fn next(&mut self) -> Received {
        loop {
            if let Some((received, used)) = decode(&self.read) {
                self.read.drain(..used);
                return received;
            }
            match self.stream.read_buf(&mut self.read).await {
                Ok(read) if read > 0 => {}
                _ => return Received::End,
            }
        }
    }
}

/// A masked frame, as clients send them.
fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![opcode | if fin { 0x80 } else { 0 }];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The first frame of the bytes, and its length. Servers send no fragments here and mask nothing.
fn decode(bytes: &[u8]) -> Option<(Received, usize)> {
    let (&first, rest) = bytes.split_first()?;
    let (len, start) = match *rest.first()? {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        len => (usize::from(len), 2),
    };
    let payload = bytes.get(start..start + len)?.to_vec();
    let received = match first {
        0x81 => Received::Text(String::from_utf8(payload).expect("text messages are UTF-8")),
        0x82 => Received::Binary(payload),
        0x88 => Received::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
        0x89 => Received::Ping(payload),
        0x8a => Received::Pong(payload),
        other => panic!("a frame that starts with {other:#x}"),
    };
    Some((received, start + len))
}
