//! Promises of the document: whoever has read it knows every command and every event.

use super::{markdown, typescript};
use crate::error::Code;
use crate::{Event, Request};

/// What the document says of a command or an event.
fn section<'a>(part: &'a str, name: &str) -> &'a str {
    let (_, section) = part.split_once(&format!("\n#### `{name}`\n")).unwrap_or_else(|| panic!("{name} is missing"));
    section.split("\n#### ").next().unwrap_or_default()
}

#[test]
fn every_command_and_event_is_described_with_an_example() {
    let text = markdown();
    let (commands, events) = text.split_once("\n## Events\n").expect("events stand behind commands");
    for name in Request::NAMES {
        let section = section(commands, name);
        assert!(section.contains(&format!("emitWithAck('{name}', ")), "{name} has no example");
        assert!(section.contains(r#"// { "status": "OK""#), "{name} has no answer");
    }
    for name in Event::NAMES {
        let (_, example) =
            section(events, name).split_once("```json\n").unwrap_or_else(|| panic!("{name} has no example"));
        let example = example.split("\n```").next().unwrap();
        serde_json::from_str::<serde_json::Value>(example).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_code_is_explained() {
    let text = markdown();
    for code in Code::ALL {
        let code = serde_json::to_value(code).unwrap();
        assert!(text.contains(&format!("| `{}` |", code.as_str().unwrap())), "{code}");
    }
}

#[test]
fn every_type_that_is_named_is_described() {
    let (text, module) = (markdown(), typescript());
    let declared = module.lines().filter_map(|line| line.strip_prefix("export type ")?.split([' ', '<']).next());
    let own = ["CommandName", "ErrorAnswer", "Answer", "ServerEvent", "EventName"];
    for name in declared.filter(|name| !own.contains(name)) {
        let described = text.contains(&format!("\n#### `{name}`\n"));
        let is_payload = module.contains(&format!("payload: {name};"));
        assert!(described || is_payload, "{name} is not described");
    }
}

#[test]
fn nothing_of_the_source_is_left_in_it() {
    let text = markdown();
    for trace in ["_MAX", "crate::", "[`", "`]", "/**", "*/", "undefined", "<!-- "] {
        assert!(!text.contains(trace), "{trace}");
    }
}
