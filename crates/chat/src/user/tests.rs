//! Promises of `user:get` and `user:search`.

use serde_json::json;

use crate::effect::Effect;
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
