//! Promises of `message:sync`: everything missed, or an explicit `truncated`; never a silent gap.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ChannelId;
use crate::test_world::{Person, START, on_both};

async fn sync(person: &Person, cursors: &[(ChannelId, i64)]) -> Value {
    let channels: BTreeMap<_, _> = cursors.iter().map(|(id, rev)| (id.to_string(), rev)).collect();
    let answer = person.ask("message:sync", json!({ "channels": channels })).await;
    assert!(answer.to_string().len() <= 256 * 1024, "an answer of {} bytes", answer.to_string().len());
    assert_eq!(answer["status"], "OK", "{answer}");
    answer["data"].clone()
}

/// Many messages at once.
async fn say_many(person: &Person, channel: ChannelId, count: usize, content: &str) {
    for chunk in vec![(); count].chunks(500) {
        let send = || person.submit("message:send", &json!({ "channelId": channel, "content": content }));
        let waiting: Vec<_> = chunk.iter().map(|()| send()).collect();
        for answer in waiting {
            assert_eq!(answer.await.unwrap()["status"], "OK");
        }
    }
}

on_both! {
    async fn whoever_was_away_gets_what_changed_since(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        for text in ["one", "two", "three"] {
            ann.say(general, text).await;
        }
        ann.get("message:edit", json!({ "channelId": general, "messageId": "1", "content": "ONE" })).await;
        ann.get("message:delete", json!({ "channelId": general, "messageId": "2" })).await;

        let missed = sync(&ann, &[(general, 2)]).await;
        let channel = &missed["channels"][general.to_string()];
        let rows = channel["messages"].as_array().unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (row["id"].as_str().unwrap(), row["rev"].as_i64().unwrap())).collect();
        assert_eq!(rows, [("3", 3), ("1", 4), ("2", 5)], "in order of rev");
        assert_eq!((&channel["messages"][1]["editedAt"], &channel["messages"][1]["content"]), (&json!(START), &json!("ONE")));
        assert_eq!((&channel["messages"][2]["deletedAt"], &channel["messages"][2]["content"]), (&json!(START), &json!("")));
        assert_eq!(channel["head"], json!({ "seq": 3, "rev": 5 }));
        assert_eq!((&channel["truncated"], &channel["channel"]["readUpTo"]), (&json!(false), &json!(3)));
        assert_eq!((&missed["again"], &missed["left"], &missed["joined"]), (&json!([]), &json!([]), &json!([])));
    }
}

on_both! {
    async fn whoever_missed_nothing_gets_the_channel_alone(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        ann.say(general, "one").await;
        let missed = sync(&ann, &[(general, 1)]).await;
        let channel = &missed["channels"][general.to_string()];
        assert_eq!((&channel["messages"], &channel["truncated"]), (&json!([]), &json!(false)));
        assert_eq!(channel["channel"]["name"], "General");
    }
}

on_both! {
    async fn too_much_and_too_far_are_truncated(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        say_many(&ann, general, 301, "x").await;
        for (cursor, truncated, rows) in [(0, true, 0), (1, false, 300), (302, true, 0)] {
            let channel = &sync(&ann, &[(general, cursor)]).await["channels"][general.to_string()];
            let found = channel["messages"].as_array().unwrap().len();
            assert_eq!((&channel["truncated"], found), (&json!(truncated), rows), "from {cursor}");
            assert_eq!(channel["head"], json!({ "seq": 301, "rev": 301 }));
        }
    }
}

on_both! {
    async fn membership_is_checked_again(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let general = world.chat.general();
        let secret = ann.channel("secret", "private").await;
        let open = ann.channel("open", "public").await;
        let nothing = ChannelId::from_uuid(uuid::Uuid::from_u128(1));
        bob.get("channel:join", json!({ "channelId": open })).await;
        bob.get("channel:leave", json!({ "channelId": open })).await;
        let missed = sync(&bob, &[(open, 0), (secret, 0), (nothing, 0), (general, 0)]).await;
        let left = missed["left"].as_array().unwrap();
        for id in [open, secret, nothing] {
            assert!(left.contains(&json!(id)), "left, and nothing more is said of {id}");
            assert_eq!(missed["channels"][id.to_string()], Value::Null);
        }
        assert_eq!(missed["joined"], json!([]), "what was named is not joined");
    }
}

