//! Strict order: what arrives for a socket is handled one thing after the other.
//!
//! A socket at rest costs no task. Work for it starts at once, on the spot: a handler that has nothing to wait for is
//! finished before the engine reads the next packet, without a task being made. One that waits goes on in a task, which
//! works off the queue and ends when it is empty.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::args::Args;
use crate::connection::Passage;
use crate::event::Event;
use crate::handler::{Listeners, Matched, PacketCheck};
use crate::packet;
use crate::reason::DisconnectReason;
use crate::socket::{Entrance, Phase, Socket, State, Waiting};

/// One thing to do for a socket.
pub(crate) enum Job {
    /// Ask the middleware, answer CONNECT, call the connect handlers.
    Connect(Passage),
    /// Call the listeners of an event whose packets were so many bytes long.
    Event(Event, usize),
    /// Tell of another transport.
    Upgraded,
    /// Call the disconnect handlers.
    Disconnected(DisconnectReason, Passage),
}

impl Socket {
    /// Begins the socket's life.
    pub(crate) fn connect(&self) {
        self.state().lock().running = true;
        self.start(Job::Connect(self.connection().passage()));
    }

    /// Takes an event in: at once, or when its turn comes.
    pub(crate) fn receive(&self, name: Box<str>, args: Args, ack: Option<u64>, size: usize) {
        let event = |waits_since| Event::new(self.clone(), name, args, ack, size, waits_since);
        {
            let mut state = self.state().lock();
            if matches!(state.phase, Phase::Leaving | Phase::Ending | Phase::Ended) {
                return;
            }
            if state.running {
                state.queue.push_back(Job::Event(event(Some(Instant::now())), size));
                self.connection().hold(size);
                return;
            }
            state.running = true;
        }
        self.start(Job::Event(event(None), 0));
    }

    /// The connection has moved to another transport. Whoever wants to know is told in turn.
    pub(crate) fn upgraded(&self) {
        let everywhere = !self.namespace_inner().registry.listeners.read().upgrade.is_empty();
        {
            let mut state = self.state().lock();
            let wanted = everywhere || state.listeners.as_ref().is_some_and(|own| !own.upgrade.is_empty());
            // In the connect handler listeners may still be added.
            if !matches!(state.phase, Phase::Connecting | Phase::Connected) || !(wanted || state.running) {
                return;
            }
            if state.running {
                state.queue.push_back(Job::Upgraded);
                return;
            }
            state.running = true;
        }
        self.start(Job::Upgraded);
    }

