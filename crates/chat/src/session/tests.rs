//! Promises of sessions.

use std::time::Duration;

use serde_json::json;

use crate::command::LaneKey;
use crate::effect::Effect;
use crate::error::Code;
use crate::session::{ABSOLUTE, IDLE, Identity, USE_NOTED_EVERY};
use crate::test_world::{World, on_both};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

on_both! {
    async fn a_token_says_who_it_is_until_log_out(world: World) {
        let ann = world.person("ann").await;
        let identity = Identity { user: ann.id(), session: ann.actor.session };
        assert_eq!(world.chat.authenticate(&ann.token).await.unwrap(), Some(identity));
        assert_eq!(world.chat.authenticate("guess").await.unwrap(), None);
        world.take_told();
        world.chat.log_out(&ann.token).await.unwrap();
        assert_eq!(world.take_effects(), [Effect::EndSession { session: ann.actor.session }], "its sockets are cut");
        assert_eq!(world.chat.authenticate(&ann.token).await.unwrap(), None);
        assert!(!world.chat.session_alive(ann.actor.session).await.unwrap());
        world.chat.log_out(&ann.token).await.unwrap();
        assert_eq!(world.take_effects(), [], "a second time nothing happens");
    }
}

on_both! {
    async fn a_session_ends_after_14_days_without_use(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        world.env.advance(IDLE - DAY);
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_some());
        wait_for_use(&world, &ann).await;
        world.env.advance(DAY);
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_some(), "it was used a day ago");
        assert!(world.chat.authenticate(&bob.token).await.unwrap().is_none(), "this one was not");
        assert!(!world.chat.session_alive(bob.actor.session).await.unwrap());
    }
}

/// The use is noted by a lane, and nobody waits for it.
async fn wait_for_use(world: &World, person: &crate::test_world::Person) {
    let identity = Identity { user: person.id(), session: person.actor.session };
    for _ in 0..500 {
        if world.chat.sessions(identity).await.unwrap().first().is_some_and(|s| s.last_used_at == world.env.now()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the use was not noted");
}

on_both! {
    async fn a_session_ends_after_90_days_however_much_it_is_used(world: World) {
        let ann = world.person("ann").await;
        let mut left = ABSOLUTE;
        while left > IDLE / 2 {
            world.env.advance(IDLE / 2);
            left -= IDLE / 2;
            assert!(world.chat.authenticate(&ann.token).await.unwrap().is_some());
            wait_for_use(&world, &ann).await;
        }
        world.env.advance(left);
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_none());
    }
}

on_both! {
    async fn a_use_is_noted_every_few_minutes_only(world: World) {
        let ann = world.person("ann").await;
        let before = world.chat.commits();
        world.env.advance(USE_NOTED_EVERY - Duration::from_millis(1));
        world.chat.authenticate(&ann.token).await.unwrap();
        ann.say(world.chat.general(), "x").await;
        assert_eq!(world.chat.commits() - before, 1, "the message alone");
    }
}

on_both! {
    async fn ending_the_other_sessions_leaves_the_one_that_asks(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let body = crate::command::decode_json(r#"{"username":"ann","password":"correct horse"}"#).unwrap();
        let phone = world.chat.log_in(body, crate::test_world::device()).await.unwrap();
        let here = Identity { user: ann.id(), session: phone.session };
        let list = world.chat.sessions(here).await.unwrap();
        assert_eq!(list.len(), 2);
        let current: Vec<_> = list.iter().filter(|info| info.current).map(|info| info.id).collect();
        assert_eq!(current, [phone.session]);
        assert_eq!((list[0].address.as_str(), list[0].agent.as_str()), ("203.0.113.7", "test"));

        let refused = world.chat.end_session(here, bob.actor.session).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "another's session");
        world.take_told();
        world.chat.end_other_sessions(here).await.unwrap();
        assert_eq!(world.take_effects(), [Effect::EndSession { session: ann.actor.session }]);
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_none());
        assert!(world.chat.authenticate(phone.token.expose()).await.unwrap().is_some());
        assert!(world.chat.authenticate(&bob.token).await.unwrap().is_some());
    }
}

