//! File descriptors: each socket is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many this process may have at most.
pub(crate) fn most() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    limit.maximum.or(limit.current).unwrap_or(u64::MAX)
}

/// Takes as many as the system allows: what a shell starts with is meant for programs that open a few files. Returns how
/// many that are.
pub(crate) fn take_all() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let taken = if setrlimit(Resource::Nofile, all).is_ok() { limit.maximum } else { limit.current };
    taken.unwrap_or(u64::MAX)
}
