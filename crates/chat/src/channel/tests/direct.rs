//! Promises of direct conversations.

use serde_json::{Value, json};

use crate::ChannelId;
use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::test_world::{Person, Told, id_of, on_both};

on_both! {
    async fn a_direct_conversation_is_one_per_set_of_people(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        world.take_told();
        let made = ann.get("user:reach", json!({ "userIds": [bob.id()] })).await;
        let id: ChannelId = id_of(&made);
        assert_eq!((&made["name"], &made["type"], &made["direct"]), (&Value::Null, &json!("private"), &json!(true)));
        assert_eq!((&made["users"], &made["userCount"]), (&json!([bob.id()]), &json!(2)));
        let told = world.take_told();
        for person in [&ann, &bob] {
            let joined = Effect::Join { user: person.id(), channel: id };
            assert!(told.contains(&Told { origin: ann.actor.origin.clone(), effect: joined }), "{told:?}");
            let others = told.iter().find_map(|told| match &told.effect {
                Effect::Emit { audience: Audience::User(user), event: Event::ChannelCreated(channel), .. }
                    if *user == person.id() => Some(channel.users.clone()),
                _ => None,
            });
            let other = if person.id() == ann.id() { bob.id() } else { ann.id() };
            assert_eq!(others, Some(vec![other]), "each sees the others");
        }
        for (person, ids) in [(&ann, vec![bob.id()]), (&bob, vec![ann.id()]), (&bob, vec![ann.id(), bob.id(), ann.id()])] {
            let again = person.get("user:reach", json!({ "userIds": ids })).await;
            assert_eq!(again["id"], made["id"]);
        }
        assert_eq!(world.take_told(), [], "nothing new, nothing told");
        let three = ann.get("user:reach", json!({ "userIds": [bob.id(), cleo.id()] })).await;
        assert_ne!(three["id"], made["id"]);
        assert_eq!(three["userCount"], 3);
    }
}

on_both! {
    async fn two_people_who_reach_for_each_other_at_once_meet_in_one_place(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let first = ann.submit("user:reach", &json!({ "userIds": [bob.id()] }));
        let second = bob.submit("user:reach", &json!({ "userIds": [ann.id()] }));
        assert_eq!(first.await.unwrap()["data"]["id"], second.await.unwrap()["data"]["id"]);
    }
}

on_both! {
    async fn a_conversation_needs_one_to_eight_known_others(world: World) {
        let ann = world.person("ann").await;
        let nobody = |n: u128| crate::UserId::from_uuid(uuid::Uuid::from_u128(n));
        for (ids, code) in [
            (vec![], "INVALID"),
            (vec![ann.id()], "INVALID"),
            ((0..9).map(nobody).collect(), "INVALID"),
            (vec![nobody(1)], "NOT_FOUND"),
        ] {
            assert_eq!(ann.refused("user:reach", json!({ "userIds": ids })).await, code, "{ids:?}");
        }
        let mut eight = Vec::new();
        for n in 0..8 {
            eight.push(world.person(&format!("guest{n}x")).await.id());
        }
        assert_eq!(ann.get("user:reach", json!({ "userIds": eight })).await["userCount"], 9);
    }
}

on_both! {
    async fn the_disabled_are_reached_only_where_one_talked_to_them_before(world: World) {
        let (ann, bob, cleo) = (world.person("ann").await, world.person("bob").await, world.person("cleo").await);
        let with = |people: &[&Person]| json!({ "userIds": people.iter().map(|p| p.id()).collect::<Vec<_>>() });
        let before = ann.get("user:reach", with(&[&bob])).await;
        world.chat.set_disabled(bob.id(), true).await.unwrap();
        assert_eq!(ann.get("user:reach", with(&[&bob])).await["id"], before["id"], "what was said stays");
        assert_eq!(cleo.refused("user:reach", with(&[&bob])).await, "NOT_FOUND");
        assert_eq!(ann.refused("user:reach", with(&[&bob, &cleo])).await, "NOT_FOUND");
        world.chat.set_disabled(bob.id(), false).await.unwrap();
        assert_eq!(cleo.get("user:reach", with(&[&bob])).await["userCount"], 2);
    }
}
