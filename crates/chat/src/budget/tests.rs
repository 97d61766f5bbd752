//! Promises of the budget: what one account may make, and be put into.

use std::time::Duration;

use serde_json::json;
use testkit::database::Location;

use crate::budget::{CHANNELS_MAX, CONVERSATIONS_MAX};
use crate::test_world::{Person, World, on_both};

const PER_HOUR: u32 = 6;

/// Puts somebody into so many channels, or direct conversations, of nobody else.
async fn crowd(world: &World, person: &Person, count: i64, direct: bool) {
    let user = person.id().as_uuid().simple().to_string();
    let (id, user, blob, yes) = match world.database.location() {
        Location::Sqlite(_) => ("randomblob(16)", format!("X'{user}'"), "BLOB", i32::from(direct).to_string()),
        Location::Postgres(_) => ("gen_random_uuid()", format!("'{user}'::uuid"), "UUID", direct.to_string()),
    };
    let (name, people) = if direct { ("NULL", "'crowd ' || n") } else { ("'crowd ' || n", "NULL") };
    let sql = format!(
        "CREATE TABLE crowd (id {blob}, n INTEGER); \
         INSERT INTO crowd WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) \
             SELECT {id}, n FROM counted; \
         INSERT INTO channel (id, kind, direct, name, people_key, created_at) \
             SELECT id, 'private', {yes}, {name}, {people}, 0 FROM crowd; \
         INSERT INTO member (channel_id, user_id, role, read_seq, joined_at) SELECT id, {user}, 'member', 0, 0 FROM crowd; \
         DROP TABLE crowd"
    );
    world.meddle(&sql).await;
}

async fn limited(world: World) -> World {
    world.with_options(|options| options.made_per_hour = Some(PER_HOUR)).await
}

on_both! {
    async fn what_is_made_is_limited_and_comes_back_by_waiting(world: World) {
        let world = limited(world).await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        for n in 0..PER_HOUR {
            ann.channel(&format!("plan {n}"), "public").await;
        }
        let refused = ann.ask("channel:create", json!({ "name": "one more" })).await;
        assert_eq!((&refused["code"], &refused["retryAfterMs"]), (&json!("RATE_LIMITED"), &json!(600_000)));
        assert_eq!(ann.refused("user:reach", json!({ "userIds": [bob.id()] })).await, "RATE_LIMITED");
        bob.channel("of another", "public").await;

        world.env.advance(Duration::from_millis(599_999));
        assert_eq!(ann.refused("channel:create", json!({ "name": "one more" })).await, "RATE_LIMITED");
        world.env.advance(Duration::from_millis(1));
        ann.channel("one more", "public").await;
        let world = world.restarted().await;
        let ann = world.person("cleo").await.chat_as(&ann);
        assert_eq!(ann.refused("channel:create", json!({ "name": "yet one" })).await, "RATE_LIMITED", "a restart forgives nothing");
    }
}

on_both! {
    async fn whom_one_puts_into_something_is_paid_for_one_by_one(world: World) {
        let world = limited(world).await;
        let ann = world.person("ann").await;
        let mut people = Vec::new();
        for n in 0..6 {
            people.push(world.person(&format!("guest{n}x")).await.id());
        }
        let secret = ann.channel("secret", "private").await;
        ann.get("channel:add", json!({ "channelId": secret, "userIds": people[..3] })).await;
        ann.get("channel:add", json!({ "channelId": secret, "userIds": people[..3] })).await;
        ann.get("user:reach", json!({ "userIds": people[..2] })).await;
        ann.get("user:reach", json!({ "userIds": people[..2] })).await;
        assert_eq!(ann.refused("user:reach", json!({ "userIds": [people[5]] })).await, "RATE_LIMITED");
        let add = json!({ "channelId": secret, "userIds": people[3..5] });
        assert_eq!(ann.refused("channel:add", add).await, "RATE_LIMITED");
        assert_eq!(ann.view(secret).await["userCount"], 4, "nothing of it was done");
    }
}

on_both! {
    async fn what_was_refused_is_not_paid_for(world: World) {
        let world = limited(world).await;
        let ann = world.person("ann").await;
        for _ in 0..2 * PER_HOUR {
            assert_eq!(ann.refused("channel:create", json!({ "name": "general" })).await, "CONFLICT");
        }
        ann.channel("plans", "public").await;
    }
}

on_both! {
    async fn nobody_enters_more_channels_than_one_can_be_in(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let (plans, secret) = (ann.channel("plans", "public").await, ann.channel("secret", "private").await);
        // With General, one less than that.
        crowd(&world, &bob, CHANNELS_MAX - 2, false).await;
        bob.get("channel:join", json!({ "channelId": plans })).await;
        assert_eq!(bob.refused("channel:create", json!({ "name": "mine" })).await, "CONFLICT");
        let add = json!({ "channelId": secret, "userIds": [bob.id()] });
        assert_eq!(ann.refused("channel:add", add.clone()).await, "CONFLICT");
        let other = ann.channel("other", "public").await;
        assert_eq!(bob.refused("channel:join", json!({ "channelId": other })).await, "CONFLICT");
        ann.get("user:reach", json!({ "userIds": [bob.id()] })).await;

        bob.get("channel:leave", json!({ "channelId": plans })).await;
        ann.get("channel:add", add).await;
        assert_eq!(world.chat.memberships(bob.id()).await.unwrap().len(), 501, "and one conversation");
    }
}

on_both! {
    async fn several_channels_entered_at_once_are_no_way_past_how_many_one_can_be_in(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        // With General, one less than that.
        crowd(&world, &bob, CHANNELS_MAX - 2, false).await;
        let mut entering = Vec::new();
        for n in 0..12 {
            let channel = ann.channel(&format!("plan {n}"), "public").await;
            entering.push(json!({ "channelId": channel }));
        }
        let entering: Vec<_> = entering.iter().map(|channel| bob.submit("channel:join", channel)).collect();
        let mut entered: i64 = 0;
        for answer in entering {
            let answer = answer.await.unwrap();
            match answer["status"].as_str() {
                Some("OK") => entered += 1,
                _ => assert_eq!(answer["code"], "CONFLICT", "{answer}"),
            }
        }
        let over = match world.database.location() {
            Location::Sqlite(_) => 0,
            // One for every other lane.
            Location::Postgres(_) => 3,
        };
        assert!((1..=1 + over).contains(&entered), "{entered}");
        let next = ann.channel("one more", "public").await;
        assert_eq!(bob.refused("channel:join", json!({ "channelId": next })).await, "CONFLICT");
    }
}

on_both! {
    async fn nobody_is_put_into_more_groups_than_one_can_be_in_and_two_can_always_talk(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let cleo = world.person("cleo").await.id();
        crowd(&world, &bob, CONVERSATIONS_MAX, true).await;
        assert_eq!(ann.refused("user:reach", json!({ "userIds": [bob.id(), cleo] })).await, "CONFLICT");
        assert_eq!(bob.refused("user:reach", json!({ "userIds": [ann.id(), cleo] })).await, "CONFLICT");
        ann.get("user:reach", json!({ "userIds": [bob.id()] })).await;
        bob.channel("still", "public").await;
        assert_eq!(world.chat.memberships(bob.id()).await.unwrap().len(), 2_003, "all of them, in pages");
        let missed = bob.get("message:sync", json!({ "channels": {} })).await;
        let (joined, again) = (missed["joined"].as_array().unwrap().len(), missed["again"].as_array().unwrap().len());
        assert!(joined > 400 && again == 500, "{joined} and {again}");
    }
}
