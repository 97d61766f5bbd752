//! What a client is told of the namespaces that the server has put it out of.

use engineio::Frame;

/// The farewells of one connection, as long as they may not have left.
#[derive(Default)]
pub(crate) struct Farewells(Vec<Farewell>);

struct Farewell {
    namespace: Box<str>,
    frame: Frame,
    /// It is in the engine's queue, or was.
    said: bool,
}

impl Farewells {
    /// So many are kept at most, the latest.
    const MAX: usize = 64;

    /// Notes one that is still to be said.
    pub(crate) fn owe(&mut self, namespace: &str, frame: Frame) {
        if self.0.len() == Self::MAX {
            self.0.remove(0);
        }
        self.0.push(Farewell { namespace: namespace.into(), frame, said: false });
    }

    /// Takes those that are still to be said, to be said now.
    pub(crate) fn say(&mut self) -> Vec<Frame> {
        let unsaid = self.0.iter_mut().filter(|farewell| !farewell.said);
        unsaid
            .map(|farewell| {
                farewell.said = true;
                farewell.frame.clone()
            })
            .collect()
    }

    /// Takes all, to be said, or said again in place of what is queued.
    pub(crate) fn take(&mut self) -> Vec<Frame> {
        self.0.drain(..).map(|farewell| farewell.frame).collect()
    }

    /// What was said has left.
    pub(crate) fn left(&mut self) {
        self.0.retain(|farewell| !farewell.said);
    }

    /// The client, which knows of it, comes back to a namespace.
    pub(crate) fn forget(&mut self, namespace: &str) {
        self.0.retain(|farewell| !farewell.said || *farewell.namespace != *namespace);
    }
}
