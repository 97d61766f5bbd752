//! The HTTP side: which request means what, and the errors that Node's engine.io gives.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Response};
use hyper::upgrade::OnUpgrade;
use tower_service::Service;

use crate::engine::Shared;
use crate::line::Exchange;
use crate::sessions::Sid;
use crate::socket::{Inner, Wire};
use crate::ws::{self, Claim, Connection, Decoder, Opened, Stream};
use crate::{Body, Engine, Handshake, Refusal, Transport, polling, refusal};

impl<B> Service<Request<B>> for Engine
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { Ok(serve(shared, request).await) })
    }
}

async fn serve<B>(shared: Arc<Shared>, mut request: Request<B>) -> Response<Body>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (parts, body) = request.into_parts();
    if let Some(Err(refusal)) = shared.check.as_ref().map(|check| check(&parts)) {
        return refusal.into_response();
    }
    let cors = shared.config.cors.headers(&parts);
    let mut response = if parts.method == Method::OPTIONS {
        shared.config.cors.preflight(&parts)
    } else {
        route(&shared, parts, body, on_upgrade).await.unwrap_or_else(Refusal::into_response)
    };
    add(response.headers_mut(), cors);
    response
}

fn add(headers: &mut HeaderMap, more: HeaderMap) {
    for (name, value) in more {
        if let Some(name) = name {
            headers.insert(name, value);
        }
    }
}

/// The parameters of the query that the protocol knows.
#[derive(Default)]
struct Query {
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
}

impl Query {
    fn parse(parts: &Parts) -> Self {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            let slot = match &*name {
                "EIO" => &mut query.version,
                "transport" => &mut query.transport,
                "sid" => &mut query.sid,
                _ => continue,
            };
            slot.get_or_insert_with(|| value.into_owned());
        }
        query
    }

    fn transport(&self, shared: &Shared) -> Option<Transport> {
        let name = self.transport.as_deref()?;
        let known = Transport::ALL.into_iter().find(|transport| transport.as_str() == name);
        known.filter(|transport| shared.config.transports.offers(*transport))
    }
}

async fn route<B>(
    shared: &Arc<Shared>,
    parts: Parts,
    body: B,
    on_upgrade: Option<OnUpgrade>,
) -> Result<Response<Body>, Refusal>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    let query = Query::parse(&parts);
    let transport = query.transport(shared).ok_or_else(refusal::transport_unknown)?;
    let Some(sid) = &query.sid else { return handshake(shared, parts, &query, transport, on_upgrade).await };
    let socket = Sid::parse(sid).and_then(|sid| shared.sessions.get(&sid)).ok_or_else(refusal::session_unknown)?;
    match (transport, &parts.method) {
        (Transport::WebSocket, _) => second_transport(&socket, &parts, on_upgrade),
        (Transport::Polling, &Method::GET) => polling::poll(socket, parts.extensions.get().cloned()).await,
        (Transport::Polling, &Method::POST) => polling::post(socket, &parts, body).await,
        (Transport::Polling, _) => Err(refusal::bad_request()),
    }
}

/// A WebSocket for a session that exists: an upgrade, or one too many.
fn second_transport(
    socket: &Arc<Inner>,
    parts: &Parts,
    on_upgrade: Option<OnUpgrade>,
) -> Result<Response<Body>, Refusal> {
    let (response, on_upgrade) = accept(parts, on_upgrade)?;
    let runtime = socket.engine.runtime();
    match Claim::new(socket).filter(|_| socket.engine.config.allow_upgrades) {
        Some(claim) => drop(runtime.spawn(ws::upgrade(claim, on_upgrade))),
        None => drop(runtime.spawn(ws::reject(on_upgrade))),
    }
    Ok(response)
}

fn accept(parts: &Parts, on_upgrade: Option<OnUpgrade>) -> Result<(Response<Body>, OnUpgrade), Refusal> {
    let on_upgrade = on_upgrade.filter(|_| ws::is_upgrade(parts)).ok_or_else(refusal::bad_request)?;
    let response = ws::accept(parts).ok_or_else(refusal::bad_request)?;
    Ok((response, on_upgrade))
}

async fn handshake(
    shared: &Arc<Shared>,
    parts: Parts,
    query: &Query,
    transport: Transport,
    on_upgrade: Option<OnUpgrade>,
) -> Result<Response<Body>, Refusal> {
    if parts.method != Method::GET {
        return Err(refusal::bad_method());
    }
    if transport == Transport::WebSocket && !ws::is_upgrade(&parts) {
        return Err(refusal::bad_request());
    }
    if query.version.as_deref() != Some("4") {
        return Err(refusal::unsupported_version());
    }
    if shared.is_closing() {
        return Err(refusal::shutting_down());
    }
    let extensions = match &shared.allow_request {
        Some(allow) => allow(&parts).await?,
        None => Extensions::new(),
    };
    let sid = Sid::random().map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        refusal::internal()
    })?;
    let handshake = Handshake::new(&parts, extensions);
    match transport {
        Transport::Polling => open_polling(shared, sid, handshake, parts.extensions.get().cloned()),
        Transport::WebSocket => {
            let (response, on_upgrade) = accept(&parts, on_upgrade)?;
            if let Some(exchange) = parts.extensions.get::<Exchange>() {
                // The open packet.
                exchange.expect_more();
            }
            let opening = open_websocket(Arc::clone(shared), sid, handshake, on_upgrade);
            shared.runtime().spawn(opening);
            Ok(response)
        }
    }
}

fn open_polling(
    shared: &Arc<Shared>,
    sid: Sid,
    handshake: Handshake,
    exchange: Option<Exchange>,
) -> Result<Response<Body>, Refusal> {
    // The engine's own tasks start with the first connection.
    shared.runtime();
    let socket = Inner::new(Arc::clone(shared), sid, handshake, Wire::Polling);
    let packet = shared.open_packet(&socket, true);
    if !socket.start(packet) {
        return Err(refusal::internal());
    }
    Ok(polling::first_response(socket, exchange))
}

async fn open_websocket(shared: Arc<Shared>, sid: Sid, handshake: Handshake, on_upgrade: OnUpgrade) {
    match ws::opened(on_upgrade).await {
        Some(Opened::Tcp(stream, read)) => start(&shared, sid, handshake, stream, read),
        Some(Opened::Other(stream)) => start(&shared, sid, handshake, stream, Vec::new()),
        None => {}
    }
}

fn start<S: Stream>(shared: &Arc<Shared>, sid: Sid, handshake: Handshake, stream: S, read: Vec<u8>) {
    let (wire, carrier) = stream.attach();
    let socket = Inner::new(Arc::clone(shared), sid, handshake, wire);
    let packet = shared.open_packet(&socket, false);
    socket.start(packet);
    let decoder = Decoder::new(shared.config.max_payload);
    // A task of its own is smaller than the one that waited for the handshake.
    shared.runtime().spawn(Connection::new(socket, carrier, decoder, read));
}
