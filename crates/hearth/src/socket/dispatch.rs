//! From an event of a socket to a command, and back to its ack.
//!
//! Every command is answered exactly once. A socket's commands reach their lane in the order in which they arrived;
//! when too many wait for their answer, this handler waits, and with it the reading of the socket; but no command waits
//! longer than it would on a lane.

use std::sync::Arc;

use chat::{Answer, Error, Kind, LimitClass, Request};
use socketio::{Ack, Event, Socket};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::connection::Connection;
use crate::fan_out::FanOut;
use crate::hub::room;

/// Handles one event of a socket. The next one starts when this has returned.
pub(crate) async fn event(app: Arc<App>, socket: Socket, event: Event) {
    let Some(connection) = socket.data::<Connection>() else { return };
    let ack = event.take_ack();
    let since = Instant::from_std(event.received());
    let request = match admit(&app, &socket, &connection, &event) {
        Ok(request) => request,
        Err(error) => return answer(ack, &Answer::from(&error)),
    };
    match request.kind() {
        Kind::Write => write(&app, &connection, since, request, ack).await,
        Kind::Read => read(app, connection, since, request, ack).await,
        Kind::Live => answer(ack, &live(&app, &socket, &connection, request)),
    }
}

/// Reads the event as a command and counts it against its person's limits. One that cannot be read counts too: whoever
/// sends nothing else is a flood like any other.
fn admit(app: &App, socket: &Socket, connection: &Connection, event: &Event) -> Result<Request, Error> {
    let request = Request::decode(event.name(), event.arg_raw(0));
    let class = request.as_ref().map_or(LimitClass::Other, Request::limit);
    app.limits.command(class, connection.actor.user).inspect_err(|_| {
        if connection.refused(&app.settings.limits, class) {
            // Not DISCONNECT: whoever comes back more slowly is welcome.
            socket.close_connection();
        }
    })?;
    request
}

/// Room for a command among those of its socket that wait for their answer: all of it for one that must come alone.
/// Nothing where none has come free in as long as a command may wait.
async fn room(app: &App, connection: &Connection, since: Instant, places: u32) -> Option<OwnedSemaphorePermit> {
    let room = Arc::clone(&connection.in_flight).acquire_many_owned(places);
    let room = timeout_at(since + app.chat.limits().wait(), room).await.ok()?;
    Some(room.expect("nobody closes it"))
}

async fn write(app: &App, connection: &Connection, since: Instant, request: Request, ack: Option<Ack>) {
    let Some(permit) = room(app, connection, since, 1).await else { return answer(ack, &busy()) };
    app.chat.submit_since(since, connection.actor.clone(), request, move |outcome| {
        answer(ack, &outcome);
        drop(permit);
    });
}

/// A read starts when the socket's earlier writes are answered, so that one reads one's own writes.
async fn read(app: Arc<App>, connection: Arc<Connection>, since: Instant, request: Request, ack: Option<Ack>) {
    let all = app.settings.limits.counts.in_flight;
    let Some(mut permits) = room(&app, &connection, since, all).await else { return answer(ack, &busy()) };
    // From here on it is one command among those in flight.
    drop(permits.split(all as usize - 1));
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let (outcome, effects) = app.chat.answer_since(since, &connection.actor, request).await;
        FanOut::new(Arc::clone(&app)).apply_all(effects, connection.actor.origin.as_ref());
        answer(ack, &outcome);
        drop(permits);
    });
}

/// Typing touches no database: the channels of a socket are its rooms.
fn live(app: &Arc<App>, socket: &Socket, connection: &Connection, request: Request) -> Answer {
    let is_in = |channel| socket.is_in(room::channel(channel));
    let (answer, effects) = app.chat.live(&connection.actor, request, is_in);
    FanOut::new(Arc::clone(app)).apply_all(effects, connection.actor.origin.as_ref());
    answer
}

fn busy() -> Answer {
    Answer::from(&Error::busy())
}

fn answer(ack: Option<Ack>, answer: &Answer) {
    if let Some(ack) = ack {
        // Whoever is gone has no use for it.
        let _ = ack.send((answer,));
    }
}
