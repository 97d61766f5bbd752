//! An accept loop for HTTP/1.1 with upgrades.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::PeerAddr;
use crate::line::Line;

/// How long accepting rests after the system had nothing left for a connection.
const BACK_OFF: Duration = Duration::from_millis(100);
/// The whole head of a request has to fit.
const BUFFER: usize = 16 * 1024;

/// What [`serve`] can serve: a tower service of HTTP requests, such as an [`Engine`](crate::Engine) or an axum `Router`.
///
/// Every service of this shape is one; there is nothing to implement.
pub trait HttpService:
    Service<Request<Incoming>, Response = Response<<Self as HttpService>::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
    /// The body of its responses.
    type Body: http_body::Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;
}

impl<S, B> HttpService for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: http_body::Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
}

/// An accept loop and its limits.
#[derive(Clone, Debug)]
pub struct Server {
    header_timeout: Duration,
    stall_timeout: Duration,
    max_headers: usize,
    grace: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(10),
            max_headers: 100,
            grace: Duration::from_secs(10),
        }
    }
}

impl Server {
    /// How long the head of a request may take to arrive, also the next one on a connection that is kept open. 30 s.
    #[must_use]
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.header_timeout = limit;
        self
    }

    /// How long a peer may take nothing of a response before its connection is dropped. 10 s.
    #[must_use]
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.stall_timeout = limit;
        self
    }

    /// How many headers a request may have. 100.
    #[must_use]
    pub fn max_headers(mut self, limit: usize) -> Self {
        self.max_headers = limit;
        self
    }

    /// How long requests that are under way at the shutdown may take to finish. 10 s.
    #[must_use]
    pub fn grace(mut self, limit: Duration) -> Self {
        self.grace = limit;
        self
    }

    /// Serves until `shutdown` is ready, then lets the requests that are under way finish. Connections that became
    /// WebSockets are not waited for: [`Engine::close`](crate::Engine::close) does that.
    ///
    /// Every request carries its [`PeerAddr`]. When the system has no file descriptors left, accepting rests and goes on.
    pub async fn run(self, listener: TcpListener, service: impl HttpService, shutdown: impl Future) {
        let (tasks, stopping, accepting) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        // A task of its own, so that connections are accepted where they are served: a `main` that waits here is another
        // thread, and every connection would have to be handed over.
        let accept = self.clone().accept(listener, service, tasks.clone(), stopping.clone());
        let accept = tokio::spawn(accepting.clone().run_until_cancelled_owned(accept));
        let _also_when_dropped = accepting.clone().drop_guard();
        shutdown.await;
        accepting.cancel();
        let _ = accept.await;
        stopping.cancel();
        tasks.close();
        if tokio::time::timeout(self.grace, tasks.wait()).await.is_err() {
            tracing::warn!(connections = tasks.len(), "some requests outlived the grace of the shutdown");
        }
    }

    async fn accept(
        self,
        listener: TcpListener,
        service: impl HttpService,
        tasks: TaskTracker,
        stopping: CancellationToken,
    ) {
        let mut resting = false;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    if resting {
                        tracing::info!("connections are accepted again");
                        resting = false;
                    }
                    tasks.spawn(self.clone().connection(stream, peer, service.clone(), stopping.clone()));
                }
                Err(error) if is_of_the_peer(&error) => {}
                Err(error) => {
                    if !resting {
                        tracing::warn!(%error, "no connections are accepted for the moment");
                        resting = true;
                    }
                    sleep(BACK_OFF).await;
                }
            }
        }
    }

    async fn connection(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        service: impl HttpService,
        stopping: CancellationToken,
    ) {
        // Small packets are the business of this server; without it they would wait for each other.
        let _ = stream.set_nodelay(true);
        let line = Arc::<Line>::default();
        let requests = Arc::clone(&line);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddr(peer));
            request.extensions_mut().insert(requests.exchange());
            let mut service = service.clone();
            async move {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_headers(self.max_headers)
            .max_buf_size(BUFFER);
        let stream = HttpStream { tcp: Some(stream), line, limit: self.stall_timeout, deadline: None };
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP connection ended with an error");
        }
    }
}

/// Serves HTTP/1.1 with upgrades on a listener until `shutdown` is ready, with the limits of [`Server::default`].
pub async fn serve(listener: TcpListener, service: impl HttpService, shutdown: impl Future) {
    Server::default().run(listener, service, shutdown).await;
}

/// A TCP stream that fails when the peer takes nothing for too long, which HTTP itself sets no limit to, or when the session
/// whose packets it carries has ended.
pub(crate) struct HttpStream {
    /// Until it is handed over.
    tcp: Option<TcpStream>,
    line: Arc<Line>,
    limit: Duration,
    /// Runs while the peer takes nothing.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl HttpStream {
    pub(crate) fn into_tcp(mut self) -> TcpStream {
        self.tcp.take().expect("it is handed over once")
    }

    fn tcp(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.tcp.as_mut().expect("nobody writes to it after it was handed over"))
    }

    fn write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if self.line.expects_more() {
            return poll_send_more(&self.tcp(), cx, slices);
        }
        self.tcp().poll_write_vectored(cx, slices)
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        if !self.line.poll_cut(cx) {
            ready!(deadline.as_mut().poll(cx));
        }
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

/// What the peer has not taken of an answer that is given up, the kernel would keep for it, and the connection with it.
impl Drop for HttpStream {
    fn drop(&mut self) {
        let given_up = self.deadline.is_some() || self.line.is_broken();
        if let Some(tcp) = self.tcp.as_ref().filter(|_| given_up) {
            let _ = tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for HttpStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_read(cx, buffer)
    }
}

impl AsyncWrite for HttpStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.write(cx, &[IoSlice::new(bytes)]);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.write(cx, slices);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_shutdown(cx)
    }
}

/// Writes what the kernel keeps until more is written, or for a fifth of a second: two packets that go to a peer one after
/// the other cost both sides nearly twice as much as one.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn poll_send_more(tcp: &TcpStream, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
    use tokio::io::Interest;

    let flags = SendFlags::NOSIGNAL | SendFlags::MORE;
    loop {
        ready!(tcp.poll_write_ready(cx))?;
        let send = || Ok(sendmsg(tcp, slices, &mut SendAncillaryBuffer::default(), flags)?);
        match tcp.try_io(Interest::WRITABLE, send) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            outcome => return Poll::Ready(outcome),
        }
    }
}

/// The peer gave up between connecting and being accepted.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}
