//! How many sockets an address may hold: of those who have not said yet who they are, and of all others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::config::CountLimits;

/// Everybody's places. An address is what limits count by, [`limit_key`](crate::http::client::limit_key).
pub(crate) struct Places {
    anonymous: Arc<Kind>,
    signed_in: Arc<Kind>,
}

struct Kind {
    most: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A socket's place, which is given back when the last clone goes.
#[derive(Clone)]
pub(crate) struct Place(Arc<Mutex<Held>>);

struct Held {
    kind: Arc<Kind>,
    address: IpAddr,
}

impl Places {
    pub(crate) fn new(limits: &CountLimits) -> Self {
        Self {
            anonymous: Kind::with(limits.address_strangers as usize),
            signed_in: Kind::with(limits.address_sockets as usize),
        }
    }

    /// A place for a socket that has not said yet who it is. None if the address holds too many.
    pub(crate) fn anonymous(&self, address: IpAddr) -> Option<Place> {
        Kind::take(&self.anonymous, address).map(Place::new)
    }

    /// A place for a socket of somebody. None if the address holds too many.
    pub(crate) fn signed_in(&self, address: IpAddr) -> Option<Place> {
        Kind::take(&self.signed_in, address).map(Place::new)
    }

    /// A socket has said who it is: it gives up its place for one of the others. False if the address holds too many.
    pub(crate) fn sign_in(&self, place: &Place) -> bool {
        let mut held = place.0.lock();
        if Arc::ptr_eq(&held.kind, &self.signed_in) {
            return true;
        }
        let Some(new) = Kind::take(&self.signed_in, held.address) else { return false };
        *held = new;
        true
    }
}

impl Kind {
    fn with(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    fn take(kind: &Arc<Self>, address: IpAddr) -> Option<Held> {
        let mut taken = kind.taken.lock();
        let count = taken.entry(address).or_default();
        if *count == kind.most {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Held { kind: Arc::clone(kind), address })
    }
}

impl Place {
    fn new(held: Held) -> Self {
        Self(Arc::new(Mutex::new(held)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.kind.taken.lock();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANONYMOUS: usize = 50;

    fn places() -> Places {
        Places::new(&crate::config::LimitSettings::default().counts)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_back_what_it_gives_up() {
        let places = places();
        let mut held: Vec<_> = (0..ANONYMOUS).map_while(|_| places.anonymous(address(1))).collect();
        assert_eq!(held.len(), ANONYMOUS);
        assert!(places.anonymous(address(1)).is_none());
        assert!(places.anonymous(address(2)).is_some(), "another address");
        held.pop();
        assert!(places.anonymous(address(1)).is_some());
        drop(held);
        assert!(places.anonymous.taken.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn whoever_says_who_they_are_makes_room_for_the_next() {
        let places = places();
        let held: Vec<_> = (0..ANONYMOUS).map_while(|_| places.anonymous(address(1))).collect();
        assert!(places.sign_in(&held[0]) && places.sign_in(&held[0]), "the second time changes nothing");
        assert!(places.anonymous(address(1)).is_some());
        assert_eq!(places.signed_in.taken.lock()[&address(1)], 1);
        drop(held);
        assert!(places.signed_in.taken.lock().is_empty());
    }
}
