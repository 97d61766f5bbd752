//! All that the protocol consists of, collected from the types.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use ts_rs::{Config, TS, TypeVisitor};

use super::example::Example;
use crate::command::decode_json;
use crate::error::Error;

/// Collects declarations, and keeps them in a fixed order.
pub struct Book {
    config: Config,
    seen: BTreeSet<String>,
    pub(super) types: BTreeMap<String, Declared>,
    pub(super) commands: Vec<CommandEntry>,
    pub(super) events: Vec<EventEntry>,
    pub(super) routes: Vec<RouteEntry>,
}

/// A type: its docs and its declaration, both as TypeScript.
pub(super) struct Declared {
    pub(super) docs: Option<String>,
    pub(super) declaration: String,
}

/// A command: the names of what it takes and answers, and an example of each.
pub(super) struct CommandEntry {
    pub(super) name: &'static str,
    pub(super) payload: String,
    pub(super) reply: String,
    pub(super) asked: String,
    pub(super) answered: String,
}

/// An event: the name of its argument's type, and an example of it.
pub(super) struct EventEntry {
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    pub(super) data: String,
    pub(super) told: String,
}

/// A route, and an example of what it takes and answers.
pub(super) struct RouteEntry {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) says: &'static str,
    /// Statuses beside the one of success, each with when.
    pub(super) refusals: &'static str,
    pub(super) body: Option<(String, String)>,
    /// Of success.
    pub(super) status: u16,
    pub(super) answer: Option<(String, String)>,
}

impl TypeVisitor for Book {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // By name with arguments: each `Page<…>` leads to another type.
        if !self.seen.insert(T::name(&self.config)) {
            return;
        }
        // Types that TypeScript has itself have no file of their own, and may hold ones that do.
        if T::output_path().is_some() {
            let declared = Declared { docs: T::docs(), declaration: T::decl(&self.config) };
            self.types.insert(T::ident(&self.config), declared);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl Book {
    pub(super) fn new() -> Self {
        Self {
            // Every 64-bit number of ours is far below 2^53: a count, a time in milliseconds.
            config: Config::new().with_large_int("number"),
            seen: BTreeSet::new(),
            types: BTreeMap::new(),
            commands: Vec::new(),
            events: Vec::new(),
            routes: Vec::new(),
        }
    }

    pub(super) fn name<T: TS + 'static>(&mut self) -> String {
        self.visit::<T>();
        T::name(&self.config)
    }

    pub(crate) fn command<P, R>(&mut self, name: &'static str)
    where
        P: DeserializeOwned + TS + Example + 'static,
        R: TS + Example + 'static,
    {
        let (payload, reply) = (self.name::<P>(), self.name::<R>());
        let (asked, answered) = (taken::<P>(), R::example());
        self.commands.push(CommandEntry { name, payload, reply, asked, answered });
    }

    pub(crate) fn event<T: TS + Example + 'static>(&mut self, name: &'static str, says: &'static str) {
        let (data, told) = (self.name::<T>(), T::example());
        self.events.push(EventEntry { name, says, data, told });
    }
}

/// The example of something that is taken, which must be taken.
pub(super) fn taken<T: DeserializeOwned + Example>() -> String {
    let example = T::example();
    let taken: Result<T, Error> = decode_json(&example);
    assert!(taken.is_ok(), "{}: the example {example} does not fit", std::any::type_name::<T>());
    example
}
