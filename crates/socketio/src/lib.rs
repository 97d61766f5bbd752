//! Socket.IO 5 server: namespaces, rooms, acks, middleware, on the engineio crate.
