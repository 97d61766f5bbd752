//! Promises of decoding: every command gets one answer, and never for a fault of ours.

use serde_json::json;
use serde_json::value::RawValue;

use super::*;
use crate::error::Code;

fn decode_text(name: &str, payload: &str) -> Result<Request> {
    Request::decode(name, Some(&RawValue::from_string(payload.to_owned()).expect("JSON")))
}

#[test]
fn what_no_client_of_ours_sends_is_invalid() {
    let id = "0190a6c6-0000-7000-8000-000000000000";
    let deep = format!("{{\"channelId\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let surrogate = format!(r#"{{"channelId":"{id}","content":"\ud800"}}"#);
    let list = format!(r#"["{id}","a struct by position",null,null]"#);
    for name in Request::NAMES {
        for payload in ["null", "1", "-1", "\"x\"", "true", "[]", &list, r#"{"__proto__":{}}"#, &deep, &surrogate] {
            let refused = decode_text(name, payload).expect_err(name);
            assert_eq!(refused.code(), Code::Invalid, "{name} {}", &payload[..payload.len().min(60)]);
            assert!(refused.message().len() < 300, "{}", refused.message());
        }
    }
    for rev in ["-1", "9223372036854775808", "1e400", "1.5", "\"1\"", "null"] {
        let payload = format!(r#"{{"channels":{{"{id}":{rev}}}}}"#);
        assert!(
            RawValue::from_string(payload.clone()).is_err() || decode_text("message:sync", &payload).is_err(),
            "{rev}"
        );
    }
}

#[test]
fn an_unknown_command_is_invalid() {
    for name in ["", "message", "Message:send", "connect", "__proto__"] {
        assert_eq!(decode_text(name, "{}").unwrap_err().code(), Code::Invalid);
    }
}

#[test]
fn every_name_is_there_once_and_has_its_budget() {
    let mut names = Request::NAMES.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Request::NAMES.len());
    let id = "0190a6c6-0000-7000-8000-000000000000";
    for (name, payload, kind, limit) in [
        ("message:send", json!({ "channelId": id, "content": "x" }), Kind::Write, LimitClass::Send),
        ("message:ack", json!({ "channelId": id, "messageId": "1" }), Kind::Write, LimitClass::Mark),
        ("message:typing", json!({ "channelId": id, "isTyping": true }), Kind::Live, LimitClass::Typing),
        ("message:typing", json!({ "channelId": id, "isTyping": false }), Kind::Live, LimitClass::Mark),
        ("channel:join", json!({ "channelId": id }), Kind::Write, LimitClass::Other),
        ("channel:list", json!({}), Kind::Read, LimitClass::Read),
    ] {
        let request = decode_text(name, &payload.to_string()).unwrap();
        assert_eq!((request.name(), request.kind(), request.limit()), (name, kind, limit));
    }
}

#[test]
fn a_mistake_says_where_it_is() {
    let id = "0190a6c6-0000-7000-8000-000000000000";
    for (payload, path, code) in [
        (json!({ "userIds": [id, 5] }), "userIds[1]", "invalid"),
        (json!({ "userIds": [id], "extra": 1 }), "extra", "unknown"),
        (json!({}), "", "required"),
    ] {
        let refused = decode_text("user:reach", &payload.to_string()).unwrap_err();
        let error = &refused.errors()[0];
        assert_eq!((error.path.as_str(), error.code.as_ref()), (path, code), "{payload}");
        assert!(!error.message.contains(" line "), "{}", error.message);
    }
}
