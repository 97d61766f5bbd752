//! Promises of the write lanes.

use std::time::Duration;

use serde_json::{Value, json};

use super::run::LOOK_FROM;
use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::test_world::{Person, World, on_both};

on_both! {
    async fn many_queued_sends_make_few_transactions(world: World) {
        let ann = world.person("ann").await;
        let payload = json!({ "channelId": world.chat.general(), "content": "x" });
        let before = world.chat.commits();
        let waiting: Vec<_> = (0..300).map(|_| ann.submit("message:send", &payload)).collect();
        for (place, answer) in waiting.into_iter().enumerate() {
            assert_eq!(answer.await.unwrap()["data"]["seq"], place + 1);
        }
        assert_eq!(world.chat.commits() - before, 3, "128 sends per commit");
    }
}

on_both! {
    async fn a_full_queue_refuses_at_once_and_loses_nothing(world: World) {
        let ann = world.person("ann").await;
        let payload = json!({ "channelId": world.chat.general(), "content": "x" });
        let waiting: Vec<_> = (0..1_100).map(|_| ann.submit("message:send", &payload)).collect();
        let mut stored = 0;
        for answer in waiting {
            let answer = answer.await.unwrap();
            match answer["status"].as_str() {
                Some("OK") => stored += 1,
                _ => assert_eq!((&answer["code"], &answer["retryAfterMs"]), (&json!("BUSY"), &json!(1000))),
            }
        }
        assert_eq!(stored, 1_024);
        assert_eq!(ann.view(world.chat.general()).await["seq"], stored);
    }
}

on_both! {
    async fn a_refused_command_costs_nobody_else_anything(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let general = world.chat.general();
        ann.channel("taken", "public").await;
        let send = json!({ "channelId": general, "content": "x" });
        let first = ann.submit("message:send", &send);
        let refused = bob.submit("channel:create", &json!({ "name": "Taken" }));
        let second = ann.submit("message:send", &send);
        assert_eq!(first.await.unwrap()["data"]["seq"], 1);
        assert_eq!(refused.await.unwrap()["code"], "CONFLICT");
        assert_eq!(second.await.unwrap()["data"]["seq"], 2);
    }
}

on_both! {
    async fn one_poisoned_channel_does_not_stop_the_others_in_its_batch(world: World) {
        let ann = world.person("ann").await;
        let (good, bad) = (world.chat.general(), ann.channel("bad", "public").await);
        ann.say(bad, "one").await;
        // The channel's counter goes back: its next message cannot be stored.
        world.meddle("UPDATE channel SET seq = 0 WHERE name = 'bad'").await;
        let waiting = [good, bad, good].map(|channel| {
            ann.submit("message:send", &json!({ "channelId": channel, "content": "x" }))
        });
        let [first, poisoned, second] = waiting;
        assert_eq!(first.await.unwrap()["data"]["seq"], 1);
        let poisoned = poisoned.await.unwrap();
        assert_eq!(poisoned["code"], "INTERNAL");
        assert!(poisoned["message"].as_str().unwrap().starts_with("internal error "), "an id to quote: {poisoned}");
        assert_eq!(second.await.unwrap()["data"]["seq"], 2);
    }
}

on_both! {
    async fn a_lost_commit_is_unknown_and_what_it_stored_is_delivered_before_the_next(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        ann.say(general, "before").await;
        world.take_told();
        world.chat.fail_point().lose_next_answer();
        let send = json!({ "channelId": general, "content": "lost?", "clientId": "a-1" });
        let unknown = ann.ask("message:send", send.clone()).await;
        assert_eq!(unknown["code"], "UNAVAILABLE");
        ann.say(general, "after").await;
        let told: Vec<_> = world.take_told().into_iter().map(|told| match told.effect {
            Effect::Emit { audience, event: Event::MessageSent(message), .. } => {
                assert_eq!(audience, Audience::Channel(general));
                (message.content, told.origin.is_some())
            }
            other => panic!("{other:?}"),
        }).collect();
        assert_eq!(told, [("lost?".to_owned(), false), ("after".to_owned(), true)], "to everybody, then the next");
        let retried = ann.get("message:send", send).await;
        assert_eq!((&retried["seq"], &retried["repeated"]), (&json!(2), &json!(true)));
        assert_eq!(ann.contents(general).await, ["before", "lost?", "after"]);
    }
}

