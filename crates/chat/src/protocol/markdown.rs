//! The protocol as a document for people.

use std::fmt::Write;

use serde_json::value::RawValue;

use super::book::{Book, Declared, RouteEntry};
use super::typescript::{LIMITS, tidy};
use crate::command::{LimitClass, Request};
use crate::{channel, message, user, wire};

/// The text around what is made from the types; each mark stands for one part of that.
const GUIDE: &str = include_str!("guide.md");

/// Constants that docs name, and what they are.
const NUMBERS: [(&str, usize); 5] = [
    ("`REACH_MAX`", channel::REACH_MAX),
    ("`ADD_MAX`", channel::ADD_MAX),
    ("`USERS_MAX`", user::USERS_MAX),
    ("`PAGE_MAX`", wire::PAGE_MAX as usize),
    ("`SYNC_CHANNELS_MAX`", message::SYNC_CHANNELS_MAX),
];

type Written = Result<(), std::fmt::Error>;

/// The whole protocol as one document.
pub fn markdown() -> String {
    let book = super::whole();
    let mut text = GUIDE.to_owned();
    type Part = fn(&Book, &mut String) -> Written;
    for (mark, part) in [
        ("<!-- commands -->", Book::write_commands as Part),
        ("<!-- events -->", Book::write_events),
        ("<!-- routes -->", Book::write_routes),
        ("<!-- types -->", Book::write_types),
        ("<!-- limits -->", Book::write_limits),
    ] {
        let mut made = String::new();
        part(&book, &mut made).expect("a String takes everything");
        assert!(text.contains(mark), "the guide has a place for {mark}");
        text = text.replace(mark, made.trim_end());
    }
    text
}

impl Book {
    fn write_commands(&self, out: &mut String) -> Written {
        for (title, prefix) in [("Channels", "channel:"), ("People", "user:"), ("Messages", "message:")] {
            writeln!(out, "### {title}\n")?;
            for command in self.commands.iter().filter(|command| command.name.starts_with(prefix)) {
                writeln!(out, "#### `{}`\n", command.name)?;
                let payload = &self.types[&command.payload];
                writeln!(
                    out,
                    "{} Counts as {}.\n",
                    prose(payload.docs.as_deref()),
                    budget(command.name, &command.asked)
                )?;
                self.write_fields(out, payload)?;
                let asked = one_line(&command.asked);
                writeln!(out, "```js\nawait socket.emitWithAck('{}', {asked});", command.name)?;
                let answer = command.answered.replacen('{', r#"{"status":"OK","#, 1).replace(",}", "}");
                writeln!(out, "// {}\n```\n\nAnswers {}.\n", one_line(&answer), self.linked(&command.reply))?;
            }
        }
        Ok(())
    }

    fn write_events(&self, out: &mut String) -> Written {
        for event in &self.events {
            writeln!(out, "#### `{}`\n\n{} Carries {}.\n", event.name, event.says.trim(), self.linked(&event.data))?;
            writeln!(out, "```json\n{}\n```\n", one_line(&event.told))?;
        }
        Ok(())
    }

    fn write_routes(&self, out: &mut String) -> Written {
        for RouteEntry { method, path, says, refusals, body, status, answer } in &self.routes {
            writeln!(out, "#### `{method} {path}`\n\n{says}\n")?;
            if let Some((name, example)) = body {
                writeln!(out, "Takes {}:\n\n```json\n{}\n```\n", self.linked(name), one_line(example))?;
            }
            match answer {
                Some((name, example)) => {
                    let name = self.linked(name);
                    writeln!(out, "Answers {status} and {name}:\n\n```json\n{}\n```\n", one_line(example))?;
                }
                None => writeln!(out, "Answers {status}.\n")?,
            }
            if !refusals.is_empty() {
                writeln!(out, "Refuses with {refusals}\n")?;
            }
        }
        Ok(())
    }

    fn write_types(&self, out: &mut String) -> Written {
        for (name, declared) in &self.types {
            // What commands and routes take stands with them.
            if self.commands.iter().any(|command| command.payload == *name) {
                continue;
            }
            writeln!(out, "#### `{name}`\n\n{}\n", prose(declared.docs.as_deref()))?;
            self.write_fields(out, declared)?;
        }
        Ok(())
    }

    fn write_limits(&self, out: &mut String) -> Written {
        writeln!(out, "| what | least | most |\n| --- | --- | --- |")?;
        for (name, (least, most)) in LIMITS {
            writeln!(out, "| {name} | {least} | {most} |")?;
        }
        Ok(())
    }

    /// The fields of a declaration as a table, or what the type is made of.
    fn write_fields(&self, out: &mut String, declared: &Declared) -> Written {
        let declaration = tidy(&declared.declaration);
        let Some((_, made_of)) = declaration.split_once(" = ") else { return Ok(()) };
        let Some(fields) = made_of.strip_prefix('{').filter(|fields| fields.contains("/**")) else {
            let made_of = made_of.trim_end().trim_end_matches(';');
            // A type without fields says nothing more than its docs.
            return if made_of == "object" { Ok(()) } else { writeln!(out, "```ts\n{made_of}\n```\n") };
        };
        writeln!(out, "| field | type | |\n| --- | --- | --- |")?;
        for field in fields.split("/**").skip(1) {
            let Some((comment, declared)) = field.split_once("*/") else { continue };
            let declared = declared.trim().trim_end_matches("};").trim().trim_end_matches(',');
            let Some((name, kind)) = declared.split_once(": ") else { continue };
            let (name, optional) = match name.strip_suffix('?') {
                Some(name) => (name, ", may be absent"),
                None => (name, ""),
            };
            writeln!(out, "| `{name}` | {}{optional} | {} |", self.linked(kind), prose(Some(comment)))?;
        }
        writeln!(out)
    }

    /// A type's name, each name in it that is described below as a link.
    fn linked(&self, kind: &str) -> String {
        let mut out = String::new();
        for part in kind.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let name = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            if self.types.contains_key(name) {
                out.push_str(&format!("[{name}](#{})", name.to_lowercase()));
            } else {
                out.push_str(name);
            }
            for c in part[name.len()..].chars() {
                if matches!(c, '<' | '>' | '|' | '[' | ']' | '{') {
                    out.push('\\');
                }
                out.push(c);
            }
        }
        out
    }
}