on_both! {
    async fn whoever_signs_in_once_more_than_there_may_be_sessions_ends_the_one_that_was_used_least_lately(world: World) {
        let ann = world.person("ann").await;
        let body = || crate::command::decode_json(r#"{"username":"ann","password":"correct horse"}"#).unwrap();
        let mut newest = None;
        let most = world.chat.limits().sessions_per_user as usize;
        for _ in 1..most {
            world.env.advance(Duration::from_secs(1));
            newest = Some(world.chat.log_in(body(), crate::test_world::device()).await.unwrap());
        }
        let here = Identity { user: ann.id(), session: newest.unwrap().session };
        assert_eq!(world.chat.sessions(here).await.unwrap().len(), most);
        world.take_told();
        world.chat.log_in(body(), crate::test_world::device()).await.unwrap();
        assert_eq!(world.take_effects(), [Effect::EndSession { session: ann.actor.session }]);
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_none());
        assert_eq!(world.chat.sessions(here).await.unwrap().len(), most);
    }
}

on_both! {
    async fn a_session_that_has_ended_ends_no_other(world: World) {
        let ann = world.person("ann").await;
        let body = crate::command::decode_json(r#"{"username":"ann","password":"correct horse"}"#).unwrap();
        let phone = world.chat.log_in(body, crate::test_world::device()).await.unwrap();
        let gone = Identity { user: ann.id(), session: ann.actor.session };
        world.chat.log_out(&ann.token).await.unwrap();
        assert_eq!(world.chat.end_other_sessions(gone).await.unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(world.chat.end_session(gone, phone.session).await.unwrap_err().code(), Code::Unauthenticated);
        assert!(world.chat.authenticate(phone.token.expose()).await.unwrap().is_some());
    }
}

on_both! {
    async fn a_session_whose_end_was_committed_without_an_answer_is_cut_all_the_same(world: World) {
        let ann = world.person("ann").await;
        world.take_told();
        world.chat.fail_point().lose_next_answer();
        let lost = world.chat.log_out(&ann.token).await.unwrap_err();
        assert_eq!(lost.code(), Code::Unavailable);
        for _ in 0..500 {
            if !world.told.lock().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(world.take_effects(), [Effect::EndSession { session: ann.actor.session }]);
    }
}

on_both! {
    async fn a_sweep_ends_what_is_over(world: World) {
        let ann = world.person("ann").await;
        world.env.advance(IDLE);
        let bob = world.person("bob").await;
        world.take_told();
        world.chat.sweep_sessions();
        for _ in 0..500 {
            if !world.told.lock().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(world.take_effects(), [Effect::EndSession { session: ann.actor.session }]);
        assert!(world.chat.session_alive(bob.actor.session).await.unwrap());
    }
}

/// Sign the same person in on another device.
async fn another_device(world: &World, name: &str) -> Identity {
    let phone = world.log_in(name).await;
    Identity { user: phone.id(), session: phone.actor.session }
}

on_both! {
    async fn what_a_device_asks_after_its_end_is_not_carried_out(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let phone = another_device(&world, "ann").await;
        let general = world.chat.general();
        world.chat.end_session(phone, ann.actor.session).await.unwrap();
        // Its socket is about to be cut, and is not yet.
        let send = json!({ "channelId": general, "content": "late" });
        for (name, payload) in [
            ("message:send", send.clone()),
            ("message:ack", json!({ "channelId": general, "messageId": "1" })),
            ("channel:create", json!({ "name": "late" })),
        ] {
            assert_eq!(ann.refused(name, payload).await, "UNAUTHENTICATED", "{name}");
        }
        assert_eq!(bob.contents(general).await, [""; 0]);
        assert_eq!(bob.get("channel:search", json!({})).await, json!([]));
        assert_eq!(bob.ask("message:send", send).await["status"], "OK", "nobody else is concerned");
    }
}

on_both! {
    async fn what_a_device_asks_after_its_end_was_noticed_is_not_carried_out(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        world.meddle("DELETE FROM session WHERE user_id = (SELECT id FROM account WHERE username = 'ann')").await;
        let ended = world.chat.ended_among(vec![ann.actor.session, bob.actor.session]).await.unwrap();
        assert_eq!(ended, [ann.actor.session]);
        let send = json!({ "channelId": world.chat.general(), "content": "late" });
        assert_eq!(ann.refused("message:send", send.clone()).await, "UNAUTHENTICATED");
        assert_eq!(bob.ask("message:send", send).await["status"], "OK");
    }
}

#[tokio::test]
async fn what_waits_behind_the_end_of_its_device_in_one_batch_is_not_carried_out() {
    let world = World::sqlite().await;
    let ann = world.person("ann").await;
    let phone = another_device(&world, "ann").await;
    let commits = world.chat.commits();
    let send = |text: &str| ann.submit("message:send", &json!({ "channelId": world.chat.general(), "content": text }));
    let (ended, (late, create)) = tokio::join!(
        biased;
        world.chat.end_session(phone, ann.actor.session),
        async {
            let (late, create) = (send("late"), ann.submit("channel:create", &json!({ "name": "late" })));
            (late.await.unwrap(), create.await.unwrap())
        }
    );
    ended.unwrap();
    assert_eq!(world.chat.commits() - commits, 1, "all in one");
    assert_eq!((&late["code"], &create["code"]), (&json!("UNAUTHENTICATED"), &json!("UNAUTHENTICATED")));
}

#[tokio::test]
async fn what_a_device_has_asked_before_it_signs_out_is_carried_out() {
    let world = World::sqlite().await;
    let ann = world.person("ann").await;
    let identity = Identity { user: ann.id(), session: ann.actor.session };
    let sent = ann.submit("message:send", &json!({ "channelId": world.chat.general(), "content": "bye" }));
    world.chat.end_session(identity, ann.actor.session).await.unwrap();
    assert_eq!(sent.await.unwrap()["status"], "OK");
}

#[tokio::test]
async fn a_batch_that_is_under_way_when_another_lane_ends_a_session_goes_on_without_it() {
    let world = World::postgres().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let phone = another_device(&world, "ann").await;
    let lane = |key: LaneKey| key.place(world.chat.stats().queued.len());
    let mut plans = ann.channel("plans", "public").await;
    while lane(LaneKey::of(&plans)) == lane(LaneKey::of(&ann.id())) {
        plans = ann.channel(&format!("plans {plans}"), "public").await;
    }
    bob.get("channel:join", json!({ "channelId": plans })).await;

    // Somebody else holds the channel, and the batch waits for it in its midst.
    let mut other = world.other_connection().await;
    sqlx::raw_sql("BEGIN; SELECT 1 FROM channel FOR UPDATE").execute(&mut other).await.unwrap();
    let send = json!({ "channelId": plans, "content": "late" });
    let (late, good) = (ann.submit("message:send", &send), bob.submit("message:send", &send));
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_as::<_, (i64,)>(waits).fetch_one(&mut other).await.unwrap().0 == 0 {
        tokio::task::yield_now().await;
    }
    world.chat.end_session(phone, ann.actor.session).await.unwrap();
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(late.await.unwrap()["code"], "UNAUTHENTICATED");
    assert_eq!(good.await.unwrap()["data"]["seq"], 1);
    assert_eq!(bob.contents(plans).await, ["late"], "his alone");
}

#[tokio::test]
async fn a_stolen_database_signs_nobody_in() {
    let world = World::sqlite().await;
    let ann = world.person("ann").await;
    let testkit::database::Location::Sqlite(path) = world.database.location() else { unreachable!() };
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend(std::fs::read(path.with_extension("db-wal")).unwrap_or_default());
    for secret in [ann.token.as_str(), "correct horse"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is in the file");
    }
}
