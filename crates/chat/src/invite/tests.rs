//! Promises of invitations.

use std::time::Duration;

use serde_json::json;

use crate::account::{Door, SignUp};
use crate::command::decode_json;
use crate::error::{Code, Error};
use crate::invite::InviteState;
use crate::server::SignUpMode;
use crate::test_world::{World, device, on_both, sign_up};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const BY_INVITATION: Door = Door { mode: SignUpMode::Invite, setup_code: None };
const CLOSED: Door = Door { mode: SignUpMode::Closed, setup_code: None };

fn with_code(name: &str, code: &str) -> SignUp {
    let body = json!({ "username": name, "password": "correct horse", "inviteCode": code });
    decode_json(&body.to_string()).unwrap()
}

async fn refused(world: &World, body: SignUp, door: &Door) -> Error {
    let before = world.chat.password_checks();
    let early = world.chat.may_sign_up(&body, door.mode).await.unwrap_err();
    assert_eq!(world.chat.password_checks(), before, "it costs nobody anything");
    let late = world.chat.sign_up(body, device(), door).await.unwrap_err();
    assert_eq!((early.code(), early.message()), (late.code(), late.message()));
    late
}

on_both! {
    async fn an_invitation_lets_in_as_many_as_it_says(world: World) {
        world.person("owner").await;
        let (id, code) = world.chat.create_invite(2, WEEK).await.unwrap();
        let typed = code.expose().to_lowercase().replace('-', " ");
        for (name, code) in [("ann", code.expose()), ("bob", typed.as_str())] {
            let body = with_code(name, code);
            assert!(world.chat.may_sign_up(&body, SignUpMode::Invite).await.unwrap(), "{name} is invited");
            world.chat.sign_up(body, device(), &BY_INVITATION).await.unwrap();
        }
        let eve = refused(&world, with_code("eve", code.expose()), &BY_INVITATION).await;
        assert_eq!((eve.code(), eve.errors()[0].path.as_str()), (Code::Invalid, "inviteCode"));
        let list = world.chat.invites().await.unwrap();
        assert_eq!((list.len(), list[0].id, list[0].uses), (1, id, 2));
        assert_eq!(list[0].state(world.env.now()), InviteState::UsedUp);
    }
}

on_both! {
    async fn a_refused_sign_up_uses_no_invitation(world: World) {
        world.person("ann").await;
        let (_, code) = world.chat.create_invite(1, WEEK).await.unwrap();
        let taken = world.chat.sign_up(with_code("ann", code.expose()), device(), &BY_INVITATION).await.unwrap_err();
        assert_eq!(taken.code(), Code::Conflict);
        world.chat.sign_up(with_code("bob", code.expose()), device(), &BY_INVITATION).await.unwrap();
    }
}

on_both! {
    async fn the_last_place_goes_to_one_of_two(world: World) {
        world.person("owner").await;
        let (_, code) = world.chat.create_invite(1, WEEK).await.unwrap();
        let (ann, bob) = tokio::join!(
            world.chat.sign_up(with_code("ann", code.expose()), device(), &BY_INVITATION),
            world.chat.sign_up(with_code("bob", code.expose()), device(), &BY_INVITATION),
        );
        assert_eq!([ann.is_ok(), bob.is_ok()].iter().filter(|let_in| **let_in).count(), 1);
    }
}

on_both! {
    async fn an_invitation_that_is_over_or_taken_back_lets_nobody_in(world: World) {
        world.person("owner").await;
        let (_, over) = world.chat.create_invite(1, Duration::from_secs(60)).await.unwrap();
        let (id, back) = world.chat.create_invite(1, WEEK).await.unwrap();
        world.env.advance(Duration::from_secs(60));
        world.chat.revoke_invite(id).await.unwrap();
        for code in [over.expose(), back.expose(), "ABCD-EFGH-JKLM-NPQR"] {
            assert_eq!(refused(&world, with_code("eve", code), &BY_INVITATION).await.code(), Code::Invalid);
            assert_eq!(refused(&world, with_code("eve", code), &Door::OPEN).await.code(), Code::Invalid, "nor as a gift");
        }
        let states: Vec<_> = world.chat.invites().await.unwrap().iter().map(|it| it.state(world.env.now())).collect();
        assert_eq!(states, [InviteState::Revoked, InviteState::Expired]);
        assert_eq!(world.chat.revoke_invite(id).await.unwrap_err().code(), Code::NotFound, "once is enough");
    }
}

on_both! {
    async fn by_invitation_and_closed_keep_out_whoever_has_none_but_the_owner(world: World) {
        assert!(!world.chat.may_sign_up(&sign_up("ann"), SignUpMode::Closed).await.unwrap());
        world.chat.sign_up(sign_up("ann"), device(), &CLOSED).await.unwrap();
        let (_, code) = world.chat.create_invite(1, WEEK).await.unwrap();
        let uninvited = refused(&world, sign_up("eve"), &BY_INVITATION).await;
        assert_eq!((uninvited.code(), &*uninvited.errors()[0].code), (Code::Invalid, "required"));
        assert_eq!(refused(&world, sign_up("eve"), &CLOSED).await.code(), Code::Forbidden);
        assert_eq!(refused(&world, with_code("eve", code.expose()), &CLOSED).await.code(), Code::Forbidden);
    }
}
