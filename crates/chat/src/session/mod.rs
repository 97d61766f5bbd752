//! Sessions: signed-in devices.

use crate::id::SessionId;
use crate::time::Time;
use crate::wire::wire;

wire! {
    /// A signed-in device, as `GET /api/sessions` lists it.
    pub struct SessionInfo {
        /// Identity; not the secret that the device holds.
        pub id: SessionId,
        /// When it signed in.
        pub created_at: Time,
        /// When it was last seen, to within a few minutes.
        pub last_used_at: Time,
        /// From which address.
        pub address: String,
        /// What it said it is (`User-Agent`).
        pub agent: String,
        /// Whether it is the one that asks.
        pub current: bool,
    }
}
