//! Promises of `user:get` and `user:search`.

use serde_json::json;

use crate::effect::{Audience, Effect};
use crate::event::Event;
use crate::test_world::on_both;
use crate::{Request, UserId};

on_both! {
    async fn a_person_is_shown_with_whether_they_are_here(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("Bob").await);
        let shown = json!({ "id": bob.id(), "username": "Bob", "displayName": "Bob", "isOnline": false });
        assert_eq!(ann.get("user:get", json!({ "userId": bob.id() })).await, shown);
        world.chat.presence().socket_opened(bob.id());
        assert_eq!(ann.get("user:get", json!({ "userIds": [bob.id()] })).await[0]["isOnline"], true);
    }
}

on_both! {
    async fn whoever_asks_for_people_follows_them(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let payload = serde_json::value::to_raw_value(&json!({ "userId": bob.id() })).unwrap();
        let request = Request::decode("user:get", Some(&payload)).unwrap();
        let (_, effects) = world.chat.answer(&ann.actor, request).await;
        assert_eq!(effects, [Effect::Watch { users: vec![(bob.id(), false)] }]);
    }
}

on_both! {
    async fn an_unknown_person_is_not_found_and_left_out_of_a_list(world: World) {
        let ann = world.person("ann").await;
        let nobody = UserId::from_uuid(uuid::Uuid::from_u128(1));
        assert_eq!(ann.refused("user:get", json!({ "userId": nobody })).await, "NOT_FOUND");
        let list = ann.get("user:get", json!({ "userIds": [nobody, ann.id()] })).await;
        assert_eq!((list.as_array().unwrap().len(), &list[0]["username"]), (1, &json!("ann")));
        assert_eq!(ann.refused("user:get", json!({})).await, "INVALID");
        assert_eq!(ann.refused("user:get", json!({ "userId": ann.id(), "userIds": [] })).await, "INVALID");
        assert_eq!(ann.refused("user:get", json!({ "userIds": vec![ann.id(); 101] })).await, "INVALID");
    }
}

on_both! {
    async fn a_search_finds_others_by_the_beginning_of_a_name(world: World) {
        let ann = world.person("ann").await;
        let (bob, bert) = (world.person("Bob").await, world.person("bert").await);
        world.person("zoe").await;
        let names = async |payload| {
            let found = ann.get("user:search", payload).await;
            let found = found.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned());
            found.collect::<Vec<_>>()
        };
        assert_eq!(names(json!({ "q": "B" })).await, ["bert", "Bob"]);
        assert_eq!(names(json!({})).await, ["bert", "Bob", "zoe"], "without oneself");
        assert_eq!(names(json!({ "q": "b%" })).await, [""; 0], "no pattern characters");
        let page = ann.ask("user:search", json!({ "q": "b", "size": 1 })).await;
        assert_eq!((page["data"].as_array().unwrap().len(), &page["hasMore"]), (1, &json!(true)));

        ann.get("user:reach", json!({ "userIds": [bob.id()] })).await;
        ann.get("user:reach", json!({ "userIds": [bob.id(), bert.id()] })).await;
        assert_eq!(names(json!({ "q": "b" })).await, ["bert"], "without those one talks to directly");
        assert_eq!(names(json!({ "q": "b", "all": true })).await, ["bert", "Bob"]);
    }
}

on_both! {
    async fn the_disabled_are_found_by_nobody_until_they_are_let_in_again(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        for (disabled, found) in [(true, 0), (false, 1)] {
            world.chat.set_disabled(bob.id(), disabled).await.unwrap();
            for payload in [json!({ "q": "bo" }), json!({ "all": true })] {
                let page = ann.get("user:search", payload).await;
                assert_eq!(page.as_array().unwrap().len(), found, "{page}");
            }
        }
        world.chat.set_disabled(bob.id(), true).await.unwrap();
        let named = ann.get("user:get", json!({ "userId": bob.id() })).await;
        assert_eq!(named["displayName"], "bob", "what they wrote keeps its author");
    }
}

on_both! {
    async fn whoever_is_found_by_both_names_is_found_once_and_in_the_order_of_the_names_to_sign_in_with(world: World) {
        let ann = world.person("ann").await;
        for (name, display_name) in [("bea", "zoe"), ("ben", "Ben"), ("cleo", "beate"), ("dan", "Be")] {
            world.person(name).await.get("user:update", json!({ "displayName": display_name })).await;
        }
        let names = |page: &serde_json::Value| -> Vec<String> {
            let users = page["data"].as_array().unwrap().iter();
            users.map(|user| user["username"].as_str().unwrap().to_owned()).collect()
        };
        let all = ann.ask("user:search", json!({ "q": "be" })).await;
        assert_eq!((names(&all), &all["hasMore"]), (["bea", "ben", "cleo", "dan"].map(str::to_owned).to_vec(), &json!(false)));
        let some = ann.ask("user:search", json!({ "q": "be", "size": 2 })).await;
        assert_eq!((names(&some), &some["hasMore"]), (vec!["bea".to_owned(), "ben".to_owned()], &json!(true)));
    }
}

on_both! {
    async fn a_name_is_found_by_a_beginning_that_ends_with_a_sigma(world: World) {
        let ann = world.person("ann").await;
        world.person("σασα").await;
        world.person("σας").await;
        for q in ["σασ", "σας", "ΣΑΣ", "σα"] {
            let found = ann.get("user:search", json!({ "q": q })).await;
            let names: Vec<_> = found.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect();
            assert_eq!(names, ["σας", "σασα"], "{q}");
        }
        assert_eq!(ann.get("user:search", json!({ "q": "σασα" })).await[0]["username"], "σασα");
    }
}

on_both! {
    async fn whoever_goes_by_another_name_is_called_so_and_everybody_is_told(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        world.take_told();
        let own = ann.get("user:update", json!({ "displayName": "Ann \u{C5}" })).await;
        let expected = json!({ "id": ann.id(), "username": "ann", "displayName": "Ann \u{C5}", "role": "owner", "settings": {} });
        assert_eq!(own, expected);
        let told = world.take_effects();
        let [Effect::Emit { audience, event: event @ Event::UserUpdated(_), volatile: false }] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(*audience, Audience::Channel(world.chat.general()));
        let profile = json!({ "id": ann.id(), "username": "ann", "displayName": "Ann \u{C5}" });
        assert_eq!(serde_json::to_value(event).unwrap(), profile);
        assert_eq!(bob.get("user:search", json!({ "q": "ann a\u{30A}" })).await[0]["id"], json!(ann.id()), "found by it");
        assert_eq!(bob.get("user:get", json!({ "userId": ann.id() })).await["displayName"], "Ann \u{C5}");
    }
}

on_both! {
    async fn what_is_no_name_is_not_taken(world: World) {
        let ann = world.person("ann").await;
        for payload in [
            json!({}), json!({ "displayName": "" }), json!({ "displayName": "x".repeat(65) }),
            json!({ "displayName": " edge" }), json!({ "displayName": "a\u{202E}b" }), json!({ "displayName": "a\0b" }),
            json!({ "displayName": "\u{2800}" }), json!({ "displayName": "\u{FE0F}" }), json!({ "displayName": "\u{301}a" }),
            json!({ "username": "bob" }), json!({ "displayName": "x", "role": "owner" }),
        ] {
            assert_eq!(ann.refused("user:update", payload.clone()).await, "INVALID", "{payload}");
        }
        assert_eq!(ann.get("user:get", json!({ "userId": ann.id() })).await["displayName"], "ann");
    }
}
