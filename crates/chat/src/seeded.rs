//! Faults that somebody could make one day, put in on purpose: `cargo xtask chaos --mutants` shows that the checker of
//! crates/chaos finds each. Only a build with the feature `seeded-faults` has them, and a release build refuses that.

#[cfg(all(feature = "seeded-faults", not(debug_assertions)))]
compile_error!("the feature seeded-faults breaks what the server promises: it is not for release builds");

/// A broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// A command is answered, and the next one makes its commit.
    AckBeforeCommit,
    /// A `clientId` that comes again is stored again.
    NoUniqueKey,
    /// `message:sync` leaves out a message.
    SyncGap,
    /// A read mark goes back when somebody says so.
    ReadMarkOverwritten,
    /// The sockets of a session that has ended live on for a while.
    LateRevocation,
    /// Session and memberships of a socket are read before effects reach it.
    MembershipBeforeRegistering,
}

impl Seeded {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("ack-before-commit", Self::AckBeforeCommit),
        ("no-unique-key", Self::NoUniqueKey),
        ("sync-gap", Self::SyncGap),
        ("read-mark-overwritten", Self::ReadMarkOverwritten),
        ("late-revocation", Self::LateRevocation),
        ("membership-before-registering", Self::MembershipBeforeRegistering),
    ];

    /// Whether this server has the fault.
    #[cfg(feature = "seeded-faults")]
    pub fn is_sown(self) -> bool {
        SOWN.get() == Some(&self)
    }

    /// A server as it should be has none.
    #[cfg(not(feature = "seeded-faults"))]
    pub const fn is_sown(self) -> bool {
        false
    }
}

#[cfg(feature = "seeded-faults")]
static SOWN: std::sync::OnceLock<Seeded> = std::sync::OnceLock::new();

/// Gives this server the fault of that name; false where there is none of it.
#[cfg(feature = "seeded-faults")]
pub fn sow(name: &str) -> bool {
    Seeded::ALL.iter().find(|(known, _)| *known == name).is_some_and(|(_, seeded)| SOWN.set(*seeded).is_ok())
}
