//! Promises of `channel:update`.

use serde_json::{Value, json};

use crate::ChannelId;
use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::test_world::{id_of, on_both};

on_both! {
    async fn an_owner_changes_name_and_topic_and_members_are_told(world: World) {
        let ann = world.person("ann").await;
        let plans = ann.channel("plans", "public").await;
        world.take_told();
        let renamed = ann.get("channel:update", json!({ "channelId": plans, "name": "Great plans", "topic": "tea" })).await;
        assert_eq!((&renamed["name"], &renamed["topic"], &renamed["role"]), (&json!("Great plans"), &json!("tea"), &json!("owner")));
        let told = world.take_effects();
        let [Effect::Emit { audience, event: event @ Event::ChannelUpdated(_), volatile: false }] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(*audience, Audience::Channel(plans));
        let expected = json!({ "id": plans, "name": "Great plans", "type": "public", "topic": "tea", "userCount": 1 });
        assert_eq!(serde_json::to_value(event).unwrap(), expected, "nothing about one person alone");

        let topic = ann.get("channel:update", json!({ "channelId": plans, "topic": "" })).await;
        assert_eq!((&topic["name"], &topic["topic"]), (&json!("Great plans"), &Value::Null), "the rest stays");
        let found = world.person("bob").await.get("channel:search", json!({ "q": "great" })).await;
        assert_eq!(found[0]["id"], json!(plans), "found by its new name");
        ann.channel("plans", "public").await;
    }
}

on_both! {
    async fn a_member_cannot_change_a_channel(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = ann.channel("plans", "public").await;
        let update = json!({ "channelId": plans, "topic": "mine" });
        assert_eq!(bob.refused("channel:update", update.clone()).await, "FORBIDDEN", "who has not joined");
        bob.get("channel:join", json!({ "channelId": plans })).await;
        assert_eq!(bob.refused("channel:update", update).await, "FORBIDDEN");
        let direct: ChannelId = id_of(&ann.get("user:reach", json!({ "userIds": [bob.id()] })).await);
        assert_eq!(ann.refused("channel:update", json!({ "channelId": direct, "name": "us" })).await, "FORBIDDEN");
    }
}

on_both! {
    async fn the_owner_of_the_server_counts_as_owner_of_public_channels_alone(world: World) {
        let (owner, ann) = (world.person("owner").await, world.person("ann").await);
        let (plans, secret) = (ann.channel("plans", "public").await, ann.channel("secret", "private").await);
        let update = |id| json!({ "channelId": id, "name": "tidied" });
        let tidied = owner.get("channel:update", update(plans)).await;
        assert_eq!((&tidied["name"], &tidied["role"]), (&json!("tidied"), &Value::Null));
        assert_eq!(owner.refused("channel:update", update(secret)).await, "NOT_FOUND");
        ann.get("channel:add", json!({ "channelId": secret, "userIds": [owner.id()] })).await;
        assert_eq!(owner.refused("channel:update", update(secret)).await, "FORBIDDEN");
    }
}

on_both! {
    async fn general_gets_a_topic_and_keeps_its_name(world: World) {
        let owner = world.person("owner").await;
        let general = world.chat.general();
        assert_eq!(owner.refused("channel:update", json!({ "channelId": general, "name": "Lobby" })).await, "FORBIDDEN");
        assert_eq!(owner.get("channel:update", json!({ "channelId": general, "topic": "hello" })).await["topic"], "hello");
        let ann = world.person("ann").await;
        assert_eq!(ann.refused("channel:update", json!({ "channelId": general, "topic": "mine" })).await, "FORBIDDEN");
    }
}

on_both! {
    async fn a_taken_name_is_refused_in_every_look_and_nothing_changes(world: World) {
        let ann = world.person("ann").await;
        let (plans, secret) = (ann.channel("plans", "public").await, ann.channel("secret", "private").await);
        ann.channel("taken", "public").await;
        for name in ["taken", "TAKEN", "t\u{430}ken"] {
            for channel in [plans, secret] {
                let update = json!({ "channelId": channel, "name": name, "topic": "changed" });
                let answer = ann.ask("channel:update", update).await;
                assert_eq!((&answer["code"], &answer["errors"][0]["path"]), (&json!("CONFLICT"), &json!("name")), "{name}");
                assert_eq!(ann.view(channel).await["topic"], Value::Null);
            }
        }
        ann.get("channel:update", json!({ "channelId": plans, "name": "Plans" })).await;
        ann.get("channel:update", json!({ "channelId": secret, "name": "Secret" })).await;
        assert_eq!(ann.refused("channel:update", json!({ "channelId": plans })).await, "INVALID", "nothing to change");
        for name in ["x", "two  spaces", "\u{202E}abc"] {
            assert_eq!(ann.refused("channel:update", json!({ "channelId": plans, "name": name })).await, "INVALID");
        }
    }
}

on_both! {
    async fn two_channels_that_take_one_name_at_once_get_it_once(world: World) {
        let ann = world.person("ann").await;
        let mut waiting = Vec::new();
        for n in 0..4 {
            let channel = ann.channel(&format!("plan {n}"), "public").await;
            waiting.push(ann.submit("channel:update", &json!({ "channelId": channel, "name": "the plan" })));
        }
        let mut outcomes = Vec::new();
        for answer in waiting {
            let answer = answer.await.unwrap();
            outcomes.push(answer["code"].as_str().unwrap_or("OK").to_owned());
        }
        outcomes.sort();
        assert_eq!(outcomes, ["CONFLICT", "CONFLICT", "CONFLICT", "OK"]);
    }
}
