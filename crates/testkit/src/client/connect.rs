//! Making a connection.

use std::collections::VecDeque;

use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use super::{Client, within};

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
        let url = format!("{}?EIO=4&transport=websocket", self.url);
        let mut request = url.into_client_request().expect("a test connects to a proper address");
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).expect("a header name");
            request.headers_mut().append(name, HeaderValue::try_from(value).expect("a header value"));
        }
        let stream = match within("the handshake", connect_async(request)).await {
            Ok((stream, _)) => stream,
            Err(WsError::Http(answer)) => {
                let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
                return Err(Refused::Http(answer.status().as_u16(), body));
            }
            Err(error) => panic!("cannot connect to {}: {error}", self.url),
        };
        let mut client = Client {
            stream,
            namespace: self.namespace,
            id: String::new(),
            open: Value::Null,
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
