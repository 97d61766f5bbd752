//! Promises of channels.

mod direct;
mod leave;
mod people;
mod update;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::member::Member;
use crate::test_world::{id_of, on_both};
use crate::{ChannelId, Request};

on_both! {
    async fn whoever_makes_a_channel_owns_it(world: World) {
        let ann = world.person("ann").await;
        world.take_told();
        let made = ann.get("channel:create", json!({ "name": "Tea break", "topic": "kettle" })).await;
        let id: ChannelId = id_of(&made);
        let expected = json!({
            "id": id, "name": "Tea break", "type": "public", "direct": false, "topic": "kettle", "users": [],
            "userCount": 1, "unreadCount": 0, "seq": 0, "rev": 0, "readUpTo": 0, "lastMessageAt": null, "role": "owner",
        });
        assert_eq!(made, expected);
        let told = world.take_told();
        assert!(told.iter().all(|told| told.origin == ann.actor.origin));
        assert_eq!(told[0].effect, Effect::Join { user: ann.id(), channel: id });
        assert!(matches!(&told[1].effect, Effect::Emit { audience: Audience::User(user), event: Event::ChannelCreated(_), .. }
            if *user == ann.id()), "her other devices");
        assert_eq!(told.len(), 2);
    }
}

on_both! {
    async fn public_names_are_unique_in_every_look(world: World) {
        let ann = world.person("ann").await;
        ann.channel("plans", "public").await;
        for name in ["plans", "PLANS", "\u{440}lans", "\u{FF50}lans", "general"] {
            let answer = ann.ask("channel:create", json!({ "name": name })).await;
            assert_eq!((&answer["code"], &answer["errors"][0]["path"]), (&json!("CONFLICT"), &json!("name")), "{name}");
        }
        for name in ["x", " plan", "plan ", "two  spaces", "tab\tbed", "zero\u{200B}width", "\u{202E}abc"] {
            assert_eq!(ann.refused("channel:create", json!({ "name": name })).await, "INVALID", "{name:?}");
        }
    }
}

on_both! {
    async fn a_private_name_gives_nothing_away_and_passes_for_nothing(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        ann.channel("surprise", "private").await;
        bob.channel("surprise", "public").await;
        assert_eq!(ann.refused("channel:create", json!({ "name": "Surprise", "type": "private" })).await, "CONFLICT");
    }
}

on_both! {
    async fn joining_reads_everything_and_is_told(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = ann.channel("plans", "public").await;
        ann.say(plans, "one").await;
        world.take_told();
        let joined = bob.get("channel:join", json!({ "channelId": plans })).await;
        assert_eq!((&joined["unreadCount"], &joined["userCount"], &joined["role"]), (&json!(0), &json!(2), &json!("member")));
        let told = world.take_effects();
        assert_eq!(told[0], Effect::Join { user: bob.id(), channel: plans });
        assert!(matches!(&told[1], Effect::Emit { audience: Audience::User(user), event: Event::ChannelJoined(_), .. }
            if *user == bob.id()));
        let member = Member { channel_id: plans, user_id: bob.id() };
        assert_eq!(told[2], Effect::emit(Audience::Channel(plans), Event::MemberJoined(member)));
        assert_eq!(bob.refused("channel:join", json!({ "channelId": plans })).await, "CONFLICT");
    }
}

on_both! {
    async fn own_channels_are_listed_by_name_and_direct_ones_last(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let direct: ChannelId = id_of(&ann.get("user:reach", json!({ "userIds": [bob.id()] })).await);
        for name in ["zebra", "Apple", "mango"] {
            ann.channel(name, "public").await;
        }
        bob.channel("bobs", "public").await;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let mut payload = json!({ "size": 2, "orderBy": "name:asc" });
            if let Some(after) = after {
                payload["after"] = after;
            }
            let page = ann.ask("channel:list", payload).await;
            let rows = page["data"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["name"].as_str().unwrap_or("direct").to_owned()));
            after = rows.last().map(|row| row["id"].clone());
            if page["hasMore"] == json!(false) {
                break;
            }
        }
        assert_eq!(seen, ["Apple", "General", "mango", "zebra", "direct"]);
        assert_eq!(after, Some(json!(direct)));
        let request = Request::decode("channel:list", None).unwrap();
        let (answer, _) = world.chat.answer(&ann.actor, request).await;
        assert!(answer.json().contains("mango"), "no payload is an empty one");
    }
}

on_both! {
    async fn a_search_finds_public_channels_that_one_is_not_in(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        for (name, kind) in [("Plans", "public"), ("planet", "public"), ("plan b", "private"), ("other", "public")] {
            ann.channel(name, kind).await;
        }
        let found = bob.get("channel:search", json!({ "q": "PLAN" })).await;
        let names: Vec<_> = found.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["planet", "Plans"]);
        assert_eq!((&found[0]["role"], &found[0]["unreadCount"]), (&Value::Null, &json!(0)));
        assert_eq!(ann.get("channel:search", json!({})).await, json!([]), "she is in all of them");
    }
}