on_both! {
    async fn a_membership_of_a_lost_commit_is_made_good(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = ann.channel("plans", "public").await;
        world.take_told();
        world.chat.fail_point().lose_next_answer();
        assert_eq!(bob.refused("channel:join", json!({ "channelId": plans })).await, "UNAVAILABLE");
        ann.say(plans, "hi").await;
        let channels = bob.chat.memberships(bob.id()).await.unwrap();
        assert!(channels.contains(&plans), "it had been committed");
        assert_eq!(*world.reread.lock(), [bob.id()], "his rooms are read anew");
    }
}

/// Ask for something whose answer is lost with that of its COMMIT. What is told once the lane is back.
async fn lose(world: &World, person: &Person, name: &str, payload: Value) -> Vec<Effect> {
    world.take_told();
    world.chat.fail_point().lose_next_answer();
    assert_eq!(person.refused(name, payload).await, "UNAVAILABLE");
    for _ in 0..500 {
        if !world.told.lock().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let told = world.take_told();
    assert!(told.iter().all(|told| told.origin.is_none()), "the one who asked has no answer: {told:?}");
    told.into_iter().map(|told| told.effect).collect()
}

/// An event as it goes over the wire, and to whom.
fn wire(effect: &Effect) -> (Audience, &'static str, Value) {
    let Effect::Emit { audience, event, .. } = effect else { panic!("{effect:?}") };
    (*audience, event.name(), serde_json::to_value(event).unwrap())
}

on_both! {
    async fn what_a_lost_commit_changed_of_a_channel_is_told(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let plans = ann.channel("plans", "public").await;
        let everybody = Audience::Channel(plans);
        let member = json!({ "channelId": plans, "userId": bob.id() });
        let channel = |name: &str, count: i64| {
            json!({ "id": plans, "name": name, "type": "public", "topic": null, "userCount": count })
        };

        let told = lose(&world, &bob, "channel:join", json!({ "channelId": plans })).await;
        let told: Vec<_> = told.iter().map(wire).collect();
        let expected = [(everybody, "member:joined", member.clone()), (everybody, "channel:updated", channel("plans", 2))];
        assert_eq!(told, expected);

        let told = lose(&world, &ann, "channel:update", json!({ "channelId": plans, "name": "deeds" })).await;
        assert_eq!(told.iter().map(wire).collect::<Vec<_>>(), [(everybody, "channel:updated", channel("deeds", 2))]);

        let told = lose(&world, &ann, "channel:leave", json!({ "channelId": plans })).await;
        let mut owner = channel("deeds", 1);
        owner["role"] = json!("owner");
        let expected = [
            (everybody, "member:left", json!({ "channelId": plans, "userId": ann.id() })),
            (everybody, "channel:updated", channel("deeds", 1)),
            (Audience::User(bob.id()), "channel:updated", owner),
        ];
        assert_eq!(told.iter().map(wire).collect::<Vec<_>>(), expected);
    }
}

on_both! {
    async fn the_name_of_a_lost_commit_is_told(world: World) {
        let ann = world.person("ann").await;
        let told = lose(&world, &ann, "user:update", json!({ "displayName": "Annie" })).await;
        let profile = json!({ "id": ann.id(), "username": "ann", "displayName": "Annie" });
        let everybody = Audience::Channel(world.chat.general());
        assert_eq!(told.iter().map(wire).collect::<Vec<_>>(), [(everybody, "user:updated", profile)]);
    }
}

#[tokio::test]
async fn a_lost_commit_that_is_still_under_way_is_waited_for() {
    let world = World::postgres().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let plans = ann.channel("plans", "public").await;
    world.take_told();
    let go_on = world.chat.fail_point().hold_next_commit();
    assert_eq!(bob.refused("channel:join", json!({ "channelId": plans })).await, "UNAVAILABLE");
    let mut other = world.other_connection().await;
    let waits = "SELECT COUNT(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted";
    let waiting = async {
        while sqlx::query_as::<_, (i64,)>(waits).fetch_one(&mut other).await.unwrap().0 == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the lane waits for its turn");
    assert!(world.reread.lock().is_empty() && !world.chat.memberships(bob.id()).await.unwrap().contains(&plans));

    go_on.send(()).unwrap();
    // The lane takes it up when it has looked at what became of its commit.
    assert_eq!(ann.say(plans, "hi").await, "1");
    assert_eq!(*world.reread.lock(), [bob.id()]);
    assert!(world.chat.memberships(bob.id()).await.unwrap().contains(&plans));
}

#[tokio::test]
async fn a_commit_that_the_database_refuses_stores_nothing_and_the_lane_goes_on() {
    let world = World::postgres().await;
    let ann = world.person("ann").await;
    let general = world.chat.general();
    // Fails at COMMIT, not before.
    world
        .meddle(
            "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'at commit'; END $$ LANGUAGE plpgsql; \
             CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON message DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW WHEN (NEW.content = 'bad') EXECUTE FUNCTION refuse()",
        )
        .await;
    assert_eq!(ann.refused("message:send", json!({ "channelId": general, "content": "bad" })).await, "UNAVAILABLE");
    assert_eq!(ann.say(general, "good").await, "1", "no hole");
}

#[tokio::test]
async fn a_lane_comes_back_after_its_connection_was_cut() {
    let world = World::postgres().await;
    let ann = world.person("ann").await;
    let general = world.chat.general();
    ann.say(general, "before").await;
    world
        .meddle(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    let send = json!({ "channelId": general, "content": "after", "clientId": "a-1" });
    let mut tries = 0;
    let stored = loop {
        let answer = ann.ask("message:send", send.clone()).await;
        if answer["status"] == "OK" {
            break answer["data"]["seq"].clone();
        }
        assert_eq!(answer["code"], "UNAVAILABLE");
        tries += 1;
        assert!(tries < 20, "{answer}");
    };
    assert_eq!(stored, 2, "once, without a hole");
    let waiting = Duration::from_secs(30);
    let ready = async {
        while !world.chat.ready().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(waiting, ready).await.expect("every lane comes back by itself");
    assert_eq!(ann.contents(general).await, ["before", "after"]);
}

#[tokio::test]
async fn a_database_that_another_process_has_locked_is_answered_with_busy() {
    let world = World::sqlite().await;
    let ann = world.person("ann").await;
    let testkit::database::Location::Sqlite(path) = world.database.location() else { unreachable!() };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let send = json!({ "channelId": world.chat.general(), "content": "x" });
    assert_eq!(ann.refused("message:send", send.clone()).await, "BUSY");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(ann.get("message:send", send).await["seq"], 1, "nothing had changed");
}

#[tokio::test]
async fn a_channel_that_another_server_holds_is_answered_with_busy() {
    let world = World::postgres().await;
    let ann = world.person("ann").await;
    let mut other = world.other_connection().await;
    sqlx::raw_sql("BEGIN; SELECT 1 FROM channel FOR UPDATE").execute(&mut other).await.unwrap();
    let send = json!({ "channelId": world.chat.general(), "content": "x" });
    assert_eq!(ann.refused("message:send", send.clone()).await, "BUSY");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(ann.get("message:send", send).await["seq"], 1, "nothing had changed");
}

#[tokio::test]
async fn postgresql_looks_anew_at_messages_that_have_become_many() {
    let world = World::postgres().await;
    let ann = world.person("ann").await;
    let mut other = world.other_connection().await;
    let looked = "SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'message'";
    let send = json!({ "channelId": world.chat.general(), "content": "x" });
    for _ in 0..2 {
        assert_eq!(sqlx::query_as::<_, (i64,)>(looked).fetch_one(&mut other).await.unwrap().0, 0);
        let sent: Vec<_> = (0..LOOK_FROM / 2).map(|_| ann.submit("message:send", &send)).collect();
        for answer in sent {
            assert_eq!(answer.await.unwrap()["status"], "OK");
        }
    }
    let renewed = async {
        while sqlx::query_as::<_, (i64,)>(looked).fetch_one(&mut other).await.unwrap().0 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), renewed).await.is_ok());
}

on_both! {
    async fn a_closing_server_finishes_what_is_queued(world: World) {
        let ann = world.person("ann").await;
        let payload = json!({ "channelId": world.chat.general(), "content": "x" });
        let waiting: Vec<_> = (0..200).map(|_| ann.submit("message:send", &payload)).collect();
        world.chat.close().await;
        for answer in waiting {
            assert_eq!(answer.await.unwrap()["status"], "OK");
        }
        assert_eq!(ann.refused("message:send", payload).await, "BUSY");
    }
}

#[tokio::test]
async fn a_server_that_must_stop_says_why_and_takes_no_more() {
    let world = World::sqlite().await;
    let ann = world.person("ann").await;
    world.chat.fail("the disk is broken");
    assert_eq!(world.chat.fatal().await, "the disk is broken");
    assert!(!world.chat.ready().await);
    // The lane notices with its next loss of the connection; the transport has stopped by then.
    world.chat.fail_point().lose_next_answer();
    let send = json!({ "channelId": world.chat.general(), "content": "x" });
    assert_eq!(ann.refused("message:send", send.clone()).await, "UNAVAILABLE");
    let code = ann.refused("message:send", send).await;
    assert!(code == "BUSY" || code == "UNAVAILABLE", "{code}");
}
