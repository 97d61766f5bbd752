//! Promises of sign-up and sign-in.

use serde_json::json;

use crate::account::{ChangePassword, Door, LogIn, ServerRole, SignUp};
use crate::command::decode_json;
use crate::effect::Effect;
use crate::error::{Code, Error};
use crate::session::{Identity, OpenSession};
use crate::test_world::{device, on_both, sign_up};

fn log_in(username: &str, password: &str) -> LogIn {
    decode_json(&json!({ "username": username, "password": password }).to_string()).unwrap()
}

/// What a server asks of its first account where others can reach it.
fn guarded() -> Door {
    Door { setup_code: Some("secret".to_owned()), ..Door::OPEN }
}

fn setup(name: &str, code: &str) -> SignUp {
    let body = json!({ "username": name, "password": "correct horse", "setupCode": code });
    decode_json(&body.to_string()).unwrap()
}

on_both! {
    async fn the_first_account_owns_the_server_and_the_second_does_not(world: World) {
        assert!(world.chat.is_empty().await.unwrap());
        let ann = world.chat.sign_up(sign_up("ann"), device(), &Door::OPEN).await.unwrap();
        let bob = world.chat.sign_up(sign_up("bob"), device(), &Door::OPEN).await.unwrap();
        assert_eq!((ann.user.role, bob.user.role), (ServerRole::Owner, ServerRole::Member));
        assert!(!world.chat.is_empty().await.unwrap());
        let own = world.chat.own_user(ann.user.id).await.unwrap().unwrap();
        let wire = serde_json::to_value(&own).unwrap();
        let expected = json!({ "id": own.id, "username": "ann", "displayName": "ann", "role": "owner", "settings": {} });
        assert_eq!(wire, expected);
    }
}

on_both! {
    async fn a_server_that_others_can_reach_is_owned_by_whoever_knows_the_code(world: World) {
        let refused = world.chat.sign_up(setup("eve", "guess"), device(), &guarded()).await.unwrap_err();
        assert_eq!((refused.code(), refused.errors()[0].path.as_str()), (Code::Invalid, "setupCode"));
        let refused = world.chat.sign_up(sign_up("eve"), device(), &guarded()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Invalid);
        assert!(world.chat.is_empty().await.unwrap(), "nothing was stored");
        let ann = world.chat.sign_up(setup("ann", "secret"), device(), &guarded()).await.unwrap();
        assert_eq!(ann.user.role, ServerRole::Owner);
        let bob = world.chat.sign_up(sign_up("bob"), device(), &guarded()).await.unwrap();
        assert_eq!(bob.user.role, ServerRole::Member, "once it is owned no code is asked for");
    }
}

on_both! {
    async fn two_first_sign_ups_at_once_make_one_owner(world: World) {
        let (ann, bob) = tokio::join!(
            world.chat.sign_up(sign_up("ann"), device(), &Door::OPEN),
            world.chat.sign_up(sign_up("bob"), device(), &Door::OPEN),
        );
        let roles = [ann.unwrap().user.role, bob.unwrap().user.role];
        assert!(roles.contains(&ServerRole::Owner) && roles.contains(&ServerRole::Member), "{roles:?}");
    }
}

on_both! {
    async fn names_that_look_alike_are_taken(world: World) {
        world.person("admin").await;
        world.person("bob0").await;
        for name in ["Admin", "ADMIN", "\u{430}dmin", "\u{FF41}dmin", "bobo", "BOBO"] {
            let refused = world.chat.sign_up(sign_up(name), device(), &Door::OPEN).await.unwrap_err();
            assert_eq!((refused.code(), refused.errors()[0].path.as_str()), (Code::Conflict, "username"), "{name}");
        }
    }
}

