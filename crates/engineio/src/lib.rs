//! Engine.IO 4 server: sessions, long-polling, WebSocket, upgrade, heartbeat, back-pressure.
