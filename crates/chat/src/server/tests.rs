//! Promises to whoever runs the server.

use serde_json::json;

use crate::account::ServerRole;
use crate::channel::Role;
use crate::effect::{Audience, Effect};
use crate::error::Code;
use crate::event::Event;
use crate::test_world::{START, device, on_both};
use crate::text::Password;
use crate::{LogIn, UserId};

fn log_in(password: &str) -> LogIn {
    crate::command::decode_json(&json!({ "username": "ann", "password": password }).to_string()).unwrap()
}

on_both! {
    async fn the_vitals_tell_how_the_server_stands(world: World) {
        world.person("ann").await;
        let vitals = world.chat.vitals().await.unwrap();
        assert_eq!((vitals.accounts, vitals.people, vitals.addresses), (1, 1, 1));
        assert_eq!((vitals.address, vitals.latest), (Some(device().address), Some(START)));
        let has_own_clock = matches!(world.database.location(), testkit::database::Location::Postgres(_));
        assert_eq!(vitals.database.is_some(), has_own_clock);
        assert!(vitals.database.is_none_or(|(clock, size)| clock > START && size > 0));

        world.env.advance(std::time::Duration::from_secs(8 * 24 * 60 * 60));
        let later = world.chat.vitals().await.unwrap();
        assert_eq!((later.accounts, later.people, later.address), (1, 0, None), "nobody of late");
    }
}

on_both! {
    async fn the_disabled_do_not_count_as_members(world: World) {
        assert_eq!(world.chat.members().await.unwrap(), 0);
        world.person("ann").await;
        let bob: UserId = world.person("bob").await.id();
        assert_eq!(world.chat.members().await.unwrap(), 2);
        world.chat.set_disabled(bob, true).await.unwrap();
        assert_eq!(world.chat.members().await.unwrap(), 1);
    }
}

on_both! {
    async fn accounts_are_found_by_name_and_listed_in_its_order(world: World) {
        let (zoe, ann) = (world.person("Zoe").await, world.person("ann").await);
        let found = world.chat.account("ZOE").await.unwrap().unwrap();
        assert_eq!((found.id, found.role, found.sessions), (zoe.id(), ServerRole::Owner, 1));
        assert_eq!((found.created_at, found.disabled_at, found.last_used_at), (START, None, Some(START)));
        assert_eq!(world.chat.account("zo").await.unwrap(), None, "the beginning of a name is none");
        let all = world.chat.accounts_after(None).await.unwrap();
        assert_eq!(all.iter().map(|account| account.id).collect::<Vec<_>>(), [ann.id(), zoe.id()]);
        let rest = world.chat.accounts_after(Some(&all[0].username)).await.unwrap();
        assert_eq!(rest, [found]);
    }
}

on_both! {
    async fn a_server_is_handed_over_with_its_general(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let general = world.chat.general();
        world.chat.hand_over(bob.id()).await.unwrap();
        let role = async |user| world.chat.own_user(user).await.unwrap().unwrap().role;
        assert_eq!((role(ann.id()).await, role(bob.id()).await), (ServerRole::Member, ServerRole::Owner));
        let topic = json!({ "channelId": general, "topic": "mine" });
        assert_eq!(ann.refused("channel:update", topic.clone()).await, "FORBIDDEN");
        assert_eq!(bob.get("channel:update", topic).await["topic"], "mine");
        let nobody = UserId::from_uuid(uuid::Uuid::from_u128(1));
        assert_eq!(world.chat.hand_over(nobody).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(role(bob.id()).await, ServerRole::Owner);
    }
}

on_both! {
    async fn whoever_owns_the_server_can_sign_in(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        assert_eq!(world.chat.set_disabled(ann.id(), true).await.unwrap_err().code(), Code::Conflict);
        world.chat.set_disabled(ann.id(), false).await.unwrap();
        world.chat.set_disabled(bob.id(), true).await.unwrap();
        assert_eq!(world.chat.hand_over(bob.id()).await.unwrap_err().code(), Code::Conflict);
        assert_eq!(world.chat.access().await.unwrap().owner, Some(ann.id()));
        // Each is decided where the other cannot come between.
        world.chat.set_disabled(bob.id(), false).await.unwrap();
        for _ in 0..20 {
            let (given, barred) = tokio::join!(world.chat.hand_over(bob.id()), world.chat.set_disabled(bob.id(), true));
            assert_ne!(given.is_ok(), barred.is_ok(), "{given:?} {barred:?}");
            world.chat.hand_over(ann.id()).await.unwrap();
            world.chat.set_disabled(bob.id(), false).await.unwrap();
        }
    }
}

on_both! {
    async fn both_owners_are_told_what_they_are_where_everybody_is(world: World) {
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        assert_eq!(world.chat.access().await.unwrap().owner, Some(ann.id()));
        world.chat.hand_over(bob.id()).await.unwrap();
        assert_eq!(world.chat.access().await.unwrap().owner, Some(bob.id()));
        world.take_effects();
        world.chat.tell_owners(ann.id(), bob.id()).await.unwrap();
        let told = world.take_effects().into_iter().map(|effect| match effect {
            Effect::Emit { audience: Audience::User(user), event: Event::ChannelUpdated(channel), .. } => {
                (user, channel.id, channel.role)
            }
            other => panic!("{other:?}"),
        });
        let general = world.chat.general();
        let roles = [(ann.id(), general, Some(Role::Member)), (bob.id(), general, Some(Role::Owner))];
        assert_eq!(told.collect::<Vec<_>>(), roles);
    }
}

on_both! {
    async fn a_password_that_was_set_signs_in_and_ends_every_session(world: World) {
        let ann = world.person("ann").await;
        let password = Password::try_from("battery staple".to_owned()).unwrap();
        world.chat.set_password(ann.id(), &password).await.unwrap();
        assert!(world.chat.authenticate(&ann.token).await.unwrap().is_none(), "signed out everywhere");
        assert!(world.chat.log_in(log_in("correct horse"), device()).await.is_err());
        world.chat.log_in(log_in("battery staple"), device()).await.unwrap();
        let nobody = UserId::from_uuid(uuid::Uuid::from_u128(1));
        assert_eq!(world.chat.set_password(nobody, &password).await.unwrap_err().code(), Code::NotFound);
    }
}