on_both! {
    async fn a_search_counts_what_it_finds_beyond_its_page(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        for (name, kind) in [("plans", "public"), ("planet", "public"), ("plan b", "private"), ("other", "public")] {
            ann.channel(name, kind).await;
        }
        bob.channel("plan c", "public").await;
        for (asked, expected) in [
            (json!({ "size": 1 }), (json!(true), json!(3))),
            (json!({ "q": "plan", "size": 1 }), (json!(true), json!(2))),
            (json!({ "q": "plan", "size": 2, "orderBy": "activity:desc" }), (json!(false), json!(2))),
            (json!({ "q": "none" }), (json!(false), json!(0))),
        ] {
            let found = bob.ask("channel:search", asked.clone()).await;
            assert_eq!((found["hasMore"].clone(), found["count"].clone()), expected, "{asked}");
        }
    }
}

on_both! {
    async fn a_search_by_activity_begins_where_something_was_said_last(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        for (name, says) in [("early", true), ("silent", false), ("late", true), ("asleep", false), ("else", false)] {
            let id = ann.channel(name, "public").await;
            world.env.advance(std::time::Duration::from_secs(60));
            if says {
                ann.say(id, "hi").await;
            }
        }
        for (asked, expected) in [
            (json!({ "orderBy": "activity:desc" }), vec!["late", "early", "asleep", "else", "silent"]),
            (json!({ "orderBy": "activity:desc", "q": "e", "size": 1 }), vec!["early"]),
            (json!({ "orderBy": "name:asc" }), vec!["asleep", "early", "else", "late", "silent"]),
        ] {
            let found = bob.get("channel:search", asked.clone()).await;
            let names: Vec<_> = found.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
            assert_eq!(names, expected, "{asked}");
        }
        assert_eq!(bob.refused("channel:search", json!({ "orderBy": "size:asc" })).await, "INVALID");
    }
}

on_both! {
    async fn a_private_channel_is_invisible_in_every_command(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let secret = ann.channel("secret", "private").await;
        let direct: ChannelId = id_of(&ann.get("user:reach", json!({ "userIds": [world.person("cleo").await.id()] })).await);
        ann.say(secret, "hush").await;
        let nothing = ChannelId::from_uuid(uuid::Uuid::from_u128(1));
        // What each command is asked of a channel; none for commands that name none. A command that is missing here
        // fails the test.
        let asked: BTreeMap<&str, fn(ChannelId) -> Value> = BTreeMap::from([
            ("channel:create", (|_| Value::Null) as fn(ChannelId) -> Value),
            ("channel:update", |id| json!({ "channelId": id, "name": "mine", "topic": "" })),
            ("channel:join", |id| json!({ "channelId": id })),
            ("channel:leave", |id| json!({ "channelId": id })),
            ("channel:add", |id| json!({ "channelId": id, "userIds": [uuid::Uuid::from_u128(2)] })),
            ("channel:remove", |id| json!({ "channelId": id, "userId": uuid::Uuid::from_u128(2) })),
            ("channel:members", |id| json!({ "channelId": id })),
            ("channel:list", |id| json!({ "after": id })),
            ("channel:search", |_| Value::Null),
            ("user:get", |_| Value::Null),
            ("user:search", |_| Value::Null),
            ("user:reach", |_| Value::Null),
            ("user:update", |_| Value::Null),
            ("message:send", |id| json!({ "channelId": id, "content": "x", "clientId": "c" })),
            ("message:edit", |id| json!({ "channelId": id, "messageId": "1", "content": "x" })),
            ("message:delete", |id| json!({ "channelId": id, "messageId": "1" })),
            ("message:list", |id| json!({ "channelId": id })),
            ("message:ack", |id| json!({ "channelId": id, "messageId": "1" })),
            ("message:typing", |id| json!({ "channelId": id, "isTyping": true })),
            ("message:sync", |_| Value::Null),
        ]);
        world.take_told();
        for name in Request::NAMES {
            let payload = asked.get(name).unwrap_or_else(|| panic!("{name} is missing"));
            if payload(nothing).is_null() {
                continue;
            }
            let unknown = bob.ask(name, payload(nothing)).await;
            assert_eq!(unknown["code"], "NOT_FOUND", "{name}");
            for hidden in [secret, direct] {
                assert_eq!(bob.ask(name, payload(hidden)).await, unknown, "{name} tells them apart");
            }
        }
        assert_eq!(bob.get("channel:search", json!({ "q": "sec" })).await, json!([]));
        assert_eq!(world.take_told(), [], "and nobody hears of it");
        assert_eq!(ann.contents(secret).await, ["hush"]);
    }
}

on_both! {
    async fn a_public_channel_is_closed_to_whoever_has_not_joined(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = ann.channel("plans", "public").await;
        ann.say(plans, "hi").await;
        for (name, payload) in [
            ("message:send", json!({ "channelId": plans, "content": "x" })),
            ("message:list", json!({ "channelId": plans })),
            ("message:ack", json!({ "channelId": plans, "messageId": "1" })),
        ] {
            assert_eq!(bob.refused(name, payload.clone()).await, "FORBIDDEN", "{name}");
            assert_eq!(ann.ask(name, payload).await["status"], "OK", "{name}");
        }
    }
}

on_both! {
    async fn heads_tell_of_the_channels_that_moved(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        for _ in 0..3 {
            ann.say(general, "x").await;
        }
        let heads = world.chat.take_heads();
        let wire: Vec<_> = heads.iter().map(|effect| serde_json::to_value(match effect {
            Effect::Emit { event, .. } => event,
            other => panic!("{other:?}"),
        }).unwrap()).collect();
        assert_eq!(wire, [json!({ general.to_string(): { "seq": 3, "rev": 3 } })]);
        assert_eq!(world.chat.take_heads(), []);
    }
}