#[test]
fn names_that_deceive_are_invalid() {
    for name in [
        "a",
        "",
        "has space",
        "admin\u{200B}",
        "\u{202E}nimda",
        "a\u{0}b",
        "a\nb",
        "a\u{1b}[31m",
        "a/b",
        "😀😀",
        "\u{3164}\u{3164}",
        "\u{301}ab",
        &"x".repeat(33),
    ] {
        let body = json!({ "username": name, "password": "correct horse" }).to_string();
        let refused = decode_json::<SignUp>(&body).unwrap_err();
        assert_eq!((refused.code(), refused.errors()[0].path.as_str()), (Code::Invalid, "username"), "{name:?}");
    }
    for name in ["ab", "a.b_c-d", "Zoë", "Жанна", "李小龍", "अनिल", &"x".repeat(32)] {
        let body = json!({ "username": name, "password": "correct horse" }).to_string();
        decode_json::<SignUp>(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_sign_up_with_a_role_or_a_bad_password_is_invalid() {
    for (body, path) in [
        (json!({ "username": "ann", "password": "correct horse", "role": "owner" }), "role"),
        (json!({ "username": "ann", "password": "seven77" }), "password"),
        (json!({ "username": "ann", "password": "x".repeat(129) }), "password"),
        (json!({ "username": "ann", "password": "correct horse", "displayName": "a\u{202E}b" }), "displayName"),
    ] {
        let refused = decode_json::<SignUp>(&body.to_string()).unwrap_err();
        assert_eq!((refused.code(), refused.errors()[0].path.as_str()), (Code::Invalid, path), "{body}");
    }
}

on_both! {
    async fn a_wrong_name_and_a_wrong_password_are_refused_alike(world: World) {
        world.person("ann").await;
        let body = |error: &Error| serde_json::to_value(error).unwrap();
        let mut answers = Vec::new();
        for (name, password) in [("ann", "wrong"), ("nobody", "wrong"), ("a\u{0}b", ""), ("", "correct horse")] {
            let before = world.chat.password_checks();
            let refused = world.chat.log_in(log_in(name, password), device()).await.unwrap_err();
            assert_eq!(world.chat.password_checks() - before, 1, "one verification for {name:?}");
            answers.push(body(&refused));
        }
        for answer in answers {
            assert_eq!(answer, json!({ "code": "UNAUTHENTICATED", "message": "invalid credentials" }));
        }
    }
}

on_both! {
    async fn a_name_signs_in_in_any_case(world: World) {
        let ann = world.person("Ann").await;
        let again = world.chat.log_in(log_in("aNN", "correct horse"), device()).await.unwrap();
        assert_eq!((again.user.id, again.user.username.as_str()), (ann.id(), "Ann"));
        assert_ne!(again.token.expose(), ann.token, "each device has its own");
    }
}

on_both! {
    async fn everybody_is_in_general_from_sign_up_on_with_nothing_unread(world: World) {
        let ann = world.person("ann").await;
        ann.say(world.chat.general(), "early").await;
        let bob = world.person("bob").await;
        let view = bob.view(world.chat.general()).await;
        assert_eq!((&view["name"], &view["unreadCount"]), (&json!("General"), &json!(0)));
        assert_eq!((&view["userCount"], &view["role"]), (&json!(2), &json!("member")));
        assert_eq!(bob.contents(world.chat.general()).await, ["early"], "new members see the whole history");
        assert_eq!(ann.view(world.chat.general()).await["role"], "owner");
    }
}

#[test]
fn every_way_of_writing_a_name_is_looked_up_alike() {
    for typed in ["ada", "ADA", "\u{FF41}\u{FF44}\u{FF41}", "Ad\u{FF21}"] {
        assert_eq!(log_in(typed, "any").name_key(), "ada", "{typed}");
    }
    assert!(log_in(&"x".repeat(60_000), "any").name_key().len() <= 256);
}

fn new_password(current: &str, new: &str) -> ChangePassword {
    decode_json(&json!({ "current": current, "new": new }).to_string()).unwrap()
}

on_both! {
    async fn a_new_password_signs_in_and_ends_every_other_session(world: World) {
        let ann = world.person("ann").await;
        let bob = world.person("bob").await;
        let phone = world.chat.log_in(log_in("ann", "correct horse"), device()).await.unwrap();
        let here = Identity { user: ann.id(), session: phone.session };
        world.take_told();
        world.chat.change_password(here, new_password("correct horse", "battery staple")).await.unwrap();
        assert_eq!(world.take_effects(), [Effect::EndSession { session: ann.actor.session }], "its sockets are cut");
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_none());
        assert!(world.chat.authenticate(phone.token.expose()).await.unwrap().is_some());
        assert!(world.chat.authenticate(&bob.token).await.unwrap().is_some());
        let old = world.chat.log_in(log_in("ann", "correct horse"), device()).await.unwrap_err();
        assert_eq!(old.code(), Code::Unauthenticated);
        world.chat.log_in(log_in("ann", "battery staple"), device()).await.unwrap();
    }
}

on_both! {
    async fn whoever_does_not_know_the_password_cannot_change_it(world: World) {
        let ann = world.person("ann").await;
        let here = Identity { user: ann.id(), session: ann.actor.session };
        let refused = world.chat.change_password(here, new_password("guess", "battery staple")).await.unwrap_err();
        assert_eq!((refused.code(), refused.errors()[0].path.as_str()), (Code::Invalid, "current"));
        world.chat.log_out(&ann.token).await.unwrap();
        let late = world.chat.change_password(here, new_password("correct horse", "battery staple")).await.unwrap_err();
        assert_eq!(late.code(), Code::Unauthenticated, "this device has been signed out");
        world.chat.log_in(log_in("ann", "correct horse"), device()).await.unwrap();
    }
}

on_both! {
    async fn of_two_changes_at_once_one_stands_and_is_the_one_that_was_told_so(world: World) {
        let ann = world.person("ann").await;
        let here = Identity { user: ann.id(), session: ann.actor.session };
        let change = |new| world.chat.change_password(here, new_password("correct horse", new));
        let (one, two) = tokio::join!(change("battery staple"), change("staple battery"));
        assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|stands| **stands).count(), 1);
        let password = if one.is_ok() { "battery staple" } else { "staple battery" };
        world.chat.log_in(log_in("ann", password), device()).await.unwrap();
    }
}

