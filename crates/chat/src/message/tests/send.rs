//! Promises of `message:send`, `message:ack` and `message:typing`.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::message::Typing;
use crate::test_world::{World, on_both};
use crate::{Environment, MessageId, Request};

async fn answers(waiting: Vec<tokio::sync::oneshot::Receiver<Value>>) -> Vec<Value> {
    let mut answers = Vec::new();
    for answer in waiting {
        answers.push(answer.await.expect("one answer"));
    }
    answers
}

on_both! {
    async fn concurrent_senders_make_one_gapless_order(world: World) {
        let mut people = Vec::new();
        for name in ["ann", "bob", "cleo", "dan"] {
            people.push(world.person(name).await);
        }
        let general = world.chat.general();
        let mut waiting = Vec::new();
        for round in 0..30 {
            for person in &people {
                let content = format!("{round} of {}", person.id());
                waiting.push(person.submit("message:send", &json!({ "channelId": general, "content": content })));
            }
            // So that batches of several lengths come about.
            tokio::task::yield_now().await;
        }
        let seqs: Vec<_> = answers(waiting).await.iter().map(|answer| answer["data"]["seq"].as_i64().unwrap()).collect();
        assert_eq!(seqs.iter().copied().collect::<HashSet<_>>(), (1..=120).collect(), "1 to head, without gaps");
        for person in 0..4 {
            let own: Vec<_> = seqs.iter().skip(person).step_by(4).collect();
            assert!(own.is_sorted(), "a sender's messages keep their order: {own:?}");
        }

        let told: Vec<_> = world.take_effects().into_iter().filter_map(|effect| match effect {
            Effect::Emit { event: Event::MessageSent(message), .. } => Some((message.id.seq(), message.rev)),
            _ => None,
        }).collect();
        assert_eq!(told, (1..=120).map(|n| (n, n)).collect::<Vec<_>>(), "told in the order of the channel");
    }
}

on_both! {
    async fn a_repeated_send_is_stored_once_and_answered_alike(world: World) {
        let ann = world.person("ann").await;
        let send = json!({ "channelId": world.chat.general(), "content": "hi", "clientId": "a-1" });
        let first = ann.get("message:send", send.clone()).await;
        world.env.advance(std::time::Duration::from_secs(60));
        let mut again = ann.get("message:send", send.clone()).await;
        assert_eq!(again["repeated"].take(), json!(true));
        for field in ["id", "seq", "rev", "createdAt"] {
            assert_eq!(again[field], first[field], "{field}");
        }
        let world = world.restarted().await;
        let ann = world.person("ann2").await.chat_as(&ann);
        let later = ann.get("message:send", send).await;
        assert_eq!((&later["id"], &later["repeated"]), (&first["id"], &json!(true)), "after a restart too");
        assert_eq!(ann.contents(world.chat.general()).await, ["hi"]);
    }
}

on_both! {
    async fn a_repeat_inside_one_batch_is_stored_once(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        let send = |content: &str| json!({ "channelId": general, "content": content, "clientId": "a-1" });
        let before = world.chat.commits();
        // Nothing runs in between: the lane finds all three in its queue.
        let waiting = vec![
            ann.submit("message:send", &send("hi")),
            ann.submit("message:send", &send("hi")),
            ann.submit("message:send", &send("other")),
        ];
        let answers = answers(waiting).await;
        assert_eq!(world.chat.commits() - before, 1);
        assert_eq!(answers[0]["data"]["repeated"], Value::Null);
        assert_eq!(answers[1]["data"]["repeated"], json!(true));
        assert_eq!(answers[0]["data"]["id"], answers[1]["data"]["id"]);
        assert_eq!(answers[2]["code"], "CONFLICT");
        assert_eq!(ann.contents(general).await, ["hi"]);
    }
}

on_both! {
    async fn a_client_id_stands_for_one_message_of_one_author(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let general = world.chat.general();
        ann.say(general, "question").await;
        let send = json!({ "channelId": general, "content": "hi", "clientId": "same" });
        ann.get("message:send", send.clone()).await;
        let other = json!({ "channelId": general, "content": "ho", "clientId": "same" });
        assert_eq!(ann.refused("message:send", other).await, "CONFLICT");
        let reply = json!({ "channelId": general, "content": "hi", "clientId": "same", "replyTo": "1" });
        assert_eq!(ann.refused("message:send", reply).await, "CONFLICT");
        assert_eq!(bob.get("message:send", send).await["repeated"], Value::Null, "another author's own name for it");
    }
}

