//! `channel:create`

use crate::channel::ChannelType;
use crate::text::{ChannelName, Topic};
use crate::wire::payload;

payload! {
    /// Make a channel and become its owner.
    pub struct CreateChannel {
        /// Its name: no public channel may have one that is or looks the same.
        pub name: ChannelName,
        /// Who may find and join it; public if absent.
        pub r#type: Option<ChannelType>,
        /// What it is about.
        pub topic: Option<Topic>,
    }
}
