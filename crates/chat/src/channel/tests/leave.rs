//! Promises of leaving, and of what nobody is in any more.

use std::time::Duration;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use testkit::database::Location;

use crate::ChannelId;
use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::member::{Left, Member};
use crate::test_world::{World, id_of, on_both};

on_both! {
    async fn leaving_is_told_and_ends_it(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = ann.channel("plans", "public").await;
        bob.get("channel:join", json!({ "channelId": plans })).await;
        world.take_told();
        let answer = bob.ask("channel:leave", json!({ "channelId": plans })).await;
        assert_eq!(answer, json!({ "status": "OK" }));
        let member = Member { channel_id: plans, user_id: bob.id() };
        let expected = [
            Effect::Leave { user: bob.id(), channel: plans },
            Effect::emit(Audience::User(bob.id()), Event::ChannelLeft(Left { channel_id: plans })),
            Effect::emit(Audience::Channel(plans), Event::MemberLeft(member)),
        ];
        assert_eq!(world.take_effects(), expected);
        assert_eq!(bob.refused("message:send", json!({ "channelId": plans, "content": "x" })).await, "FORBIDDEN");
        assert_eq!(bob.refused("channel:leave", json!({ "channelId": plans })).await, "CONFLICT");
        assert_eq!(ann.view(plans).await["userCount"], 1);
    }
}

on_both! {
    async fn a_leaving_owner_hands_over_to_the_oldest_member(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        let plans = ann.channel("plans", "public").await;
        for person in [&bob, &cleo] {
            world.env.advance(Duration::from_secs(1));
            person.get("channel:join", json!({ "channelId": plans })).await;
        }
        world.take_told();
        ann.get("channel:leave", json!({ "channelId": plans })).await;
        assert_eq!(bob.view(plans).await["role"], "owner");
        assert_eq!(cleo.view(plans).await["role"], "member");
        let told = world.take_effects();
        assert!(told.iter().any(|effect| matches!(effect, Effect::Emit { audience: Audience::User(user),
            event: Event::ChannelUpdated(_), .. } if *user == bob.id())), "{told:?}");
    }
}

on_both! {
    async fn a_leaving_owner_passes_over_the_disabled(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        let plans = ann.channel("plans", "public").await;
        for person in [&bob, &cleo] {
            world.env.advance(Duration::from_secs(1));
            person.get("channel:join", json!({ "channelId": plans })).await;
        }
        world.chat.set_disabled(bob.id(), true).await.unwrap();
        ann.get("channel:leave", json!({ "channelId": plans })).await;
        assert_eq!(cleo.view(plans).await["role"], "owner");
        // With nobody else left it is theirs, for when they are let in again.
        cleo.get("channel:leave", json!({ "channelId": plans })).await;
        world.chat.set_disabled(bob.id(), false).await.unwrap();
        assert_eq!(bob.view(plans).await["role"], "owner");
    }
}

on_both! {
    async fn whoever_comes_into_a_channel_that_everybody_has_left_owns_it(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        let plans = ann.channel("plans", "public").await;
        ann.get("channel:leave", json!({ "channelId": plans })).await;
        assert_eq!(bob.get("channel:join", json!({ "channelId": plans })).await["role"], "owner");
        assert_eq!(cleo.get("channel:join", json!({ "channelId": plans })).await["role"], "member");
        bob.get("channel:update", json!({ "channelId": plans, "topic": "ours" })).await;
    }
}

on_both! {
    async fn nobody_leaves_general_or_a_direct_conversation(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let direct: ChannelId = id_of(&ann.get("user:reach", json!({ "userIds": [bob.id()] })).await);
        for channel in [world.chat.general(), direct] {
            assert_eq!(ann.refused("channel:leave", json!({ "channelId": channel })).await, "FORBIDDEN");
        }
    }
}

/// How many rows a table has.
async fn rows(world: &World, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    match world.database.location() {
        Location::Sqlite(path) => {
            let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        }
        Location::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        }
    }
}

on_both! {
    async fn a_private_channel_that_everybody_has_left_is_removed_with_its_messages(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let (secret, kept) = (ann.channel("secret", "private").await, ann.channel("kept", "private").await);
        let plans = ann.channel("plans", "public").await;
        ann.get("user:reach", json!({ "userIds": [bob.id()] })).await;
        ann.get("channel:add", json!({ "channelId": secret, "userIds": [bob.id()] })).await;
        // More than go in one step.
        let send = json!({ "channelId": secret, "content": "x" });
        for _ in 0..3 {
            let waiting: Vec<_> = (0..400).map(|_| ann.submit("message:send", &send)).collect();
            for answer in waiting {
                assert_eq!(answer.await.unwrap()["status"], "OK");
            }
        }
        ann.say(kept, "stays").await;
        ann.say(plans, "stays").await;
        for channel in [secret, plans] {
            ann.get("channel:leave", json!({ "channelId": channel })).await;
        }
        assert_eq!(world.chat.sweep_channels().await.unwrap(), 0, "somebody is in each, or may come back");
        assert_eq!(bob.contents(secret).await.len(), 100);

        bob.get("channel:leave", json!({ "channelId": secret })).await;
        world.take_told();
        assert_eq!(world.chat.sweep_channels().await.unwrap(), 1);
        assert_eq!(rows(&world, "message").await, 2);
        assert_eq!(rows(&world, "channel").await, 4, "General, the kept, the public and the direct one");
        assert_eq!(world.take_told(), [], "there is nobody to be told");
        assert_eq!(bob.refused("message:send", send).await, "NOT_FOUND");
        let cursors = json!({ "channels": { secret.to_string(): 7 } });
        assert_eq!(bob.get("message:sync", cursors).await["left"], json!([secret]));
        assert_eq!(world.chat.sweep_channels().await.unwrap(), 0);
    }
}
