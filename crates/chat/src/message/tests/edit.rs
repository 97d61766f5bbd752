//! Promises of `message:edit` and `message:delete`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ChannelId;
use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::test_world::{Person, START, World, on_both};

fn edit(channel: ChannelId, id: &str, content: &str) -> Value {
    json!({ "channelId": channel, "messageId": id, "content": content })
}

fn delete(channel: ChannelId, id: &str) -> Value {
    json!({ "channelId": channel, "messageId": id })
}

/// The messages that were told to a channel as changed.
fn told_changes(world: &World, channel: ChannelId) -> Vec<Value> {
    let changes = world.take_effects().into_iter().map(|effect| match effect {
        Effect::Emit { audience, event: Event::MessageUpdated(message), volatile: false } => {
            assert_eq!(audience, Audience::Channel(channel));
            serde_json::to_value(message).unwrap()
        }
        other => panic!("{other:?}"),
    });
    changes.collect()
}

/// A channel of Ann's with Bob in it, and a message of each.
async fn plans(ann: &Person, bob: &Person) -> ChannelId {
    let plans = ann.channel("plans", "public").await;
    bob.get("channel:join", json!({ "channelId": plans })).await;
    ann.say(plans, "by ann").await;
    bob.say(plans, "by bob").await;
    plans
}

on_both! {
    async fn an_author_edits_and_everybody_is_told(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        world.take_told();
        world.env.advance(Duration::from_secs(5));
        let edited = bob.get("message:edit", edit(plans, "2", "by Bob")).await;
        let at = START.as_millis();
        let expected = json!({
            "id": "2", "channelId": plans, "from": bob.id(), "content": "by Bob", "createdAt": at, "rev": 3,
            "editedAt": at + 5_000,
        });
        assert_eq!(edited, expected);
        assert_eq!(told_changes(&world, plans), std::slice::from_ref(&expected));
        let listed = ann.get("message:list", json!({ "channelId": plans, "orderBy": "id:desc", "size": 1 })).await;
        assert_eq!(listed, json!([expected]));
        let view = ann.view(plans).await;
        assert_eq!((&view["seq"], &view["rev"], &view["unreadCount"]), (&json!(2), &json!(3), &json!(1)));
    }
}

on_both! {
    async fn nobody_edits_the_message_of_another(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        assert_eq!(ann.refused("message:edit", edit(plans, "2", "x")).await, "FORBIDDEN", "not even the owner");
        bob.get("message:delete", delete(plans, "2")).await;
        assert_eq!(ann.refused("message:edit", edit(plans, "2", "x")).await, "FORBIDDEN");
        assert_eq!(ann.contents(plans).await, ["by ann", ""]);
    }
}

on_both! {
    async fn an_edit_to_what_it_says_already_changes_nothing(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        let first = bob.get("message:edit", edit(plans, "2", "by Bob")).await;
        world.take_told();
        world.env.advance(Duration::from_secs(5));
        assert_eq!(bob.get("message:edit", edit(plans, "2", "by Bob")).await, first, "a repeat has the same answer");
        assert_eq!(world.take_told(), []);
    }
}

on_both! {
    async fn an_author_deletes_and_a_tombstone_stays(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        world.take_told();
        let deleted = bob.get("message:delete", delete(plans, "2")).await;
        let at = START.as_millis();
        let expected = json!({
            "id": "2", "channelId": plans, "from": bob.id(), "content": "", "createdAt": at, "rev": 3, "deletedAt": at,
        });
        assert_eq!(deleted, expected);
        assert_eq!(told_changes(&world, plans), std::slice::from_ref(&expected));
        assert_eq!(bob.get("message:delete", delete(plans, "2")).await, expected, "twice is the same");
        assert_eq!(world.take_told(), [], "and told once");
        assert_eq!(bob.refused("message:edit", edit(plans, "2", "back")).await, "NOT_FOUND");
        assert_eq!(ann.contents(plans).await, ["by ann", ""]);
    }
}

on_both! {
    async fn the_owner_of_a_channel_deletes_what_others_wrote(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        assert!(ann.get("message:delete", delete(plans, "2")).await["deletedAt"].is_i64());
    }
}

on_both! {
    async fn a_member_cannot_delete_what_others_wrote(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        assert_eq!(bob.refused("message:delete", delete(plans, "1")).await, "FORBIDDEN");
        ann.get("message:delete", delete(plans, "1")).await;
        assert_eq!(bob.refused("message:delete", delete(plans, "1")).await, "FORBIDDEN", "nor delete it again");
    }
}

