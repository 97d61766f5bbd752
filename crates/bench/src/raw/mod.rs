//! The yardstick: the least that any server could do for this load. One thread, one epoll; canned answers; a broadcast is
//! one frame that every queue refers to; what piles up for a socket goes out in one write. It checks nothing, bounds
//! nothing, and knows no heartbeat: it is no server to put on a network.

mod socket;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use self::socket::{Said, Socket};

const LISTENER: Token = Token(usize::MAX);
const EVENTS: usize = 1024;
/// So much is read at a time, and written at most.
const BUFFER: usize = 64 * 1024;
/// How often the flag that ends the server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Serves until `stop` is set.
///
/// # Errors
/// The system gives no epoll.
pub fn serve(mut listener: TcpListener, stop: &AtomicBool) -> io::Result<()> {
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut server = Server {
        poll,
        listener,
        sockets: Vec::new(),
        free: Vec::new(),
        dirty: Vec::new(),
        read: vec![0; BUFFER],
        scratch: Vec::with_capacity(BUFFER),
    };
    let mut events = Events::with_capacity(EVENTS);
    while !stop.load(Relaxed) {
        match server.poll.poll(&mut events, Some(LOOK_EVERY)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            match event.token() {
                LISTENER => server.accept(),
                Token(index) => {
                    if event.is_writable() {
                        server.mark(index);
                    }
                    if event.is_readable() {
                        server.read(index);
                    }
                }
            }
        }
        server.flush();
    }
    Ok(())
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    sockets: Vec<Option<Socket>>,
    free: Vec<usize>,
    /// The sockets that have something to say.
    dirty: Vec<usize>,
    read: Vec<u8>,
    scratch: Vec<u8>,
}

impl Server {
    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let index = self.free.pop().unwrap_or_else(|| {
                self.sockets.push(None);
                self.sockets.len() - 1
            });
            match self.watch(stream, index) {
                Ok(socket) => self.sockets[index] = Some(socket),
                Err(_) => self.free.push(index),
            }
        }
    }

    fn watch(&self, mut stream: TcpStream, index: usize) -> io::Result<Socket> {
        stream.set_nodelay(true)?;
        self.poll.registry().register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Socket::new(stream))
    }

    fn read(&mut self, index: usize) {
        loop {
            let Some(socket) = &mut self.sockets[index] else { return };
            let read = match socket.read(&mut self.read) {
                Ok(read) if read > 0 => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => return self.drop_socket(index),
            };
            let mut said = Vec::new();
            if socket.take(&mut self.read[..read], &mut said).is_err() {
                return self.drop_socket(index);
            }
            for said in said {
                match said {
                    Said::ToSelf(frame) => self.queue(index, frame),
                    Said::ToAll(frame) => self.broadcast(&frame),
                }
            }
            if read < self.read.len() {
                return;
            }
        }
    }

    fn queue(&mut self, index: usize, frame: Arc<[u8]>) {
        if let Some(socket) = &mut self.sockets[index]
            && socket.queue(frame)
        {
            self.dirty.push(index);
        }
    }

    fn broadcast(&mut self, frame: &Arc<[u8]>) {
        for (index, socket) in self.sockets.iter_mut().enumerate() {
            let Some(socket) = socket.as_mut().filter(|socket| socket.is_joined()) else { continue };
            if socket.queue(Arc::clone(frame)) {
                self.dirty.push(index);
            }
        }
    }

    /// The socket may write again, if it has something to say.
    fn mark(&mut self, index: usize) {
        if self.sockets[index].as_mut().is_some_and(Socket::wants_to_write) {
            self.dirty.push(index);
        }
    }

    fn flush(&mut self) {
        let mut round = std::mem::take(&mut self.dirty);
        for index in round.drain(..) {
            let Some(socket) = &mut self.sockets[index] else { continue };
            if socket.flush(&mut self.scratch).is_err() {
                self.drop_socket(index);
            }
        }
        // Nobody became dirty meanwhile: the memory serves the next round.
        self.dirty = round;
    }

    fn drop_socket(&mut self, index: usize) {
        self.sockets[index] = None;
        self.free.push(index);
    }
}
