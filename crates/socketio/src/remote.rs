//! A socket as other servers see it.

use std::fmt;
use std::sync::Arc;

use engineio::Handshake;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::args::EmitArgs;
use crate::broadcast::Broadcast;
use crate::error::EncodeError;
use crate::id::SocketId;
use crate::namespace::Inner as Namespace;
use crate::rooms::Target;
use crate::socket::Socket;

/// A socket found by [`Broadcast::fetch_sockets`], which may be connected to another server.
///
/// ```
/// # async fn run(io: socketio::Server) -> Result<(), Box<dyn std::error::Error>> {
/// for socket in io.of("/").to("red").fetch_sockets().await {
///     let name: Option<String> = socket.data();
///     println!("{} from {:?} is {name:?}", socket.id(), socket.handshake().peer());
///     socket.emit("seen", ())?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RemoteSocket {
    namespace: Arc<Namespace>,
    id: SocketId,
    rooms: Vec<Arc<str>>,
    about: About,
}

#[derive(Clone)]
enum About {
    Here(Socket),
    Elsewhere(Arc<Elsewhere>),
}

/// What another server says of its socket.
pub(crate) struct Elsewhere {
    pub(crate) handshake: Handshake,
    pub(crate) auth: Option<Box<RawValue>>,
    pub(crate) data: Option<Box<RawValue>>,
}

impl RemoteSocket {
    pub(crate) fn here(socket: Socket) -> RemoteSocket {
        RemoteSocket {
            namespace: Arc::clone(socket.namespace_inner()),
            id: *socket.id(),
            rooms: socket.rooms(),
            about: About::Here(socket),
        }
    }

    pub(crate) fn elsewhere(
        namespace: Arc<Namespace>,
        id: SocketId,
        rooms: Vec<Arc<str>>,
        about: Elsewhere,
    ) -> RemoteSocket {
        RemoteSocket { namespace, id, rooms, about: About::Elsewhere(Arc::new(about)) }
    }

    /// Its public id.
    pub fn id(&self) -> &SocketId {
        &self.id
    }

    /// The rooms that it was in when it was found, the one of its own id first.
    pub fn rooms(&self) -> &[Arc<str>] {
        &self.rooms
    }

    /// The HTTP request that opened its connection. On a socket of another server without extensions, which are values of
    /// that process.
    pub fn handshake(&self) -> &Handshake {
        match &self.about {
            About::Here(socket) => socket.handshake(),
            About::Elsewhere(about) => &about.handshake,
        }
    }

    /// The `auth` payload that came with its CONNECT. See [`Socket::auth`].
    ///
    /// # Errors
    /// The payload does not fit the type.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match &self.about {
            About::Here(socket) => socket.auth(),
            About::Elsewhere(about) => serde_json::from_str(about.auth.as_deref().map_or("{}", RawValue::get)),
        }
    }

    /// What was attached to it with [`Socket::share_data`], by way of JSON wherever it is connected: on this server as it
    /// is now, on another as it was when it was found. None if there is nothing, or not of this type.
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        let here;
        let json = match &self.about {
            About::Here(socket) => {
                here = socket.shared_data();
                here.as_deref()
            }
            About::Elsewhere(about) => about.data.as_deref(),
        };
        serde_json::from_str(json?.get()).ok()
    }

    /// Makes it join a room.
    pub fn join(&self, room: impl AsRef<str>) {
        self.alone().sockets_join(room);
    }

    /// Makes it leave a room.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.alone().sockets_leave(room);
    }

    /// Emits to it alone.
    ///
    /// # Errors
    /// [`EncodeError`] if the arguments do not serialise.
    pub fn emit(&self, event: &str, args: impl EmitArgs) -> Result<(), EncodeError> {
        self.alone().emit(event, args)
    }

    /// Disconnects it. See [`Socket::disconnect`].
    pub fn disconnect(&self, close: bool) {
        self.alone().disconnect_sockets(close);
    }

    /// Kicks it. See [`Socket::kick`].
    pub fn kick(&self) {
        self.alone().kick_sockets();
    }

    fn alone(&self) -> Broadcast<'_> {
        Broadcast::new(&self.namespace, Target::default()).to(&self.id)
    }
}

impl fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket").field("id", &self.id).field("rooms", &self.rooms).finish_non_exhaustive()
    }
}
