//! Making a connection.

use std::collections::VecDeque;

use serde_json::Value;
use tokio::net::lookup_host;

use super::{Client, within};
use crate::wire::WebSocket;

/// How a connection was refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// The HTTP status of the handshake.
    Http(u16, String),
    /// The payload of CONNECT_ERROR.
    Namespace(Value),
    /// The server closed the connection without a word.
    Closed,
}

/// A connection that is to be made.
#[derive(Debug, Clone)]
pub struct Builder {
    url: String,
    namespace: String,
    auth: Option<Value>,
    headers: Vec<(String, String)>,
}

impl Builder {
    pub(super) fn new(url: &str) -> Builder {
        Builder { url: url.to_owned(), namespace: "/".to_owned(), auth: None, headers: Vec::new() }
    }

    /// Another namespace than `/`.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Builder {
        self.namespace = namespace.to_owned();
        self
    }

    /// The payload of CONNECT.
    #[must_use]
    pub fn auth(mut self, auth: Value) -> Builder {
        self.auth = Some(auth);
        self
    }

    /// A header of the handshake.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Builder {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Connects and joins the namespace.
    ///
    /// # Errors
    /// [`Refused`], with what the server said.
    pub async fn connect(self) -> Result<Client, Refused> {
        let auth = self.auth.clone();
        let mut client = self.open().await?;
        client.join(auth).await?;
        Ok(client)
    }

    /// Opens the connection without joining a namespace.
    ///
    /// # Errors
    /// [`Refused::Http`] with the status.
    pub async fn open(self) -> Result<Client, Refused> {
        let (host, path) =
            self.url.strip_prefix("ws://").and_then(|rest| rest.split_once('/')).expect("ws://host:port/…");
        let address = lookup_host(host).await.expect("a host that exists").next().expect("an address");
        let target = format!("/{path}?EIO=4&transport=websocket");
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let answer = within("the handshake", WebSocket::connect(address, &target, &headers)).await;
        let stream = match answer.unwrap_or_else(|error| panic!("cannot connect to {}: {error}", self.url)) {
            Ok(stream) => stream,
            Err(answer) => return Err(Refused::Http(answer.status, answer.text().to_owned())),
        };
        let mut client = Client {
            stream,
            namespace: self.namespace,
            id: String::new(),
            open: Value::Null,
            pid: None,
            packets: VecDeque::new(),
            next_ack: 0,
            ended: None,
        };
        let open = client.read_text().await.ok_or(Refused::Closed)?;
        let open = open.strip_prefix('0').expect("the first packet is the open packet");
        client.open = serde_json::from_str(open).expect("the open packet is JSON");
        Ok(client)
    }
}