on_both! {
    async fn a_repeat_is_known_after_an_edit_and_a_delete(world: World) {
        let ann = world.person("ann").await;
        let send = json!({ "channelId": world.chat.general(), "content": "hi", "clientId": "a-1" });
        let mut first = ann.get("message:send", send.clone()).await;
        first["repeated"] = json!(true);
        let message = json!({ "channelId": world.chat.general(), "messageId": first["id"] });
        let mut edit = message.clone();
        edit["content"] = json!("ho");
        world.env.advance(std::time::Duration::from_secs(1));
        for (name, payload) in [("message:edit", edit), ("message:delete", message)] {
            ann.get(name, payload).await;
            assert_eq!(ann.get("message:send", send.clone()).await, first, "after {name}");
        }
        let other = json!({ "channelId": world.chat.general(), "content": "ho", "clientId": "a-1" });
        assert_eq!(ann.refused("message:send", other).await, "CONFLICT", "what was first sent counts");
    }
}

on_both! {
    async fn a_refused_send_leaves_no_hole(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = ann.channel("plans", "public").await;
        let send = |content: &str, reply: Value| json!({ "channelId": plans, "content": content, "replyTo": reply });
        let waiting = vec![
            ann.submit("message:send", &send("one", Value::Null)),
            bob.submit("message:send", &send("not a member", Value::Null)),
            ann.submit("message:send", &send("to nothing", json!("99"))),
            ann.submit("message:send", &send("two", json!("1"))),
        ];
        let answers = answers(waiting).await;
        assert_eq!(answers[0]["data"]["seq"], 1);
        assert_eq!(answers[1]["code"], "FORBIDDEN");
        assert_eq!(answers[2]["code"], "NOT_FOUND");
        assert_eq!(answers[3]["data"]["seq"], 2);
        let list = ann.get("message:list", json!({ "channelId": plans })).await;
        assert_eq!((&list[1]["id"], &list[1]["rev"], &list[1]["replyTo"]), (&json!("2"), &json!(2), &json!("1")));
    }
}

on_both! {
    async fn members_are_told_and_the_acting_socket_is_named(world: World) {
        let ann = world.person("ann").await;
        world.take_told();
        ann.get("message:send", json!({ "channelId": world.chat.general(), "content": "hi", "clientId": "c" })).await;
        let told = world.take_told();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].origin, ann.actor.origin, "it has the ack instead");
        let Effect::Emit { audience, event: Event::MessageSent(message), volatile } = &told[0].effect else {
            panic!("{told:?}");
        };
        assert_eq!((*audience, *volatile), (Audience::Channel(world.chat.general()), false));
        let wire = serde_json::to_value(message).unwrap();
        let expected = json!({
            "id": "1", "channelId": world.chat.general(), "from": ann.id(), "content": "hi",
            "createdAt": crate::test_world::START, "rev": 1, "clientId": "c",
        });
        assert_eq!(wire, expected);
    }
}

on_both! {
    async fn what_is_not_a_message_is_invalid(world: World) {
        let ann = world.person("ann").await;
        let general = json!(world.chat.general());
        for (payload, path) in [
            (json!({ "channelId": general, "content": "" }), "content"),
            (json!({ "channelId": general, "content": " \u{a0}\n\t" }), "content"),
            (json!({ "channelId": general, "content": "x".repeat(5_001) }), "content"),
            (json!({ "channelId": general, "content": "a\0b" }), "content"),
            (json!({ "channelId": general, "content": 5 }), "content"),
            (json!({ "channelId": general }), ""),
            (json!({ "channelId": "General", "content": "x" }), "channelId"),
            (json!({ "channelId": general, "content": "x", "clientId": "a b" }), "clientId"),
            (json!({ "channelId": general, "content": "x", "clientId": "c".repeat(65) }), "clientId"),
            (json!({ "channelId": general, "content": "x", "replyTo": "0" }), "replyTo"),
            (json!({ "channelId": general, "content": "x", "replyTo": "-1" }), "replyTo"),
            (json!({ "channelId": general, "content": "x", "replyTo": "9223372036854775808" }), "replyTo"),
            (json!({ "channelId": general, "content": "x", "role": "owner" }), "role"),
            (json!([]), ""),
            (json!(null), ""),
        ] {
            let answer = ann.ask("message:send", payload.clone()).await;
            assert_eq!((&answer["code"], &answer["errors"][0]["path"]), (&json!("INVALID"), &json!(path)), "{payload}");
        }
        // Lengths count scalar values, not bytes.
        ann.get("message:send", json!({ "channelId": general, "content": "😀".repeat(5_000) })).await;
    }
}

on_both! {
    async fn a_read_mark_only_moves_forward_and_never_past_the_head(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let general = world.chat.general();
        for text in ["one", "two", "three"] {
            ann.say(general, text).await;
        }
        let ack = |id: &str| json!({ "channelId": general, "messageId": id });
        assert_eq!(bob.view(general).await["unreadCount"], 3);
        assert_eq!(bob.ask("message:ack", ack("2")).await, json!({ "status": "OK" }));
        assert_eq!(bob.view(general).await["readUpTo"], 2);
        bob.get("message:ack", ack("1")).await;
        assert_eq!(bob.view(general).await["readUpTo"], 2, "not back");
        bob.get("message:ack", ack("999999")).await;
        let view = bob.view(general).await;
        assert_eq!((&view["readUpTo"], &view["unreadCount"]), (&json!(3), &json!(0)), "not past the head");
        ann.say(general, "four").await;
        assert_eq!(bob.view(general).await["unreadCount"], 1);
        assert_eq!(ann.view(general).await["unreadCount"], 0, "one's own message is read");
    }
}

