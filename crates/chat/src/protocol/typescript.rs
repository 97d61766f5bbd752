//! The protocol as one TypeScript module, for the web client.

use std::fmt::Write;

use super::book::{Book, CommandEntry, Declared, EventEntry};
use crate::error::Code;
use crate::{channel, message, server, text, user, wire};

/// Bounds that the server keeps, by the names under which clients know them: least and most.
pub(super) const LIMITS: [(&str, (usize, usize)); 15] = [
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
    ("members", (0, server::MEMBERS_MAX as usize)),
    ("foundChannels", (0, channel::FOUND_MAX as usize)),
];

/// The whole protocol as one TypeScript module.
pub fn typescript() -> String {
    super::whole().typescript().expect("a String takes everything")
}

impl Book {
    fn typescript(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::from("// Generated from the Rust types by `cargo xtask gen`. Do not edit.\n");
        for Declared { docs, declaration } in self.types.values() {
            out.push('\n');
            out.push_str(&tidy(docs.as_deref().unwrap_or_default()));
            writeln!(out, "export {}", tidy(declaration))?;
        }

        out.push_str("\n/** Every command: what it takes, and what its answer holds beside `status: \"OK\"`. */\n");
        out.push_str("export interface Commands {\n");
        for CommandEntry { name, payload, reply, .. } in &self.commands {
            writeln!(out, "  \"{name}\": {{ payload: {payload}; reply: {reply} }};")?;
        }
        out.push_str("}\n\nexport type CommandName = keyof Commands;\n");
        out.push_str("\n/** A refusal: `UNAVAILABLE` and `INTERNAL` leave the outcome unknown, with every other code nothing changed. */\n");
        out.push_str("export type ErrorAnswer = { status: \"ERROR\" } & ErrorBody;\n");
        out.push_str("\n/** The one answer that a command gets. */\n");
        out.push_str("export type Answer<C extends CommandName> = ({ status: \"OK\" } & Commands[C][\"reply\"]) | ErrorAnswer;\n");

        out.push_str("\n/** Every event: its name and its one argument. */\nexport type ServerEvent =");
        for EventEntry { name, data, .. } in &self.events {
            write!(out, "\n  | {{ name: \"{name}\"; data: {data} }}")?;
        }
        out.push_str(";\n\nexport type EventName = ServerEvent[\"name\"];\n\n/** Every event's name. */\n");
        let names: Vec<_> = self.events.iter().map(|event| format!("\"{}\"", event.name)).collect();
        writeln!(out, "export const EVENT_NAMES = [{}] as const satisfies readonly EventName[];", names.join(", "))?;

        out.push_str("\n/** Every code of a refusal. */\n");
        let codes: Vec<_> = Code::ALL.iter().map(|code| serde_json::to_string(code).unwrap_or_default()).collect();
        writeln!(out, "export const CODES = [{}] as const satisfies readonly Code[];", codes.join(", "))?;

        out.push_str(
            "\n/** Bounds that the server keeps. Lengths count Unicode scalar values. */\nexport const LIMITS = {\n",
        );
        for (name, (least, most)) in LIMITS {
            writeln!(out, "  {name}: {{ min: {least}, max: {most} }},")?;
        }
        out.push_str("} as const;\n");
        Ok(out)
    }
}

/// Without spaces at line ends, and without Rust's links in comments.
pub(super) fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(str::trim_end).collect();
    lines.join("\n").replace("[`", "`").replace("`]", "`")
}
