//! What no client of ours sends, in every field of every command: refused, or taken for the text that it is.

use serde_json::{Value, json};

use crate::command::examples;
use crate::test_world::{Person, World, on_both};
use crate::{ChannelId, UserId};

/// As JSON, because some of it is no value of any language.
const HOSTILE: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "1.5",
    "[]",
    "{}",
    "[[[[[[[[1]]]]]]]]",
    r#""""#,
    r#"" ""#,
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud800""#,
    r#""\u202eabc""#,
    r#""\u200b""#,
    r#""__proto__""#,
    r#""constructor""#,
    r#""'; DROP TABLE message; --""#,
    r#""%_%""#,
    r#""-1""#,
    r#""9223372036854775807""#,
    r#""9223372036854775808""#,
    r#""<script>alert(1)</script>""#,
    r#""00000000-0000-0000-0000-000000000000""#,
    r#""ffffffff-ffff-ffff-ffff-ffffffffffff""#,
    r#"{"__proto__":{"admin":true}}"#,
];

/// Every payload of the example with one field replaced by each hostile value, and by a very long text.
fn spoiled(example: &Value) -> Vec<String> {
    let long = json!("x".repeat(20_000)).to_string();
    let fields = example.as_object().expect("a payload is an object");
    let mut all = Vec::new();
    for field in fields.keys() {
        for value in HOSTILE.iter().copied().chain([long.as_str()]) {
            let members = fields.iter().map(|(name, kept)| match name == field {
                true => format!("{}:{value}", json!(name)),
                false => format!("{}:{kept}", json!(name)),
            });
            all.push(format!("{{{}}}", members.collect::<Vec<_>>().join(",")));
        }
    }
    all
}

/// An example with ids of what is really there, so that what is hostile gets as far as it can.
fn real(example: &str, channel: ChannelId, user: UserId) -> Value {
    let mut value: Value = serde_json::from_str(example).expect("examples are JSON");
    for (name, field) in value.as_object_mut().expect("a payload is an object") {
        match name.as_str() {
            "channelId" => *field = json!(channel),
            "userId" => *field = json!(user),
            "userIds" => *field = json!([user]),
            "channels" => *field = json!({ channel.to_string(): 0 }),
            "messageId" | "replyTo" => *field = json!("1"),
            _ => {}
        }
    }
    value
}

async fn scene(world: &World) -> (Person, ChannelId, Person) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let secret = ann.channel("secret", "private").await;
    ann.say(secret, "one").await;
    (ann, secret, bob)
}

on_both! {
    async fn nothing_that_anybody_sends_is_a_fault_of_ours(world: World) {
        let (ann, secret, bob) = scene(&world).await;
        let (mut asked, mut refused) = (0, 0);
        for (name, example) in examples() {
            for payload in spoiled(&real(&example, secret, bob.id())) {
                let answer = ann.ask_text(name, &payload).await;
                let code = answer["code"].as_str().unwrap_or("OK");
                let shown = &payload[..payload.len().min(200)];
                assert!(!["INTERNAL", "UNAVAILABLE", "BUSY"].contains(&code), "{name} {shown}: {answer}");
                assert!(answer.to_string().len() < 10_000, "{name} {shown}");
                asked += 1;
                refused += i32::from(code == "INVALID");
            }
        }
        assert!(asked > 1_000 && refused > asked / 2, "{refused} of {asked} refused");
        // Whoever did not ask for it notices nothing.
        assert_eq!(bob.get("channel:list", json!({})).await[0]["name"], "General");
        bob.say(world.chat.general(), "still here").await;
    }
}

on_both! {
    async fn markup_and_brackets_are_stored_as_the_text_that_they_are(world: World) {
        let (ann, secret, _) = scene(&world).await;
        let texts = [
            "[".repeat(200), "{".repeat(200), "<img src=x onerror=alert(1)>".to_owned(), "{{7*7}}".to_owned(),
            "__proto__".to_owned(), "'; DROP TABLE message; --".to_owned(), "\u{202e}txt.exe".to_owned(),
            "a\r\nlevel=error \u{1b}[31m".to_owned(),
        ];
        for text in &texts {
            ann.say(secret, text).await;
        }
        assert_eq!(ann.contents(secret).await[1..], texts);
    }
}

on_both! {
    async fn names_that_look_alike_are_one_name(world: World) {
        let ann = world.person("admin").await;
        for name in ["\u{430}dmin", "ADMIN", "\u{ff41}dmin", "adm\u{456}n"] {
            let body = crate::command::decode_json(&json!({ "username": name, "password": "correct horse" }).to_string());
            let refused = world.chat.sign_up(body.unwrap(), crate::test_world::device(), &crate::Door::OPEN).await;
            assert_eq!(refused.unwrap_err().code(), crate::Code::Conflict, "{name}");
        }
        for name in ["admin\u{200b}", "\u{202e}admin", "ad\u{ad}min", "admin\0", "__proto__ ", "adm\nin", "\u{3164}x"] {
            let body = json!({ "username": name, "password": "correct horse" }).to_string();
            let refused = crate::command::decode_json::<crate::SignUp>(&body).unwrap_err();
            assert_eq!(refused.code(), crate::Code::Invalid, "{name:?}");
        }
        // A name like any other.
        ann.channel("__proto__", "public").await;
        let found = world.person("__proto__").await.get("channel:search", json!({ "q": "__proto__" })).await;
        assert_eq!(found[0]["name"], "__proto__");
    }
}
