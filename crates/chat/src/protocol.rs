//! The protocol as TypeScript: what `examples/protocol.rs` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ts_rs::{Config, TS, TypeVisitor};

use crate::account::{ChangePassword, LogIn, OwnUser, SignUp};
use crate::error::{Code, Error};
use crate::server::Meta;
use crate::session::SessionList;
use crate::{channel, message, text, user, wire};

/// Collects declarations, and writes them in a fixed order.
pub struct Book {
    config: Config,
    seen: BTreeSet<String>,
    types: BTreeMap<String, (Option<String>, String)>,
    commands: Vec<(&'static str, String, String)>,
    events: Vec<(&'static str, String)>,
}

impl TypeVisitor for Book {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // By name with arguments: each `Page<…>` leads to another type.
        if !self.seen.insert(T::name(&self.config)) {
            return;
        }
        // Types that TypeScript has itself have no file of their own, and may hold ones that do.
        if T::output_path().is_some() {
            self.types.insert(T::ident(&self.config), (T::docs(), T::decl(&self.config)));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl Book {
    fn name<T: TS + 'static>(&mut self) -> String {
        self.visit::<T>();
        T::name(&self.config)
    }

    pub(crate) fn command<P: TS + 'static, R: TS + 'static>(&mut self, name: &'static str) {
        let (payload, reply) = (self.name::<P>(), self.name::<R>());
        self.commands.push((name, payload, reply));
    }

    pub(crate) fn event<T: TS + 'static>(&mut self, name: &'static str) {
        let data = self.name::<T>();
        self.events.push((name, data));
    }
}

/// The whole protocol as one TypeScript module.
pub fn typescript() -> String {
    let mut book = Book {
        // Every 64-bit number of ours is far below 2^53: a count, a time in milliseconds.
        config: Config::new().with_large_int("number"),
        seen: BTreeSet::new(),
        types: BTreeMap::new(),
        commands: Vec::new(),
        events: Vec::new(),
    };
    crate::command::describe(&mut book);
    crate::event::describe(&mut book);
    book.visit::<SignUp>();
    book.visit::<LogIn>();
    book.visit::<OwnUser>();
    book.visit::<ChangePassword>();
    book.visit::<SessionList>();
    book.visit::<Meta>();
    book.visit::<Error>();
    book.write().expect("a String takes everything")
}

impl Book {
    fn write(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::from("// Generated from the Rust types by `cargo xtask gen`. Do not edit.\n");
        for (docs, declaration) in self.types.values() {
            out.push('\n');
            out.push_str(&tidy(docs.as_deref().unwrap_or_default()));
            writeln!(out, "export {}", tidy(declaration))?;
        }

        out.push_str("\n/** Every command: what it takes, and what its answer holds beside `status: \"OK\"`. */\n");
        out.push_str("export interface Commands {\n");
        for (name, payload, reply) in &self.commands {
            writeln!(out, "  \"{name}\": {{ payload: {payload}; reply: {reply} }};")?;
        }
        out.push_str("}\n\nexport type CommandName = keyof Commands;\n");
        out.push_str("\n/** A refusal: `UNAVAILABLE` and `INTERNAL` leave the outcome unknown, with every other code nothing changed. */\n");
        out.push_str("export type ErrorAnswer = { status: \"ERROR\" } & ErrorBody;\n");
        out.push_str("\n/** The one answer that a command gets. */\n");
        out.push_str("export type Answer<C extends CommandName> = ({ status: \"OK\" } & Commands[C][\"reply\"]) | ErrorAnswer;\n");

        out.push_str("\n/** Every event: its name and its one argument. */\nexport type ServerEvent =");
        for (name, data) in &self.events {
            write!(out, "\n  | {{ name: \"{name}\"; data: {data} }}")?;
        }
        out.push_str(";\n\nexport type EventName = ServerEvent[\"name\"];\n\n/** Every event's name. */\n");
        let names: Vec<_> = self.events.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        writeln!(out, "export const EVENT_NAMES = [{}] as const satisfies readonly EventName[];", names.join(", "))?;

        out.push_str("\n/** Every code of a refusal. */\n");
        let codes: Vec<_> = Code::ALL.iter().map(|code| serde_json::to_string(code).unwrap_or_default()).collect();
        writeln!(out, "export const CODES = [{}] as const satisfies readonly Code[];", codes.join(", "))?;

        out.push_str(
            "\n/** Bounds that the server keeps. Lengths count Unicode scalar values. */\nexport const LIMITS = {\n",
        );
        for (name, (least, most)) in [
            ("username", text::USERNAME_LENGTH),
            ("channelName", text::CHANNEL_NAME_LENGTH),
            ("displayName", text::DISPLAY_NAME_LENGTH),
            ("topic", (0, text::TOPIC_MAX)),
            ("password", text::PASSWORD_LENGTH),
            ("content", text::CONTENT_LENGTH),
            ("search", (0, text::SEARCH_MAX)),
            ("clientId", (1, text::CLIENT_ID_MAX)),
            ("page", (1, wire::PAGE_MAX as usize)),
            ("users", (1, user::USERS_MAX)),
            ("reach", (1, channel::REACH_MAX)),
            ("add", (1, channel::ADD_MAX)),
            ("syncChannels", (0, message::SYNC_CHANNELS_MAX)),
        ] {
            writeln!(out, "  {name}: {{ min: {least}, max: {most} }},")?;
        }
        out.push_str("} as const;\n");
        Ok(out)
    }
}

/// Without spaces at line ends, and without Rust's links in comments.
fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(str::trim_end).collect();
    lines.join("\n").replace("[`", "`").replace("`]", "`")
}
