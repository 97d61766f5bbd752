//! The line between clients and the server: a TCP proxy that does to connections what networks do.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::draw::Draw;

/// Most that is carried in one piece.
const PIECE: usize = 16 * 1024;
/// Between two pieces of a byte.
const DRIP: Duration = Duration::from_micros(200);

/// What befalls a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// Nothing: bytes pass.
    Open,
    /// Bytes pass one by one.
    Slices,
    /// Bytes wait.
    Stalled,
    /// Bytes vanish, and nobody is told: the far end is gone.
    HalfOpen,
    /// It ends inside what is being sent.
    Cut,
    /// It ends at once, with a reset.
    Reset,
}

impl Line {
    /// Whether everything that was sent can still arrive.
    fn can_be_mended(self) -> bool {
        matches!(self, Self::Open | Self::Slices | Self::Stalled)
    }
}

/// The proxy.
pub struct Proxy {
    address: SocketAddr,
    lines: Arc<Mutex<Vec<watch::Sender<Line>>>>,
}

impl Proxy {
    /// Lays lines to the server at this address, for as long as the runtime lives.
    pub async fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let lines: Arc<Mutex<Vec<watch::Sender<Line>>>> = Arc::default();
        let all = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (line, is) = watch::channel(Line::Open);
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.retain(|line| !line.is_closed());
                all.push(line);
                tokio::spawn(carry(near, server, is));
            }
        });
        Ok(Self { address, lines })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// One in so many connections, by chance, is in this state from now on; but one that has lost something stays dead.
    pub fn set(&self, draw: &mut Draw, one_in: usize, state: Line) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines.iter().filter(|line| !line.is_closed()) {
            if draw.once_in(one_in) {
                line.send_if_modified(|is| {
                    let lives = is.can_be_mended();
                    if lives {
                        *is = state;
                    }
                    lives
                });
            }
        }
    }

    /// Every connection that can be mended is.
    pub fn mend(&self) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines.iter() {
            line.send_if_modified(|is| {
                let mended = is.can_be_mended() && *is != Line::Open;
                if mended {
                    *is = Line::Open;
                }
                mended
            });
        }
    }
}

async fn carry(mut near: TcpStream, server: SocketAddr, line: watch::Receiver<Line>) {
    let Ok(mut far) = TcpStream::connect(server).await else { return };
    // Whoever does not want small packets delayed says so.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ended = {
        let ((from_near, to_near), (from_far, to_far)) = (near.split(), far.split());
        tokio::select! {
            ended = pass(from_near, to_far, line.clone()) => ended,
            ended = pass(from_far, to_near, line) => ended,
        }
    };
    if ended == Line::Reset {
        // Both sides learn of it as of a crash.
        let _ = (near.set_zero_linger(), far.set_zero_linger());
    }
}

/// Carries bytes one way until the end; returns how it ended.
async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut line: watch::Receiver<Line>) -> Line {
    let mut piece = vec![0; PIECE];
    loop {
        let state = *line.borrow_and_update();
        if state == Line::Reset {
            return state;
        }
        let read = tokio::select! {
            changed = line.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Line::Cut,
            },
            read = from.read(&mut piece), if state != Line::Stalled => read.unwrap_or(0),
        };
        if read == 0 {
            return Line::Cut;
        }
        let sent = match state {
            Line::Open => to.write_all(&piece[..read]).await,
            Line::Slices => drip(&mut to, &piece[..read], &line).await,
            Line::HalfOpen => Ok(()),
            Line::Cut => {
                // A frame begins, and never ends.
                let _ = to.write_all(&piece[..read / 2]).await;
                return state;
            }
            Line::Stalled | Line::Reset => return state,
        };
        if sent.is_err() {
            return Line::Cut;
        }
    }
}

/// Sends byte by byte for as long as the line is so.
async fn drip(to: &mut WriteHalf<'_>, bytes: &[u8], line: &watch::Receiver<Line>) -> io::Result<()> {
    for (at, byte) in bytes.iter().enumerate() {
        if *line.borrow() != Line::Slices {
            return to.write_all(&bytes[at..]).await;
        }
        to.write_all(&[*byte]).await?;
        tokio::time::sleep(DRIP).await;
    }
    Ok(())
}
