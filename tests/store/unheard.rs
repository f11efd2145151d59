//! What was done although nobody heard of it: the reply is lost, and the SDK's own repeat meets the transaction while it
//! is still under way, which looks like somebody else's. Trying again must find one's own work, not stumble over it.

use std::time::Duration;

use croupier_rules::{Refusal, account::Session, id::SessionId, name::SiteId, player::Player};
use croupier_store::{
    account::{NewHash, ProfileChange},
    act::Done,
    item::{Claim, Login, Ticket},
    journal::Filter,
    key::Key,
    session::Opened,
    tx::{Conflict, NotCommitted},
};
use croupier_tests::{
    wire::Fault,
    world::{World, play},
};

use crate::{
    act::{deed, spin},
    alone, newcomer, seated, session,
};

pub fn lose_and_collide(world: &World) {
    world.wire.plan("TransactWriteItems", &[Fault::LostReply, Fault::Collision]);
}

#[tokio::test]
async fn an_action_without_a_key_is_not_done_twice() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        lose_and_collide(world);
        let done = world.store().act(&deed(world, None, ""), ann.clone(), |player| spin(world, player, 1)).await;
        let page = world.store().entries(ann.id, u64::MAX, 10, &Filter::default()).await.unwrap();
        assert_eq!(page.entries.len(), 2);
        assert_eq!(page.entries[0].reply, done.unwrap().reply);
    })
    .await;
}

#[tokio::test]
async fn an_action_without_a_key_is_not_refused_after_it_was_done() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        lose_and_collide(world);
        // The stake is gone, so that there is not enough for what looks like another spin.
        let decide = |player: &Player| match player.entries() {
            1 => spin(world, player, 1),
            _ => Err(Refusal::InsufficientFunds),
        };
        let done = world.store().act(&deed(world, None, ""), ann.clone(), decide).await;
        let page = world.store().entries(ann.id, u64::MAX, 10, &Filter::default()).await.unwrap();
        assert_eq!(page.entries.len(), 2);
        assert_eq!(
            done.map(|Done { reply, .. }| reply).map_err(|error| error.to_string()),
            Ok(page.entries[0].reply.clone())
        );
    })
    .await;
}

#[tokio::test]
async fn a_sign_up_is_not_told_that_its_own_names_are_taken() {
    play(async |world| {
        lose_and_collide(world);
        world.store().sign_up(&newcomer(world, "ann"), world.now()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_session_that_began_is_not_broken() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let second = Session { id: SessionId::new(1, 2), ..session(world) };
        lose_and_collide(world);
        let login = newcomer(world, "ann").login;
        assert_eq!(login.player, ann.id);
        let opened = Opened { login, rehashed: None };
        world.store().begin_session(&"ann".parse().unwrap(), &second, &opened, 5).await.unwrap();
    })
    .await;
}

async fn login(world: &World, site: &SiteId) -> Login {
    world.store().get(&Key::login(site)).await.expect("an answer").expect("a login")
}

#[tokio::test]
async fn a_session_that_began_with_another_hash_is_not_refused_for_it() {
    play(async |world| {
        let (ann, site) = (seated(world, "ann").await, "ann".parse().unwrap());
        let second = Session { id: SessionId::new(1, 2), ..session(world) };
        let opened = Opened { login: login(world, &site).await, rehashed: Some("anew".to_owned()) };
        lose_and_collide(world);
        world.store().begin_session(&site, &second, &opened, 5).await.unwrap();
        assert_eq!(login(world, &site).await.password_hash, "anew");
        assert_eq!(world.store().profile(ann.id).await.unwrap().sessions, [session(world).id, second.id]);
    })
    .await;
}

/// Changes ann's profile while the answer gets lost, and tells what it says then.
async fn change(world: &World, ann: &Player, wanted: &ProfileChange) -> [Option<String>; 3] {
    lose_and_collide(world);
    let told = world.store().change_profile(ann.id, session(world).id, wanted).await.expect("a change");
    let kept = world.store().profile(ann.id).await.expect("a profile");
    assert_eq!((&told.nickname, &told.phone_number), (&kept.nickname, &kept.phone_number));
    assert_eq!(told.sessions, kept.sessions);
    let hash = login(world, &kept.site_id).await.password_hash;
    [Some(kept.nickname.to_string()), kept.phone_number.map(|phone| phone.to_string()), Some(hash)]
}

#[tokio::test]
async fn a_profile_that_was_changed_does_not_stumble_over_its_own_names() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let texts = |texts: [&str; 3]| texts.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
        let nickname = Some("Ann Lee".parse().unwrap());
        let wanted = ProfileChange { nickname, ..ProfileChange::default() };
        assert_eq!(change(world, &ann, &wanted).await, texts(["Ann Lee", "", "hash"]));
        let phone_number = Some(Some("+442079460000".parse().unwrap()));
        let wanted = ProfileChange { phone_number, ..ProfileChange::default() };
        assert_eq!(change(world, &ann, &wanted).await, texts(["Ann Lee", "+442079460000", "hash"]));
        let password = Some(NewHash { seen: "hash".to_owned(), hash: "second".to_owned() });
        let wanted = ProfileChange { password, ..ProfileChange::default() };
        assert_eq!(change(world, &ann, &wanted).await, texts(["Ann Lee", "+442079460000", "second"]));
        // All of it at once, and the number taken away.
        let password = Some(NewHash { seen: "second".to_owned(), hash: "third".to_owned() });
        let nickname = Some("ANN".parse().unwrap());
        let wanted = ProfileChange { nickname, phone_number: Some(None), password };
        assert_eq!(change(world, &ann, &wanted).await, texts(["ANN", "", "third"]));
        // What was given up is free again.
        for free in [Key::nickname(&"Ann Lee".parse().unwrap()), Key::phone(&"+442079460000".parse().unwrap())] {
            assert_eq!(world.store().get::<Claim>(&free).await.unwrap(), None);
        }
    })
    .await;
}

#[tokio::test]
async fn a_password_that_somebody_else_changed_is_not_taken_for_ones_own_work() {
    play(async |world| {
        let (ann, site) = (seated(world, "ann").await, "ann".parse().unwrap());
        world.store().reset_password(&site, "somebody else's").await.unwrap();
        lose_and_collide(world);
        let password = Some(NewHash { seen: "hash".to_owned(), hash: "mine".to_owned() });
        let wanted = ProfileChange { password, nickname: Some("Ann Lee".parse().unwrap()), phone_number: None };
        let refused = world.store().change_profile(ann.id, session(world).id, &wanted).await;
        let changed = Conflict::PasswordChanged;
        assert!(matches!(refused, Err(NotCommitted::Refused { conflict, .. }) if conflict == changed), "{refused:?}");
        assert_eq!(login(world, &site).await.password_hash, "somebody else's");
        assert_eq!(world.store().profile(ann.id).await.unwrap().nickname.to_string(), "ann");
        world.wire.behave();
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_is_open_is_not_refused() {
    alone(async |world| {
        let valid_until = world.now().after(Duration::from_secs(30));
        let (player, session) = (seated(world, "opener").await.id, session(world).id);
        let ticket = Ticket { player, session, valid_until, expires: valid_until.seconds() };
        world.store().issue_ticket("hash", &ticket).await.unwrap();
        lose_and_collide(world);
        world.store().open_socket("hash", "socket", 0, world.now()).await.unwrap().unwrap();
        assert_eq!(world.store().sockets(ticket.player).await.unwrap().len(), 1);
        assert_eq!(world.store().get::<Ticket>(&Key::ticket("hash")).await.unwrap(), None);
    })
    .await;
}
