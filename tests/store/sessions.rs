//! A session begins with the password that opened it, or not at all.

use croupier_rules::{
    account::{Attempts, Session},
    id::SessionId,
    name::SiteId,
    player::Player,
};
use croupier_store::{
    account::ProfileChange,
    item::{Login, Profile},
    key::Key,
    session::Opened,
    tx::{Conflict, NotCommitted},
};
use croupier_tests::world::{World, play};

use crate::{newcomer, passed, seated, session, tx::conflict};

fn site(name: &str) -> SiteId {
    name.parse().expect("a site id")
}

async fn login(world: &World, name: &str) -> Login {
    world.store().login_state(&site(name)).await.expect("an answer").login.expect("a login")
}

/// One attempt was made, and the password was right.
async fn opened(world: &World, name: &str, rehashed: Option<&str>) -> Opened {
    let attempts = world.store().login_state(&site(name)).await.expect("an answer").attempts;
    let next = attempts.admit(world.now()).expect("no lock");
    world.store().count_attempt(&site(name), &attempts, &next).await.expect("a count");
    Opened { login: login(world, name).await, rehashed: rehashed.map(str::to_owned) }
}

async fn begin(world: &World, name: &str, number: u128, opened: &Opened) -> Result<Profile, NotCommitted> {
    let session = Session { id: SessionId::new(1, number), ..session(world) };
    world.store().begin_session(&site(name), &session, opened, 5).await
}

/// The numbers of the sessions that a player has.
async fn numbers(world: &World, player: &Player) -> Vec<u128> {
    let sessions = world
        .store()
        .sessions(player.id, &world.store().profile(player.id).await.expect("a profile"))
        .await
        .expect("sessions");
    let number = |id| (0..100).find(|number| SessionId::new(1, *number) == id).expect("a small number");
    sessions.into_iter().map(|session| number(session.id)).collect()
}

async fn attempts(world: &World, name: &str) -> Option<Attempts> {
    world.store().get(&Key::attempts(&site(name))).await.expect("an answer")
}

#[tokio::test]
async fn a_session_begins_and_the_attempts_that_led_to_it_are_forgotten() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let with = opened(world, "ann", None).await;
        assert_eq!(attempts(world, "ann").await.unwrap().recent.len(), 1);
        let profile = begin(world, "ann", 2, &with).await.unwrap();
        assert_eq!(world.store().profile(ann.id).await.unwrap(), profile);
        assert_eq!(numbers(world, &ann).await, [1, 2]);
        assert_eq!(attempts(world, "ann").await, None);
        assert_eq!(login(world, "ann").await, with.login, "nothing was hashed anew");
    })
    .await;
}

#[tokio::test]
async fn whoever_came_in_with_a_password_that_was_changed_since_stays_outside() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        for rehashed in [None, Some("the old one, hashed anew")] {
            let with = opened(world, "ann", rehashed).await;
            let before = (world.store().profile(ann.id).await.unwrap(), attempts(world, "ann").await);
            world
                .store()
                .reset_password(&site("ann"), &format!("other than {}", with.login.password_hash))
                .await
                .unwrap();
            match begin(world, "ann", 2, &with).await {
                Err(NotCommitted::Refused { conflict: Conflict::PasswordChanged, found: Some(_) }) => {}
                other => panic!("{other:?}"),
            }
            assert_eq!((world.store().profile(ann.id).await.unwrap(), attempts(world, "ann").await), before);
            assert_eq!(numbers(world, &ann).await, [1]);
            let kept = login(world, "ann").await.password_hash;
            assert!(kept.starts_with("other than "), "the old password is back: {kept}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_hash_of_another_time_is_replaced_as_the_session_begins_and_not_without_it() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let with = opened(world, "ann", Some("hashed anew")).await;
        world.wire.take();
        begin(world, "ann", 2, &with).await.unwrap();
        assert_eq!(passed(world), ["GetItem", "TransactWriteItems"]);
        let kept = login(world, "ann").await;
        assert_eq!(kept, Login { password_hash: "hashed anew".to_owned(), ..with.login });

        // The session is there already, so that nothing of it happens.
        let with = opened(world, "ann", Some("hashed once more")).await;
        assert_eq!(conflict(begin(world, "ann", 2, &with).await.map(drop)), Some(Conflict::Broken));
        assert_eq!(login(world, "ann").await, kept);
        assert_eq!(numbers(world, &ann).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn nobody_comes_in_by_a_site_id_that_is_gone() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let with = Opened { login: newcomer(world, "ann").login, rehashed: None };
        let refused = begin(world, "nobody", 2, &with).await;
        assert_eq!(conflict(refused.map(drop)), Some(Conflict::PasswordChanged));
        assert_eq!(numbers(world, &ann).await, [1]);
    })
    .await;
}

#[tokio::test]
async fn beyond_the_fifth_session_the_oldest_ends() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        for number in 2..=7 {
            let with = opened(world, "ann", None).await;
            begin(world, "ann", number, &with).await.unwrap();
        }
        assert_eq!(numbers(world, &ann).await, [3, 4, 5, 6, 7]);
        assert!(world.store().session(ann.id, SessionId::new(1, 2)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_changes_neither_name_nor_password() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let wanted = ProfileChange { nickname: Some("Anna".parse().unwrap()), ..ProfileChange::default() };
        let begun = session(world).id;
        world.store().change_profile(ann.id, begun, &wanted).await.unwrap();
        world.store().end_sessions(ann.id, |id| id == begun).await.unwrap();
        let wanted = ProfileChange { nickname: Some("Thief".parse().unwrap()), ..wanted };
        let refused = world.store().change_profile(ann.id, begun, &wanted).await;
        assert_eq!(conflict(refused.map(drop)), Some(Conflict::SessionOver));
        assert_eq!(world.store().profile(ann.id).await.unwrap().nickname, "Anna".parse().unwrap());
    })
    .await;
}
