//! The packet codec by itself: decode undoes encode, and survives everything.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;
use socketio::packet::{Body, Packet, ParseError, RESERVED_EVENTS, decode, encode};

/// A packet, compared by what it means on the wire.
fn same(a: &Packet, b: &Packet) -> bool {
    let (a_text, a_binary) = encode(a).unwrap();
    let (b_text, b_binary) = encode(b).unwrap();
    a_text == b_text && a_binary == b_binary
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

/// The text of an event, as a client would write it, with attachments.
fn event() -> impl Strategy<Value = (String, Vec<Vec<u8>>)> {
    let name = any::<String>().prop_filter("reserved", |name| !RESERVED_EVENTS.contains(&name.as_str()));
    let namespace = prop_oneof![Just(String::new()), "/[a-z]{1,8},"];
    let attachments = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 0..4);
    (name, namespace, prop::option::of(any::<u64>()), prop::collection::vec(json(), 0..4), attachments).prop_map(
        |(name, namespace, id, args, attachments)| {
            let placeholders = (0..attachments.len()).map(|num| serde_json::json!({"_placeholder": true, "num": num}));
            let array: Value = std::iter::once(name.into()).chain(args).chain(placeholders).collect();
            let id = id.map(|id| id.to_string()).unwrap_or_default();
            let kind = if attachments.is_empty() { "2".to_owned() } else { format!("5{}-", attachments.len()) };
            (format!("{kind}{namespace}{id}{array}"), attachments)
        },
    )
}

proptest! {
    #[test]
    fn decode_undoes_encode((text, attachments) in event()) {
        let (mut packet, count) = decode(&text).unwrap();
        prop_assert_eq!(count, attachments.len());
        packet.attach(attachments.iter().cloned().map(Bytes::from).collect()).unwrap();

        let (again, binary) = encode(&packet).unwrap();
        prop_assert_eq!(&again, &text);
        prop_assert_eq!(binary, attachments);
        let (mut packet_again, _) = decode(&again).unwrap();
        packet_again.attach(encode(&packet).unwrap().1).unwrap();
        prop_assert!(same(&packet, &packet_again));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = decode(&text);
    }

    #[test]
    fn no_text_that_looks_like_a_packet_makes_it_panic(
        text in r#"[0-6][0-9]{0,3}-?(/[a-z]{0,3},)?[0-9]{0,21}[\[\]{}",:0-9a-z_\\ -]{0,24}"#,
        binary in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        if let Ok((mut packet, count)) = decode(&text) {
            let _ = packet.attach(vec![Bytes::from(binary); count]);
        }
    }
}

#[test]
fn each_kind_of_packet_is_read() {
    let read = |text: &str| decode(text).unwrap().0;
    assert!(matches!(read("0").body, Body::Connect(None)));
    assert_eq!(&*read("0/admin").namespace, "/admin");
    assert!(
        matches!(read(r#"0/admin,{"token":"a"}"#).body, Body::Connect(Some(auth)) if auth.get() == r#"{"token":"a"}"#)
    );
    assert!(matches!(read("1/admin,").body, Body::Disconnect));
    assert!(matches!(read(r#"4{"message":"no"}"#).body, Body::ConnectError(_)));
    assert!(matches!(read("31[]").body, Body::Ack { id: 1, args } if args.is_empty()));
    assert!(
        matches!(read(r#"2/admin,456["project:delete",123]"#).body, Body::Event { name, id: Some(456), .. } if &*name == "project:delete")
    );
    assert!(matches!(read("2[7]").body, Body::Event { name, .. } if &*name == "7"));
}

#[test]
fn each_mistake_has_its_name() {
    let refused = |text: &str| decode(text).unwrap_err();
    assert_eq!(refused(""), ParseError::Type);
    assert_eq!(refused("9"), ParseError::Type);
    assert_eq!(refused("599999999999-[]"), ParseError::Attachments);
    assert_eq!(refused("517-[\"x\"]"), ParseError::Attachments);
    assert_eq!(decode("516-[\"x\"]").unwrap().1, 16);
    assert_eq!(refused(&format!("0/{}", "a".repeat(256))), ParseError::Namespace);
    assert_eq!(refused("3[]"), ParseError::Id);
    assert_eq!(refused("042"), ParseError::Id);
    assert_eq!(refused("2{}"), ParseError::Payload);
    assert_eq!(refused(r#"2["disconnect"]"#), ParseError::Reserved);
    let (mut packet, _) = decode(r#"51-["x",{"_placeholder":true,"num":1e9}]"#).unwrap();
    assert_eq!(packet.attach(vec![Bytes::new()]), Err(ParseError::Placeholder));
}
