//! From commits to sockets: what a lane has committed becomes room joins, events and answers, in the order of commits.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat::member::Left;
use chat::read::ReadMarks;
use chat::server::Draining;
use chat::{Audience, Batch, ChannelId, Done, Effect, Event, Origin, UserId, fail_point};
use socketio::Broadcast;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::app::App;
use crate::connection::Connection;
use crate::hub::{Reread, room};

/// Longest that what somebody is in may take to be read anew: the answers of the lane wait for it.
const REREAD_MAX: Duration = Duration::from_secs(1);

/// Carries out effects. One runs for each lane, so that its commits are told in their order.
pub(crate) struct FanOut {
    app: Arc<App>,
}

impl FanOut {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// Runs until the lane ends.
    pub(crate) async fn run(self, mut lane: mpsc::Receiver<Batch>) {
        while let Some(batch) = lane.recv().await {
            let begun = Instant::now();
            fail_point::hit("fan_out.committed").await;
            for user in batch.reread {
                self.reread(user).await;
            }
            for Done { origin, effects, finish } in batch.done {
                self.apply_all(effects, origin.as_ref());
                fail_point::hit("fan_out.told").await;
                // The answer comes last: who holds it may rely on everybody else's having been sent.
                finish();
                fail_point::hit("fan_out.answered").await;
            }
            self.app.metrics.fanned_out(begun.elapsed());
        }
    }

    /// Puts a person's sockets into the rooms of the channels that they are in now, whatever those are. It is read here,
    /// after the hub has been told to watch for what other lanes change meanwhile.
    async fn reread(&self, user: UserId) {
        let hub = &self.app.hub;
        let reread = hub.reread(user);
        if hub.sockets_of(user) == 0 {
            return;
        }
        loop {
            match timeout(REREAD_MAX, self.app.chat.memberships(user)).await {
                Ok(Ok(memberships)) => {
                    let Some(crossed) = reread.settle(&memberships) else { continue };
                    // At once: what another lane does to the person next is told after it.
                    for channel_id in crossed.left {
                        self.app.marks.forget(channel_id, user);
                        self.emit(Audience::User(user), &Event::ChannelLeft(Left { channel_id }), false, None);
                    }
                    self.tell_entered(&reread, user, crossed.entered).await;
                }
                // Who comes back reads them for itself.
                Ok(Err(_)) | Err(_) => hub.cut(user),
            }
            return;
        }
    }

    /// Tells a person of channels that they are in without having been told, but for those that have moved since.
    async fn tell_entered(&self, reread: &Reread, user: UserId, entered: HashSet<ChannelId>) {
        if entered.is_empty() {
            return;
        }
        let entered: Vec<_> = entered.into_iter().collect();
        match timeout(REREAD_MAX, self.app.chat.channels_of(user, &entered)).await {
            Ok(Ok(channels)) => reread.unless_moved(channels, |channel| {
                self.emit(Audience::User(user), &Event::ChannelJoined(channel), false, None);
            }),
            // Who comes back catches up.
            Ok(Err(_)) | Err(_) => self.app.hub.cut(user),
        }
    }

    /// Carries out effects in their order. `origin`: the acting socket, which gets its answer in place of the events.
    pub(crate) fn apply_all(&self, effects: Vec<Effect>, origin: Option<&Origin>) {
        for effect in effects {
            self.apply(effect, origin);
        }
    }

    fn apply(&self, effect: Effect, origin: Option<&Origin>) {
        let hub = &self.app.hub;
        match effect {
            Effect::Join { user, channel } => hub.join(user, channel),
            Effect::Leave { user, channel } => {
                hub.leave(user, channel);
                // Who is out hears nothing more of it, not even how far they had read.
                self.app.marks.forget(channel, user);
            }
            Effect::EndSession { session } => hub.end_session(session),
            Effect::Watch { users } => self.watch(&users, origin),
            Effect::Read { channel, user, up_to, to_members } => self.app.marks.read(channel, user, up_to, to_members),
            Effect::Emit { audience, event, volatile } => self.emit(audience, &event, volatile, origin),
        }
    }

    /// Subscribes the acting socket to the presence of others, and tells it at once of whoever has come or gone since
    /// the answer was made.
    fn watch(&self, users: &[(UserId, bool)], origin: Option<&Origin>) {
        let Some(socket) = origin.and_then(|origin| self.app.hub.socket(origin)) else { return };
        let Some(connection) = socket.data::<Connection>() else { return };
        for (user, was_here) in users {
            if let Some(other) = connection.watch(*user) {
                socket.leave(room::watchers(other));
            }
            socket.join(room::watchers(*user));
            let event = match (was_here, self.app.chat.presence().is_online(*user)) {
                (false, true) => Event::UserConnected(*user),
                (true, false) => Event::UserDisconnected(*user),
                _ => continue,
            };
            // Whoever is gone already need not be told.
            let _ = socket.emit(event.name(), (&event,));
        }
    }

    fn emit(&self, audience: Audience, event: &Event, volatile: bool, origin: Option<&Origin>) {
        let room = match audience {
            Audience::Channel(channel) => room::channel(channel),
            Audience::User(user) => room::user(user),
            Audience::Watchers(user) => room::watchers(user),
        };
        let mut broadcast = self.app.hub.namespace().to(room);
        if let Some(origin) = origin {
            // A socket is alone in the room of its own id.
            broadcast = broadcast.except(origin.as_str());
        }
        if volatile {
            broadcast = broadcast.volatile();
        }
        self.tell(&broadcast, event);
    }

    fn tell(&self, broadcast: &Broadcast<'_>, event: &Event) {
        self.app.metrics.told(event.name());
        if let Err(error) = broadcast.emit(event.name(), (event,)) {
            tracing::error!(event = event.name(), %error, "an event could not be encoded");
        }
    }

    /// Tells everybody that the server is about to stop.
    pub(crate) fn tell_draining(&self, come_back: Duration) {
        let retry_after_ms = u64::try_from(come_back.as_millis()).unwrap_or(u64::MAX);
        let event = Event::ServerDraining(Draining { retry_after_ms });
        self.tell(&self.app.hub.namespace().everyone(), &event);
    }

    /// Tells the read marks that have moved.
    pub(crate) fn tell_read_marks(&self) {
        for (channel_id, moved) in self.app.marks.take() {
            if moved.marks.is_empty() {
                continue;
            }
            if moved.to_members {
                let event = Event::MessageRead(ReadMarks { channel_id, marks: moved.marks });
                self.emit(Audience::Channel(channel_id), &event, false, None);
                continue;
            }
            for (user, up_to) in moved.marks {
                let event = Event::MessageRead(ReadMarks { channel_id, marks: [(user, up_to)].into() });
                self.emit(Audience::User(user), &event, false, None);
            }
        }
    }
}