/// Which budget of requests a command counts against.
fn budget(name: &str, payload: &str) -> &'static str {
    let payload = RawValue::from_string(payload.to_owned()).expect("examples are JSON");
    match Request::decode(name, Some(&payload)).expect("the example fits").limit() {
        LimitClass::Send => "a send",
        LimitClass::Read => "a read",
        LimitClass::Typing => "typing, an end of it as nothing",
        LimitClass::Mark => "nothing",
        LimitClass::Other => "another command",
    }
}

/// A comment as one paragraph, constants as their numbers.
fn prose(comment: Option<&str>) -> String {
    let comment = tidy(comment.unwrap_or_default());
    let lines = comment.lines().map(|line| line.trim().trim_start_matches("/**").trim_end_matches("*/"));
    let words: Vec<_> =
        lines.flat_map(|line| line.trim_start_matches(" *").trim_start_matches('*').split_whitespace()).collect();
    NUMBERS.iter().fold(words.join(" "), |text, (name, number)| text.replace(name, &number.to_string()))
}

/// JSON with room to read.
fn one_line(json: &str) -> String {
    let (mut out, mut in_text, mut is_escaped) = (String::new(), false, false);
    for c in json.chars() {
        match (in_text, c) {
            (true, '"') => in_text = is_escaped,
            (false, '"') => {
                in_text = true;
                if out.ends_with('{') {
                    out.push(' ');
                }
            }
            (false, '}') if !out.ends_with('{') => out.push(' '),
            _ => {}
        }
        is_escaped = in_text && c == '\\' && !is_escaped;
        out.push(c);
        if !in_text && matches!(c, ',' | ':') {
            out.push(' ');
        }
    }
    out
}
