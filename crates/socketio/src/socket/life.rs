//! A socket's way in and its way out.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engineio::Frame;

use super::{Entrance, Phase, Recovery, Socket, State, Waiting};
use crate::packet;
use crate::reason::DisconnectReason;
use crate::recovery::{self, Store, Thread};
use crate::rooms::Joined;
use crate::runner::Job;

/// The end.
impl Socket {
    /// Disconnects the client from the namespace; with `close`, from every namespace, and then closes the connection.
    ///
    /// The official clients do not come back after this by themselves, and the socket cannot be recovered. Events of the
    /// client that still wait are dropped; what is queued for the client goes first ([`Socket::kick`] drops it). Takes effect
    /// within a second whatever the client does. On a socket that is still in the middleware it refuses the CONNECT.
    pub fn disconnect(&self, close: bool) {
        if close {
            self.0.connection.disconnect();
        } else {
            self.put_out();
            self.0.connection.say_farewell();
        }
    }

    /// Closes the connection without DISCONNECT, as every limit does: the official clients come back by themselves.
    pub fn close_connection(&self) {
        self.0.connection.close(DisconnectReason::ForcedClose);
    }

    /// Disconnects the client from every namespace and closes the connection, like `disconnect(true)`, but what is queued
    /// for it is dropped: for whoever may see nothing more, because a session was revoked, say.
    ///
    /// Only an event that has begun to leave is completed; DISCONNECT follows it. What the kernel holds already cannot be
    /// taken back. A client that cannot take the end of what has begun finds its connection reset within a second.
    pub fn kick(&self) {
        self.0.connection.kick();
    }

    /// Ends the socket, if it has not ended before, and leaves it to the caller to tell the client.
    pub(crate) fn put_out(&self) {
        self.end_with(DisconnectReason::ServerNamespaceDisconnect, Waiting::Drop, |before| {
            let frame = if before == Phase::Connected {
                packet::encode_disconnect(self.namespace_name())
            } else {
                let reason = DisconnectReason::ServerNamespaceDisconnect.as_str();
                packet::encode_connect_error(self.namespace_name(), reason, None)
            };
            self.0.connection.owe_farewell(self.namespace_name(), frame);
        });
    }

    /// Ends the socket: no event reaches it from here on, its answers fail, it is in no room. Its disconnect handlers run
    /// when what has to be handled before them is done. Returns the phase it was in.
    pub(crate) fn end(&self, reason: DisconnectReason, waiting: Waiting) -> Phase {
        self.end_with(reason, waiting, |_| {})
    }

    /// The same; `note` learns of it before anybody else can.
    fn end_with(&self, reason: DisconnectReason, waiting: Waiting, note: impl FnOnce(Phase)) -> Phase {
        let before = self.begin_to_leave(note);
        match before {
            Phase::Connected => self.tell_disconnecting(reason),
            Phase::Connecting => {}
            Phase::Leaving | Phase::Ending | Phase::Ended => return before,
        }
        let (rooms, acks, dropped, recovery, data, work) = {
            let mut state = self.0.state.lock();
            state.phase = Phase::Ending;
            let dropped = match (before, waiting) {
                (Phase::Connected, Waiting::Finish) => VecDeque::new(),
                _ => std::mem::take(&mut state.queue),
            };
            if before == Phase::Connected {
                state.queue.push_back(Job::Disconnected(reason, self.0.connection.passage()));
            }
            let work = !std::mem::replace(&mut state.running, true);
            if let Some(listeners) = state.listeners.as_mut().filter(|listeners| !listeners.outgoing.is_empty()) {
                listeners.outgoing = Arc::default();
                self.0.namespace.listening_out.fetch_sub(1, Ordering::Relaxed);
            }
            let State { rooms, acks, recovery, data, .. } = &mut *state;
            (std::mem::take(rooms), std::mem::take(acks), dropped, recovery.take(), data.clone(), work)
        };
        if let (Some(store), Some(recovery)) = (&self.0.namespace.recovery, recovery)
            && recovery::is_recoverable(reason)
        {
            let names = rooms.iter().map(|joined| (Arc::clone(joined.room.name()), joined.since)).collect();
            let sweep = match *recovery {
                Recovery::Connected(thread) => store.keep(*self.id(), thread, names, data),
                // Held elsewhere only while the socket is just being let in; then its client starts anew.
                Recovery::Returning(returning) => {
                    Arc::into_inner(returning).is_some_and(|returning| store.put_back(returning.session))
                }
            };
            if sweep {
                let (sweep, shared) = (Store::sweep(Arc::downgrade(store)), Arc::clone(&self.0.connection.shared));
                self.0.connection.shared.spawn(async move {
                    sweep.await;
                    shared.forget_parked();
                });
            }
        }
        self.0.namespace.rooms.remove(self, &rooms);
        self.0.connection.forget(self.key());
        self.0.connection.shared.left(&self.0.namespace);
        drop(acks);
        self.release(&dropped);
        if work {
            self.0.connection.shared.spawn(self.clone().run());
        }
        before
    }