on_both! {
    async fn channels_that_were_not_named_are_joined(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let missed = sync(&bob, &[]).await;
        assert_eq!(missed["joined"][0]["name"], "General");
        let direct = ann.get("user:reach", json!({ "userIds": [bob.id()] })).await;
        let missed = sync(&bob, &[(world.chat.general(), 0)]).await;
        assert_eq!((&missed["joined"][0]["id"], &missed["joined"][0]["users"]), (&direct["id"], &json!([ann.id()])));
    }
}

on_both! {
    async fn an_answer_holds_a_thousand_rows_and_asks_to_come_again(world: World) {
        let ann = world.person("ann").await;
        let mut cursors = Vec::new();
        for n in 0..4 {
            let channel = ann.channel(&format!("room {n}"), "public").await;
            say_many(&ann, channel, 300, "x").await;
            cursors.push((channel, 0));
        }
        let missed = sync(&ann, &cursors).await;
        let rows: usize = missed["channels"].as_object().unwrap().values()
            .map(|channel| channel["messages"].as_array().unwrap().len()).sum();
        assert_eq!(rows, 900);
        let again: ChannelId = serde_json::from_value(missed["again"][0].clone()).unwrap();
        let rest = sync(&ann, &[(again, 0)]).await;
        assert_eq!(rest["channels"][again.to_string()]["messages"].as_array().unwrap().len(), 300);
    }
}

on_both! {
    async fn long_messages_come_in_parts_without_a_gap(world: World) {
        let ann = world.person("ann").await;
        let mut cursors = BTreeMap::from([(world.chat.general(), 0)]);
        for n in 0..3 {
            let channel = ann.channel(&format!("room {n}"), "public").await;
            say_many(&ann, channel, 20, &"\u{1}".repeat(5_000)).await;
            cursors.insert(channel, 0);
        }
        // A client as ARCHITECTURE.md describes it: it knows its cursors and does what `again` says.
        let mut wanted: Vec<_> = cursors.iter().map(|(id, rev)| (*id, *rev)).collect();
        let mut held: BTreeMap<ChannelId, Vec<i64>> = BTreeMap::new();
        let mut rounds = 0;
        while !wanted.is_empty() {
            rounds += 1;
            let missed = sync(&ann, &wanted).await;
            for (id, channel) in missed["channels"].as_object().unwrap() {
                let id: ChannelId = id.parse().unwrap();
                let rows = channel["messages"].as_array().unwrap().iter().map(|row| row["rev"].as_i64().unwrap());
                held.entry(id).or_default().extend(rows);
                let cursor = cursors.entry(id).or_default();
                *cursor = channel["head"]["rev"].as_i64().unwrap().max(*cursor);
                let max = held[&id].last().copied().unwrap_or_default();
                assert!(max >= *cursor, "the cursor is never ahead of what was given");
            }
            let again: Vec<ChannelId> = serde_json::from_value(missed["again"].clone()).unwrap();
            wanted = again.into_iter().map(|id| (id, cursors[&id])).collect();
            assert!(rounds < 30, "each answer brings something");
        }
        for (id, revs) in held.iter().filter(|(id, _)| **id != world.chat.general()) {
            assert_eq!(*revs, (1..=20).collect::<Vec<_>>(), "{id}");
        }
        assert!(rounds > 3, "they did not fit one answer: {rounds}");
    }
}

on_both! {
    async fn the_epoch_stays_over_a_restart(world: World) {
        let ann = world.person("ann").await;
        let before = sync(&ann, &[]).await["epoch"].clone();
        let world = world.restarted().await;
        let ann = world.person("bob").await.chat_as(&ann);
        assert_eq!(sync(&ann, &[]).await["epoch"], before);
    }
}

on_both! {
    async fn a_request_names_at_most_500_channels(world: World) {
        let ann = world.person("ann").await;
        let ids: Vec<_> = (0..501).map(|n| (ChannelId::from_uuid(uuid::Uuid::from_u128(n)), 0)).collect();
        let channels: BTreeMap<_, _> = ids.iter().map(|(id, rev)| (id.to_string(), rev)).collect();
        let answer = ann.ask("message:sync", json!({ "channels": channels })).await;
        assert_eq!((&answer["code"], &answer["errors"][0]["path"]), (&json!("INVALID"), &json!("channels")));
        let missed = sync(&ann, &ids[..500]).await;
        assert_eq!(missed["left"].as_array().unwrap().len(), 500);
        let answer = ann.ask("message:sync", json!({ "channels": { ids[0].0.to_string(): -1 } })).await;
        assert_eq!(answer["code"], "INVALID");
    }
}
