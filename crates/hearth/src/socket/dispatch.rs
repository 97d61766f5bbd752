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

/// A command that waits for its answer.
struct Asked {
    app: Arc<App>,
    /// What was asked; nothing where that could not be read.
    command: Option<&'static str>,
    since: Instant,
    ack: Option<Ack>,
}

impl Asked {
    fn answer(self, answer: &Answer) {
        self.app.metrics.answered(self.command.unwrap_or("unknown"), answer, self.since.into_std());
        if let Some(ack) = self.ack {
            // Whoever is gone has no use for it.
            let _ = ack.send((answer,));
        }
    }
}

/// Handles one event of a socket. The next one starts when this has returned.
pub(crate) async fn event(app: Arc<App>, socket: Socket, event: Event) {
    let Some(connection) = socket.data::<Connection>() else { return };
    let since = event.waits_since().map_or_else(Instant::now, Instant::from_std);
    let request = Request::decode(event.name(), event.arg_raw(0));
    let command = request.as_ref().ok().map(Request::name);
    let asked = Asked { app: Arc::clone(&app), command, since, ack: event.take_ack() };
    let request = match admit(&app, &socket, &connection, request) {
        Ok(request) => request,
        Err(error) => return asked.answer(&Answer::from(&error)),
    };
    match request.kind() {
        Kind::Write => write(&app, &connection, request, asked).await,
        Kind::Read => read(app, connection, request, asked).await,
        Kind::Live => asked.answer(&live(&app, &socket, &connection, request)),
    }
}

/// Counts a command against its person's limits. One that could not be read counts too: whoever sends nothing else is a
/// flood like any other.
fn admit(
    app: &App,
    socket: &Socket,
    connection: &Connection,
    request: Result<Request, Error>,
) -> Result<Request, Error> {
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

async fn write(app: &App, connection: &Connection, request: Request, asked: Asked) {
    let Some(permit) = room(app, connection, asked.since, 1).await else { return asked.answer(&busy()) };
    app.chat.submit_since(asked.since, connection.actor.clone(), request, move |outcome| {
        asked.answer(&outcome);
        drop(permit);
    });
}

/// A read starts when the socket's earlier writes are answered, so that one reads one's own writes.
async fn read(app: Arc<App>, connection: Arc<Connection>, request: Request, asked: Asked) {
    let all = app.settings.limits.counts.in_flight;
    let Some(mut permits) = room(&app, &connection, asked.since, all).await else { return asked.answer(&busy()) };
    // From here on it is one command among those in flight.
    drop(permits.split(all as usize - 1));
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let (outcome, effects) = app.chat.answer_since(asked.since, &connection.actor, request).await;
        FanOut::new(Arc::clone(&app)).apply_all(effects, connection.actor.origin.as_ref());
        asked.answer(&outcome);
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