on_both! {
    async fn the_disabled_are_signed_out_and_kept_out_until_they_are_let_in_again(world: World) {
        let _owner = world.person("owner").await;
        let ann = world.person("ann").await;
        let before = world.chat.access().await.unwrap().rev;
        world.take_told();
        world.chat.set_disabled(ann.id(), true).await.unwrap();
        assert_eq!(world.take_effects(), [Effect::EndSession { session: ann.actor.session }]);
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_none());
        assert_ne!(world.chat.access().await.unwrap().rev, before, "a server beside this one hears of it");
        let sessions = vec![ann.actor.session];
        assert_eq!(world.chat.ended_among(sessions.clone()).await.unwrap(), sessions);

        let right = world.chat.log_in(log_in("ann", "correct horse"), device()).await.unwrap_err();
        assert_eq!(right.code(), Code::Forbidden, "whoever knows the password is told");
        let body = serde_json::to_value(&right).unwrap();
        assert_eq!((&body["errors"][0]["path"], &body["errors"][0]["code"]), (&"username".into(), &"disabled".into()));
        let wrong = world.chat.log_in(log_in("ann", "wrong"), device()).await.unwrap_err();
        assert_eq!(wrong.code(), Code::Unauthenticated, "nobody else is");
        world.chat.set_disabled(ann.id(), false).await.unwrap();
        world.chat.log_in(log_in("ann", "correct horse"), device()).await.unwrap();
    }
}

on_both! {
    async fn a_password_that_changes_while_it_is_verified_signs_nobody_in(world: World) {
        let ann = world.person("ann").await;
        let stale = OpenSession { token_hash: [7; 32], device: device(), verified: "another hash".to_owned() };
        let refused = world.chat.perform(ann.id(), ann.actor.session, stale).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
}