on_both! {
    async fn queued_read_marks_become_the_highest_of_them(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let general = world.chat.general();
        for _ in 0..9 {
            ann.say(general, "x").await;
        }
        world.take_told();
        let before = world.chat.commits();
        let ack = |id: i64| bob.submit("message:ack", &json!({ "channelId": general, "messageId": id.to_string() }));
        for answer in answers([3, 9, 5].map(ack).into_iter().collect()).await {
            assert_eq!(answer["status"], "OK");
        }
        assert_eq!(world.chat.commits() - before, 1);
        assert_eq!(bob.view(general).await["readUpTo"], 9);
        let up_to = MessageId::from_seq(9);
        let read = Effect::Read { channel: general, user: bob.id(), up_to, to_members: true };
        assert!(world.take_effects().into_iter().all(|effect| effect == read));
        bob.get("message:ack", json!({ "channelId": general, "messageId": "4" })).await;
        assert_eq!(world.take_effects(), [], "a mark that does not move is not told");
    }
}

on_both! {
    async fn only_small_channels_are_told_who_has_read(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        ann.say(general, "x").await;
        for n in 0..48 {
            world.person(&format!("guest{n}x")).await;
        }
        for (name, id, to_members) in [("the 50th", "2", true), ("the 51st", "3", false)] {
            let last = world.person(&name.replace(' ', ".")).await;
            ann.say(general, "x").await;
            world.take_told();
            last.get("message:ack", json!({ "channelId": general, "messageId": id })).await;
            let up_to = MessageId::from_seq(id.parse().unwrap());
            let expected = Effect::Read { channel: general, user: last.id(), up_to, to_members };
            assert_eq!(world.take_effects(), [expected], "{name}");
        }
    }
}

#[tokio::test]
async fn typing_ends_when_the_socket_goes() {
    let world = World::sqlite().await;
    let ann = world.person("ann").await;
    let general = world.chat.general();
    ann.get("message:typing", json!({ "channelId": general, "isTyping": true })).await;
    let event = Event::MessageTyping(Typing { channel_id: general, user_id: ann.id(), is_typing: false });
    let stopped = Effect::Emit { audience: Audience::Channel(general), event, volatile: true };
    assert_eq!(world.chat.socket_gone(&ann.actor), [stopped]);
    assert_eq!(world.chat.socket_gone(&ann.actor), [], "once");
    ann.get("message:typing", json!({ "channelId": general, "isTyping": true })).await;
    ann.get("message:typing", json!({ "channelId": general, "isTyping": false })).await;
    assert_eq!(world.chat.socket_gone(&ann.actor), [], "it had ended before");
}

#[tokio::test]
async fn an_end_of_typing_is_told_once_and_only_after_a_beginning() {
    let world = World::sqlite().await;
    let ann = world.person("ann").await;
    let general = world.chat.general();
    let told = |is_typing| {
        let payload = serde_json::value::to_raw_value(&json!({ "channelId": general, "isTyping": is_typing })).unwrap();
        let request = Request::decode("message:typing", Some(&payload)).unwrap();
        let (answer, effects) = world.chat.live(&ann.actor, request, |_| true);
        assert_eq!(answer.code(), None);
        effects.len()
    };
    assert_eq!(told(false), 0, "there is nothing to end");
    assert_eq!((told(true), told(true)), (1, 1), "whoever came later is told too");
    assert_eq!((told(false), told(false), told(false)), (1, 0, 0));
}

#[tokio::test]
async fn a_session_of_the_real_environment_sends_too() {
    let database = testkit::database::TempDatabase::sqlite();
    let options = crate::test_world::options(&database);
    let (chat, mut lanes) = crate::Chat::open(options, Environment::system()).await.unwrap();
    let mut lane = lanes.remove(0);
    tokio::spawn(async move {
        while let Some(batch) = lane.recv().await {
            batch.done.into_iter().for_each(|done| (done.finish)());
        }
    });
    let sign_up = crate::test_world::sign_up("ann");
    let ann = chat.sign_up(sign_up, crate::test_world::device(), &crate::Door::OPEN).await.unwrap();
    for id in [ann.user.id.as_uuid(), ann.session.as_uuid(), chat.general().as_uuid()] {
        assert_eq!(id.get_version_num(), 7, "{id}");
    }
    assert_eq!(ann.token.expose().len(), 43, "256 bits in base64");
}
