//! Who may connect.
//!
//! The order is a promise (rule 11 of ARCHITECTURE.md): a socket is registered first, so that whatever is committed
//! from then on reaches it; then its session and memberships are read; then CONNECT is answered. Whoever is revoked in
//! between is refused, wherever in between it happens.

use std::sync::Arc;
use std::time::Duration;

use chat::seeded::Seeded;
use chat::{ChannelId, Error, Identity, fail_point};
use engineio::Refusal;
use http::{Extensions, StatusCode, header, request};
use serde_json::Value;
use socketio::{ConnectError, Socket};

use crate::app::App;
use crate::connection::Connection;
use crate::http::client;
use crate::places::Place;

/// When to come back where too many sockets are: some will have gone.
const CROWDED_WAIT: Duration = Duration::from_secs(10);

/// Judges the handshake, before a session exists.
///
/// A token that is not valid is refused, and so is a page without one: it would only wait to be refused. A bot, which
/// has no Origin, may bring its token in CONNECT.
pub(crate) fn handshake(
    app: Option<Arc<App>>,
    parts: &request::Parts,
) -> impl Future<Output = Result<Extensions, Refusal>> + Send + use<> {
    let is_page = parts.headers.contains_key(header::ORIGIN);
    let token = app.as_ref().and_then(|app| app.cookie.token(&parts.headers)).map(ToOwned::to_owned);
    let address = app.as_ref().map(|app| client::address(parts, &app.settings.trusted_proxies));
    async move {
        let app = app.ok_or_else(|| refusal(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping"))?;
        let mut extensions = Extensions::new();
        match token {
            Some(token) => match app.chat.authenticate(&token).await {
                Ok(Some(identity)) => _ = extensions.insert(identity),
                Ok(None) => return Err(refusal(StatusCode::UNAUTHORIZED, "the session has ended")),
                Err(_) => return Err(refusal(StatusCode::SERVICE_UNAVAILABLE, "try again")),
            },
            None if is_page => return Err(refusal(StatusCode::UNAUTHORIZED, "sign in first")),
            None => {}
        }
        if let Some(address) = address.filter(|_| app.settings.rate_limits).map(client::limit_key) {
            let signed_in = extensions.get::<Identity>().is_some();
            let place = if signed_in { app.places.signed_in(address) } else { app.places.anonymous(address) };
            extensions.insert(place.ok_or_else(crowded)?);
        }
        Ok(extensions)
    }
}

/// Judges CONNECT, and lets the socket into the rooms of its person.
pub(crate) async fn connect(app: Arc<App>, socket: Socket, auth: Value) -> Result<(), ConnectError> {
    admit(&app, &socket, &auth).await.map_err(|error| ConnectError::new(error.to_string()).with_data(error))
}

async fn admit(app: &Arc<App>, socket: &Socket, auth: &Value) -> Result<(), Error> {
    let identity = identity(app, socket, auth).await?;
    let mut early = None;
    if Seeded::MembershipBeforeRegistering.is_sown() {
        early = Some(memberships(app, identity).await?);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let arrival = app.hub.arrive(socket.clone(), identity);
    fail_point::hit("socket.registered").await;
    let mut memberships = match early {
        Some(memberships) => memberships,
        None => memberships(app, identity).await?,
    };
    fail_point::hit("socket.read").await;
    let most = app.settings.limits.counts.user_sockets as usize;
    if app.settings.rate_limits && app.hub.sockets_of(identity.user) > most {
        return Err(Error::rate_limited(CROWDED_WAIT));
    }
    let place = socket.handshake().extensions().get::<Place>();
    if place.is_some_and(|place| !app.places.sign_in(place)) {
        return Err(Error::rate_limited(CROWDED_WAIT));
    }
    socket.set_data(Connection::new(identity, socket.id(), app.settings.limits.counts.in_flight));
    while !arrival.settle(&memberships) {
        memberships = self::memberships(app, identity).await?;
    }
    Ok(())
}

/// The channels of a person whose session is alive.
async fn memberships(app: &App, identity: Identity) -> Result<Vec<ChannelId>, Error> {
    app.chat.memberships_of(identity).await?.ok_or_else(Error::signed_out)
}

async fn identity(app: &App, socket: &Socket, auth: &Value) -> Result<Identity, Error> {
    if let Some(identity) = socket.handshake().extensions().get::<Identity>() {
        return Ok(*identity);
    }
    let token = auth.get("token").and_then(Value::as_str).ok_or_else(Error::signed_out)?;
    app.chat.authenticate(token).await?.ok_or_else(Error::signed_out)
}

fn crowded() -> Refusal {
    refusal(StatusCode::TOO_MANY_REQUESTS, "too many connections from this address")
}

fn refusal(status: StatusCode, message: &'static str) -> Refusal {
    Refusal::with_status(status, message)
}
