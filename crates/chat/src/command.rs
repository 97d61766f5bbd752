//! Commands.

/// Notes every command.
#[cfg(feature = "gen")]
pub(crate) fn describe(book: &mut crate::protocol::Book) {
    use crate::channel::{Channel, CreateChannel, JoinChannel, LeaveChannel, ListChannels, ReachUsers, SearchChannels};
    use crate::message::{History, ListMessages, SendMessage, Sent, SetTyping, SyncMessages, Synced};
    use crate::user::{GetUser, SearchUsers, User, Users};
    use crate::wire::{Data, Empty, Page};

    book.command::<CreateChannel, Data<Channel>>("channel:create");
    book.command::<JoinChannel, Data<Channel>>("channel:join");
    book.command::<LeaveChannel, Empty>("channel:leave");
    book.command::<ListChannels, Page<Channel>>("channel:list");
    book.command::<SearchChannels, Page<Channel>>("channel:search");
    book.command::<GetUser, Data<Users>>("user:get");
    book.command::<SearchUsers, Page<User>>("user:search");
    book.command::<ReachUsers, Data<Channel>>("user:reach");
    book.command::<SendMessage, Data<Sent>>("message:send");
    book.command::<ListMessages, History>("message:list");
    book.command::<crate::read::AckMessage, Empty>("message:ack");
    book.command::<SetTyping, Empty>("message:typing");
    book.command::<SyncMessages, Data<Synced>>("message:sync");
}