    /// Runs a handler that nothing waits for. It counts as waiting until it has finished, so there is a bound to them.
    pub(crate) fn run_aside(&self, size: usize, work: impl Future<Output = ()> + Send + 'static) {
        self.connection().hold(size);
        let socket = self.clone();
        self.connection().shared.spawn(async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                socket.panicked();
            }
            socket.connection().release(1, size);
        });
    }

    /// Gives back the room that waiting jobs took up.
    pub(crate) fn release<'a>(&self, jobs: impl IntoIterator<Item = &'a Job>) {
        let sizes = jobs.into_iter().filter_map(|job| match job {
            Job::Event(_, size) => Some(*size),
            Job::Connect(_) | Job::Upgraded | Job::Disconnected(..) => None,
        });
        let (count, size) = sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size));
        if count > 0 {
            self.connection().release(count, size);
        }
    }

    /// Begins a job on the spot, and carries on in a task if it has to wait. The caller has set `running`.
    fn start(&self, job: Job) {
        let mut context = Context::from_waker(Waker::noop());
        let begun = catch_unwind(AssertUnwindSafe(|| {
            let mut future = self.handle(job)?;
            match future.as_mut().poll(&mut context) {
                Poll::Ready(()) => None,
                Poll::Pending => Some(future),
            }
        }));
        let unfinished = begun.unwrap_or_else(|_| {
            self.panicked();
            None
        });
        if let Some(future) = unfinished {
            // The first poll in the task hands over a real waker.
            self.connection().shared.spawn(self.clone().finish(future));
        } else if let Some(job) = self.next_job() {
            self.connection().shared.spawn(self.clone().work(job));
        }
    }

    /// Works off the queue. The caller has set `running`.
    pub(crate) async fn run(self) {
        if let Some(job) = self.next_job() {
            self.work(job).await;
        }
    }

    async fn finish(self, begun: BoxFuture<'static, ()>) {
        if AssertUnwindSafe(begun).catch_unwind().await.is_err() {
            self.panicked();
        }
        self.run().await;
    }

    async fn work(self, first: Job) {
        let mut next = Some(first);
        while let Some(job) = next {
            let handled = AssertUnwindSafe(async {
                if let Some(future) = self.handle(job) {
                    future.await;
                }
            });
            if handled.catch_unwind().await.is_err() {
                self.panicked();
            }
            // A long queue of handlers that never wait must not keep the thread from others.
            tokio::task::consume_budget().await;
            next = self.next_job();
        }
    }

    /// Takes the next job out of the queue; with none left the socket is at rest.
    fn next_job(&self) -> Option<Job> {
        let (job, listeners) = {
            let mut state = self.state().lock();
            let job = state.queue.pop_front();
            let mut listeners = None;
            if job.is_none() {
                state.running = false;
                // A burst is over: an idle socket keeps no buffer for it.
                state.queue.shrink_to_fit();
                if state.phase == Phase::Ending {
                    state.phase = Phase::Ended;
                    listeners = state.listeners.take();
                }
            }
            (job, listeners)
        };
        // Listeners may hold handles of this socket: they go after the lock.
        drop(listeners);
        self.release(&job);
        job
    }

    /// Calls what is registered. `None` if that is nothing.
    fn handle(&self, job: Job) -> Option<BoxFuture<'static, ()>> {
        match job {
            Job::Connect(passage) => {
                let admitted = self.clone().admit();
                Some(Box::pin(async move {
                    admitted.await;
                    drop(passage);
                }))
            }
            Job::Event(event, _) => match self.matching_unchecked(event.name()) {
                Ok(handlers) => self.call(event, handlers),
                Err(checks) => Some(Box::pin(self.clone().check(event, checks))),
            },
            Job::Upgraded => {
                let mut handlers = self.namespace_inner().registry.listeners.read().upgrade.clone();
                if let Some(own) = &self.state().lock().listeners {
                    handlers.extend_from_slice(&own.upgrade);
                }
                let (socket, transport) = (self.clone(), self.transport());
                Some(Box::pin(async move {
                    for handler in handlers {
                        handler(socket.clone(), transport).await;
                    }
                }))
            }
            Job::Disconnected(reason, passage) => {
                let mut handlers = self.namespace_inner().registry.listeners.read().disconnect().to_vec();
                if let Some(own) = &self.state().lock().listeners {
                    handlers.extend_from_slice(own.disconnect());
                }
                let socket = self.clone();
                let call_all = async move {
                    for handler in handlers {
                        handler(socket.clone(), reason).await;
                    }
                    drop(passage);
                };
                Some(Box::pin(call_all))
            }
        }
    }

    /// The handlers of an event, unless there are checks that it has to pass before they are looked for.
    fn matching_unchecked(&self, event: &str) -> Result<Matched, Vec<PacketCheck>> {
        let shared = self.namespace_inner().registry.listeners.read();
        let mut state = self.state().lock();
        let own = state.listeners.iter().flat_map(|own| &own.checks);
        let checks: Vec<_> = shared.checks.iter().chain(own).cloned().collect();
        if checks.is_empty() { Ok(matching(&shared, &mut state, event)) } else { Err(checks) }
    }

    async fn check(self, event: Event, checks: Vec<PacketCheck>) {
        for check in checks {
            if let Err(error) = check(self.clone(), event.clone()).await {
                return self.refused(event, error.into()).await;
            }
        }
        let handlers = {
            let shared = self.namespace_inner().registry.listeners.read();
            matching(&shared, &mut self.state().lock(), event.name())
        };
        if let Some(handled) = self.call(event, handlers) {
            handled.await;
        }
    }

    async fn refused(self, event: Event, error: Arc<dyn Error + Send + Sync>) {
        let mut handlers = self.namespace_inner().registry.listeners.read().errors.clone();
        if let Some(own) = &self.state().lock().listeners {
            handlers.extend_from_slice(&own.errors);
        }
        if handlers.is_empty() {
            tracing::debug!(socket = %self.id(), event = event.name(), %error, "a check refused an event");
        }
        for handler in handlers {
            handler(self.clone(), event.clone(), Arc::clone(&error)).await;
        }
    }

    /// Calls the handlers of an event. `None` if there are none.
    fn call(&self, event: Event, mut handlers: Matched) -> Option<BoxFuture<'static, ()>> {
        match handlers.len() {
            0 => {
                tracing::debug!(socket = %self.id(), event = event.name(), "no listener");
                None
            }
            1 => handlers.pop().map(|handler| handler(self.clone(), event)),
            _ => {
                let socket = self.clone();
                Some(Box::pin(async move {
                    for handler in handlers {
                        handler(socket.clone(), event.clone()).await;
                    }
                }))
            }
        }
    }

    /// The middleware, the answer to CONNECT, and the connect handlers. Events that the client sends meanwhile wait.
    async fn admit(self) {
        let mut asked = !self.may_skip_middleware();
        if asked && !self.ask_middleware().await {
            return;
        }
        loop {
            match self.activate(asked) {
                Entrance::Open => break,
                Entrance::Ended => return,
                Entrance::Stranger => asked = true,
            }
            if !self.ask_middleware().await {
                return;
            }
        }
        let handlers = self.namespace_inner().registry.connect.read().clone();
        for handler in handlers {
            handler(self.clone()).await;
        }
    }

    /// Asks the middleware. `false` if the socket is not to be let in, or has ended meanwhile.
    async fn ask_middleware(&self) -> bool {
        let middleware = self.namespace_inner().registry.middleware.read().clone();
        if middleware.is_empty() {
            return true;
        }
        let Ok(auth) = self.auth::<Value>() else {
            // Well-formed, but nested deeper than is ever read.
            self.connection().close(DisconnectReason::ParseError);
            return false;
        };
        for check in middleware {
            if let Err(error) = check(self.clone(), auth.clone()).await {
                self.refuse(&error.message, error.data.as_ref());
                return false;
            }
            if self.state().lock().phase != Phase::Connecting {
                return false;
            }
        }
        true
    }

    fn refuse(&self, message: &str, data: Option<&Value>) {
        if self.end(DisconnectReason::ServerNamespaceDisconnect, Waiting::Drop) == Phase::Connecting {
            // A connection that is gone needs no answer.
            let _ = self.engine().send(packet::encode_connect_error(self.namespace_name(), message, data));
        }
    }

    /// A handler panicked, and the panic hook has reported where: this connection ends, so that the client comes back to
    /// a fresh state.
    fn panicked(&self) {
        tracing::error!(socket = %self.id(), namespace = self.namespace_name(), "a handler panicked; closing its connection");
        self.end(DisconnectReason::ForcedServerClose, Waiting::Drop);
        self.connection().close(DisconnectReason::ForcedServerClose);
    }
}

/// The handlers of an event: those for any event, then its own, or if it has none, the fallback.
fn matching(shared: &Listeners, state: &mut State, event: &str) -> Matched {
    let mut matched = Matched::new();
    matched.extend(shared.any().iter().cloned());
    matched.extend(state.listeners.iter().flat_map(|own| own.any()).cloned());
    let any = matched.len();

    matched.extend(shared.matching(event).cloned());
    if let Some(own) = &mut state.listeners {
        matched.extend(own.matching(event).cloned());
        if own.has_once(event) {
            own.spend(event);
        }
    }
    if matched.len() == any {
        let fallback = state.listeners.as_ref().and_then(|own| own.fallback()).or(shared.fallback());
        matched.extend(fallback.cloned());
    }
    matched
}
