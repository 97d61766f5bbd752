//! Promises of `channel:members`, `channel:add` and `channel:remove`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::member::{Left, Member};
use crate::test_world::{Person, id_of, on_both};
use crate::{ChannelId, Request, UserId};

fn add(channel: ChannelId, people: &[&Person]) -> Value {
    let ids: Vec<_> = people.iter().map(|person| person.id()).collect();
    json!({ "channelId": channel, "userIds": ids })
}

fn remove(channel: ChannelId, person: &Person) -> Value {
    json!({ "channelId": channel, "userId": person.id() })
}

on_both! {
    async fn members_are_listed_with_what_they_are(world: World) {
        let ann = world.person("ann").await;
        // Ids are in order of the time; the test's stands still.
        world.env.advance(Duration::from_millis(1));
        let bob = world.person("Bob").await;
        let plans = ann.channel("plans", "public").await;
        ann.say(plans, "one").await;
        bob.get("channel:join", json!({ "channelId": plans })).await;
        ann.say(plans, "two").await;
        world.chat.presence().socket_opened(bob.id());
        let members = ann.get("channel:members", json!({ "channelId": plans })).await;
        let expected = json!([
            { "id": ann.id(), "username": "ann", "displayName": "ann", "isOnline": false, "role": "owner", "readUpTo": 2 },
            { "id": bob.id(), "username": "Bob", "displayName": "Bob", "isOnline": true, "role": "member", "readUpTo": 1 },
        ]);
        assert_eq!(members, expected);

        let payload = serde_json::value::to_raw_value(&json!({ "channelId": plans, "size": 1 })).unwrap();
        let request = Request::decode("channel:members", Some(&payload)).unwrap();
        let (_, effects) = world.chat.answer(&bob.actor, request).await;
        assert_eq!(effects, [Effect::Watch { users: vec![(ann.id(), false)] }], "those who are shown are followed");
    }
}

on_both! {
    async fn members_come_in_pages_also_after_somebody_who_has_left(world: World) {
        let ann = world.person("ann").await;
        let plans = ann.channel("plans", "public").await;
        let mut people = vec![ann.clone()];
        for name in ["dan", "cleo", "bob", "eve"] {
            world.env.advance(Duration::from_millis(1));
            let person = world.person(name).await;
            person.get("channel:join", json!({ "channelId": plans })).await;
            people.push(person);
        }
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = ann.ask("channel:members", json!({ "channelId": plans, "size": 2, "after": after })).await;
            let rows = page["data"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["id"].clone()));
            after = rows.last().unwrap()["id"].clone();
            if page["hasMore"] == json!(false) {
                break;
            }
            if seen.len() == 2 {
                people[1].get("channel:leave", json!({ "channelId": plans })).await;
            }
        }
        assert_eq!(seen, people.iter().map(|person| json!(person.id())).collect::<Vec<_>>());
    }
}

on_both! {
    async fn whoever_is_not_in_does_not_see_who_is_but_the_owner_of_the_server(world: World) {
        let (owner, ann, bob) = (world.person("owner").await, world.person("ann").await, world.person("bob").await);
        let (plans, secret) = (ann.channel("plans", "public").await, ann.channel("secret", "private").await);
        assert_eq!(bob.refused("channel:members", json!({ "channelId": plans })).await, "FORBIDDEN");
        assert_eq!(owner.get("channel:members", json!({ "channelId": plans })).await[0]["username"], "ann");
        assert_eq!(owner.refused("channel:members", json!({ "channelId": secret })).await, "NOT_FOUND");
    }
}

on_both! {
    async fn an_owner_adds_people_and_everybody_is_told(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        let secret = ann.channel("secret", "private").await;
        ann.say(secret, "hush").await;
        world.take_told();
        let channel = ann.get("channel:add", add(secret, &[&cleo, &bob, &ann, &bob])).await;
        assert_eq!((&channel["userCount"], &channel["role"]), (&json!(3), &json!("owner")));
        let theirs = bob.view(secret).await;
        assert_eq!((&theirs["unreadCount"], &theirs["role"]), (&json!(0), &json!("member")));
        assert_eq!(bob.contents(secret).await, ["hush"], "the whole history");

        let told = world.take_effects();
        for person in [&bob, &cleo] {
            let (user, view) = (person.id(), person.view(secret).await);
            let joined = told.iter().position(|effect| *effect == Effect::Join { user, channel: secret }).unwrap();
            let shown = told.iter().position(|effect| matches!(effect, Effect::Emit { audience: Audience::User(whom),
                event: Event::ChannelJoined(channel), .. } if *whom == user && json!(channel) == view)).unwrap();
            let member = Effect::emit(Audience::Channel(secret), Event::MemberJoined(Member { channel_id: secret, user_id: user }));
            let told_members = told.iter().position(|effect| *effect == member).unwrap();
            assert!(joined < shown && shown < told_members, "{told:?}");
        }
        assert_eq!(told.len(), 6, "nothing of those who were in: {told:?}");
        ann.get("channel:add", add(secret, &[&bob])).await;
        assert_eq!(world.take_told(), [], "twice is the same");
    }
}

