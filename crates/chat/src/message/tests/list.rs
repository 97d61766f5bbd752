//! Promises of `message:list`.

use serde_json::json;

use crate::test_world::on_both;

on_both! {
    async fn pages_go_both_ways_and_say_whether_more_follow(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        for n in 1..=5 {
            ann.say(general, &n.to_string()).await;
        }
        for (order, after, ids, more) in [
            ("id:asc", None, ["1", "2"].as_slice(), true),
            ("id:asc", Some("3"), &["4", "5"], false),
            ("id:desc", None, &["5", "4"], true),
            ("id:desc", Some("3"), &["2", "1"], false),
            ("id:desc", Some("2"), &["1"], false),
        ] {
            let mut payload = json!({ "channelId": general, "size": 2, "orderBy": order });
            if let Some(after) = after {
                payload["after"] = json!(after);
            }
            let page = ann.ask("message:list", payload).await;
            let found: Vec<_> = page["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
            assert_eq!((found, &page["hasMore"]), (ids.iter().map(|id| json!(id)).collect(), &json!(more)), "{order} {after:?}");
            assert_eq!(page["rev"], 5, "from before the rows");
        }
        let page = ann.ask("message:list", json!({ "channelId": general, "size": 101 })).await;
        assert_eq!(page["errors"][0]["path"], "size");
    }
}

on_both! {
    async fn an_answer_ends_at_256_kib_and_says_that_more_follow(world: World) {
        let ann = world.person("ann").await;
        let general = world.chat.general();
        for _ in 0..30 {
            // Four bytes each, and six as JSON writes a control character.
            ann.say(general, &"\u{1}".repeat(5_000)).await;
        }
        let page = ann.ask("message:list", json!({ "channelId": general, "size": 100 })).await;
        let rows = page["data"].as_array().unwrap();
        assert!(page.to_string().len() <= 256 * 1024, "{}", page.to_string().len());
        assert_eq!((rows.len(), &page["hasMore"]), (8, &json!(true)));
        let rest = ann.ask("message:list", json!({ "channelId": general, "size": 100, "after": "8" })).await;
        assert_eq!(rest["data"][0]["id"], "9");
    }
}