    /// From here on the socket takes no event, but its rooms are still there to be looked at. Returns the phase before.
    fn begin_to_leave(&self, note: impl FnOnce(Phase)) -> Phase {
        let mut state = self.0.state.lock();
        let before = state.phase;
        if matches!(before, Phase::Connecting | Phase::Connected) {
            self.0.connected.store(false, Ordering::Release);
            state.phase = Phase::Leaving;
            note(before);
        }
        before
    }

    fn tell_disconnecting(&self, reason: DisconnectReason) {
        let mut handlers = self.0.namespace.registry.listeners.read().disconnecting().to_vec();
        if let Some(own) = &self.0.state.lock().listeners {
            handlers.extend_from_slice(own.disconnecting());
        }
        for handler in handlers {
            if catch_unwind(AssertUnwindSafe(|| handler(self, reason))).is_err() {
                tracing::error!(socket = %self.id(), "a handler panicked while its socket was disconnecting");
            }
        }
    }
}

/// The beginning.
impl Socket {
    /// Whether the middleware has nothing to say, because the socket has been let in before.
    pub(crate) fn may_skip_middleware(&self) -> bool {
        self.recovered() && self.0.namespace.recovery.as_ref().is_some_and(|store| store.skips_middlewares())
    }

    /// Answers CONNECT and opens the socket to events. `asked`: whether the middleware has let it in this time.
    pub(crate) fn activate(&self, asked: bool) -> Entrance {
        let entrance = match &self.0.namespace.recovery {
            None => self.open([packet::encode_connect(self.namespace_name(), self.id(), None)], None),
            Some(store) => self.resume(store, asked),
        };
        if entrance == Entrance::Open {
            self.0.connection.joined();
        }
        entrance
    }

    /// Opens the socket with what it missed, if it returns, and with the means to return, in one step: nothing is
    /// recorded in between.
    fn resume(&self, store: &Store, asked: bool) -> Entrance {
        let held = store.hold();
        let returning = match self.0.state.lock().recovery.as_deref() {
            Some(Recovery::Returning(returning)) => Some(Arc::clone(returning)),
            _ => None,
        };
        let opening = held.open(self.namespace_name(), self.id(), returning.as_deref());
        self.0.recovered.store(opening.recovered, Ordering::Relaxed);
        if !opening.recovered && !asked {
            drop(held);
            let _gone = self.0.state.lock().recovery.take();
            return Entrance::Stranger;
        }
        if let Some(returning) = returning.filter(|_| opening.recovered) {
            for (room, since) in &returning.session.rooms {
                self.0.namespace.rooms.join(self, room, Some(*since));
            }
        }
        self.open(opening.frames, Some(opening.thread))
    }

    fn open(&self, answer: impl IntoIterator<Item = Frame>, thread: Option<Thread>) -> Entrance {
        let mut opening = Some((answer, thread));
        let mut opened = false;
        while opening.is_some() {
            let joined = self.0.state.lock().rooms.clone();
            self.0.namespace.rooms.activate(self, &joined, || {
                let mut state = self.0.state.lock();
                let same = |(now, then): (&Joined, &Joined)| Arc::ptr_eq(&now.room, &then.room);
                if state.rooms.len() != joined.len() || !state.rooms.iter().zip(&joined).all(same) {
                    // Another task had it join or leave a room this instant: once more, with what it is in now.
                    return false;
                }
                let Some((answer, thread)) = opening.take() else { return false };
                // Under the lock, so that a `disconnect` comes either before the answer or after it.
                opened = state.phase == Phase::Connecting && self.engine().send(answer).is_ok();
                if opened {
                    state.phase = Phase::Connected;
                    state.recovery = thread.map(|thread| Box::new(Recovery::Connected(thread)));
                    self.0.connected.store(true, Ordering::Release);
                }
                opened
            });
        }
        if opened { Entrance::Open } else { Entrance::Ended }
    }
}