on_both! {
    async fn a_hundred_people_are_added_at_once(world: World) {
        let ann = world.person("ann").await;
        let secret = ann.channel("secret", "private").await;
        let mut people = Vec::new();
        for n in 0..100 {
            people.push(world.person(&format!("guest{n}x")).await);
        }
        let channel = ann.get("channel:add", add(secret, &people.iter().collect::<Vec<_>>())).await;
        assert_eq!(channel["userCount"], 101);
        let members = ann.ask("channel:members", json!({ "channelId": secret, "size": 100 })).await;
        assert_eq!((members["data"].as_array().unwrap().len(), &members["hasMore"]), (100, &json!(true)));
        assert_eq!(people[99].view(secret).await["role"], "member");
    }
}

on_both! {
    async fn whoever_is_disabled_is_added_only_once_they_are_let_in_again(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        let secret = ann.channel("secret", "private").await;
        world.chat.set_disabled(bob.id(), true).await.unwrap();
        assert_eq!(ann.refused("channel:add", add(secret, &[&cleo, &bob])).await, "NOT_FOUND");
        assert_eq!(ann.view(secret).await["userCount"], 1, "nobody, rather than some");
        world.chat.set_disabled(bob.id(), false).await.unwrap();
        assert_eq!(ann.get("channel:add", add(secret, &[&cleo, &bob])).await["userCount"], 3);
    }
}

on_both! {
    async fn only_the_owner_adds_and_removes(world: World) {
        let (owner, ann, bob) = (world.person("owner").await, world.person("ann").await, world.person("bob").await);
        let secret = ann.channel("secret", "private").await;
        ann.get("channel:add", add(secret, &[&bob, &owner])).await;
        let cleo = world.person("cleo").await;
        for person in [&bob, &owner] {
            assert_eq!(person.refused("channel:add", add(secret, &[&cleo])).await, "FORBIDDEN");
            assert_eq!(person.refused("channel:remove", remove(secret, &ann)).await, "FORBIDDEN");
        }
        assert_eq!(ann.view(secret).await["userCount"], 3);
    }
}

on_both! {
    async fn an_owner_removes_somebody_who_then_knows_nothing_of_it(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let secret = ann.channel("secret", "private").await;
        ann.get("channel:add", add(secret, &[&bob])).await;
        world.take_told();
        assert_eq!(ann.get("channel:remove", remove(secret, &bob)).await["userCount"], 1);
        let expected = [
            Effect::Leave { user: bob.id(), channel: secret },
            Effect::emit(Audience::User(bob.id()), Event::ChannelLeft(Left { channel_id: secret })),
            Effect::emit(Audience::Channel(secret), Event::MemberLeft(Member { channel_id: secret, user_id: bob.id() })),
        ];
        assert_eq!(world.take_effects(), expected, "first out, then told");
        assert_eq!(bob.refused("message:list", json!({ "channelId": secret })).await, "NOT_FOUND");
        assert_eq!(ann.refused("channel:remove", remove(secret, &bob)).await, "NOT_FOUND", "no such member");
        assert_eq!(bob.get("message:sync", json!({ "channels": { secret.to_string(): 0 } })).await["left"], json!([secret]));
    }
}

on_both! {
    async fn an_owner_leaves_instead_of_removing_themselves(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let secret = ann.channel("secret", "private").await;
        ann.get("channel:add", add(secret, &[&bob])).await;
        assert_eq!(ann.refused("channel:remove", remove(secret, &ann)).await, "INVALID");
        ann.get("channel:leave", json!({ "channelId": secret })).await;
        assert_eq!(bob.view(secret).await["role"], "owner");
    }
}

on_both! {
    async fn public_and_direct_ones_keep_their_own_door(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        let plans = ann.channel("plans", "public").await;
        bob.get("channel:join", json!({ "channelId": plans })).await;
        let direct: ChannelId = id_of(&ann.get("user:reach", json!({ "userIds": [bob.id()] })).await);
        for channel in [plans, direct, world.chat.general()] {
            assert_eq!(ann.refused("channel:add", add(channel, &[&cleo])).await, "FORBIDDEN");
            assert_eq!(ann.refused("channel:remove", remove(channel, &bob)).await, "FORBIDDEN");
        }
    }
}

on_both! {
    async fn whom_to_add_is_one_to_a_hundred_known_people(world: World) {
        let ann = world.person("ann").await;
        let secret = ann.channel("secret", "private").await;
        let nobody = UserId::from_uuid(uuid::Uuid::from_u128(1));
        for (ids, code) in [(vec![], "INVALID"), (vec![nobody; 101], "INVALID"), (vec![ann.id(), nobody], "NOT_FOUND")] {
            let payload = json!({ "channelId": secret, "userIds": ids });
            assert_eq!(ann.refused("channel:add", payload).await, code);
        }
    }
}