on_both! {
    async fn the_owner_of_the_server_deletes_in_public_channels_alone(world: World) {
        let (owner, ann, bob) = (world.person("owner").await, world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        assert!(owner.get("message:delete", delete(plans, "1")).await["deletedAt"].is_i64(), "without being in it");
        assert_eq!(owner.refused("message:edit", edit(plans, "2", "x")).await, "FORBIDDEN");

        let secret = ann.channel("secret", "private").await;
        ann.say(secret, "hush").await;
        assert_eq!(owner.refused("message:delete", delete(secret, "1")).await, "NOT_FOUND");
        ann.get("channel:add", json!({ "channelId": secret, "userIds": [owner.id()] })).await;
        assert_eq!(owner.refused("message:delete", delete(secret, "1")).await, "FORBIDDEN", "a member like others");
    }
}

on_both! {
    async fn whoever_left_cannot_change_what_they_wrote(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        bob.get("channel:leave", json!({ "channelId": plans })).await;
        assert_eq!(bob.refused("message:edit", edit(plans, "2", "x")).await, "FORBIDDEN");
        assert_eq!(bob.refused("message:delete", delete(plans, "2")).await, "FORBIDDEN");
        assert_eq!(ann.contents(plans).await, ["by ann", "by bob"]);
    }
}

on_both! {
    async fn what_is_not_there_cannot_be_changed(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        for id in ["3", "9223372036854775807"] {
            assert_eq!(ann.refused("message:edit", edit(plans, id, "x")).await, "NOT_FOUND", "{id}");
            assert_eq!(ann.refused("message:delete", delete(plans, id)).await, "NOT_FOUND", "{id}");
        }
        for id in ["0", "-1", "9223372036854775808", "1e400", "", "01"] {
            assert_eq!(ann.refused("message:edit", edit(plans, id, "x")).await, "INVALID", "{id}");
        }
        assert_eq!(ann.refused("message:edit", edit(plans, "1", "")).await, "INVALID");
        assert_eq!(ann.view(plans).await["rev"], 2);
    }
}

on_both! {
    async fn sends_edits_and_deletes_of_one_batch_take_revs_without_gaps(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        world.take_told();
        let before = world.chat.commits();
        let send = |content: &str| json!({ "channelId": plans, "content": content });
        let waiting = [
            ann.submit("message:send", &send("three")),
            ann.submit("message:edit", &edit(plans, "3", "THREE")),
            bob.submit("message:edit", &edit(plans, "1", "not his")),
            ann.submit("message:send", &send("four")),
            bob.submit("message:delete", &delete(plans, "2")),
            ann.submit("message:send", &send("five")),
        ];
        let mut revs = Vec::new();
        for answer in waiting {
            revs.push(answer.await.unwrap()["data"]["rev"].clone());
        }
        assert_eq!(json!(revs), json!([3, 4, null, 5, 6, 7]));
        assert_eq!(world.chat.commits() - before, 1);
        let told: Vec<_> = world.take_effects().into_iter().map(|effect| match effect {
            Effect::Emit { event: Event::MessageSent(message) | Event::MessageUpdated(message), .. } => message.rev,
            other => panic!("{other:?}"),
        }).collect();
        assert_eq!(told, [3, 4, 5, 6, 7], "told in their order");
        let heads = world.chat.take_heads();
        let Effect::Emit { event: Event::Heads(heads), .. } = &heads[0] else { panic!("{heads:?}") };
        assert_eq!((heads[&plans].seq, heads[&plans].rev), (5, 7));
    }
}

on_both! {
    async fn heads_tell_of_a_change_too(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        world.chat.take_heads();
        ann.get("message:delete", delete(plans, "1")).await;
        let heads = world.chat.take_heads();
        let Effect::Emit { event: Event::Heads(heads), .. } = &heads[0] else { panic!("{heads:?}") };
        assert_eq!((heads[&plans].seq, heads[&plans].rev), (2, 3));
    }
}

on_both! {
    async fn a_lost_commit_of_an_edit_is_told_as_a_change(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        world.take_told();
        world.chat.fail_point().lose_next_answer();
        assert_eq!(ann.refused("message:edit", edit(plans, "1", "changed")).await, "UNAVAILABLE");
        let again = ann.get("message:edit", edit(plans, "1", "changed")).await;
        assert_eq!(again["rev"], 3, "it had been stored, once");
        let told = told_changes(&world, plans);
        assert_eq!((told.len(), &told[0]["content"], &told[0]["rev"]), (1, &json!("changed"), &json!(3)));
    }
}

on_both! {
    async fn whoever_was_away_gets_the_last_of_every_change(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = plans(&ann, &bob).await;
        ann.say(plans, "three").await;
        ann.get("message:edit", edit(plans, "1", "one")).await;
        ann.get("message:delete", delete(plans, "2")).await;
        ann.get("message:edit", edit(plans, "1", "ONE")).await;
        let missed = bob.get("message:sync", json!({ "channels": { plans.to_string(): 2 } })).await;
        let channel = &missed["channels"][plans.to_string()];
        let rows: Vec<_> = channel["messages"].as_array().unwrap().iter()
            .map(|row| (row["id"].as_str().unwrap(), row["rev"].as_i64().unwrap(), row["content"].as_str().unwrap()))
            .collect();
        assert_eq!(rows, [("3", 3, "three"), ("2", 5, ""), ("1", 6, "ONE")]);
        assert_eq!(channel["head"], json!({ "seq": 3, "rev": 6 }));
    }
}
