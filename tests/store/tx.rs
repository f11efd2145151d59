//! What each write means, alone and together with others.

use croupier_rules::{ledger::Hash, name::Nickname, player::Player};
use croupier_store::{
    StoreError,
    item::{Attempt, Claim, Login, decode},
    key::Key,
    tx::{Conflict, NotCommitted},
};
use croupier_tests::{wire::Fault, world::World};
use futures_util::future::join_all;
use serde_json::json;

use crate::{alone, newcomer, passed, seated, with};

fn nickname(text: &str) -> Key {
    Key::nickname(&text.parse::<Nickname>().expect("a nickname"))
}

fn claim(player: &Player) -> Claim {
    Claim { player: player.id }
}

async fn kept(world: &World, player: &Player) -> Player {
    world.store().get(&Key::player(player.id)).await.expect("an answer").expect("a player")
}

/// Which conflict it was; nothing for anything else.
pub fn conflict(result: Result<(), NotCommitted>) -> Option<Conflict> {
    match result {
        Err(NotCommitted::Refused { conflict, .. }) => Some(conflict),
        _ => None,
    }
}

#[tokio::test]
async fn creating_what_is_there_is_refused_and_shows_it() {
    alone(async |world| {
        let login = newcomer(world, "ann").login;
        let attempt = Attempt { key: "abcdefgh".parse().unwrap(), fingerprint: Hash::over(&[]) };
        let first = Login { made_by: Some(attempt), ..login.clone() };
        let key = Key::login(&"ann".parse().unwrap());
        let create = async |login| world.store().tx().create(&key, login, Conflict::SiteTaken).commit().await;
        create(&first).await.unwrap();
        match create(&login).await {
            Err(NotCommitted::Refused { conflict: Conflict::SiteTaken, found: Some(item) }) => {
                assert_eq!(decode::<Login>(item).unwrap(), first);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(world.store().get::<Login>(&key).await.unwrap(), Some(first));
    })
    .await;
}

#[tokio::test]
async fn only_the_revision_that_was_read_is_replaced() {
    alone(async |world| {
        let ann = seated(world, "ann").await;
        let next = with(&ann, json!({"level": 2, "revision": 2}));
        let replace = async |seen| world.store().tx().replace(&Key::player(ann.id), &next, seen).commit().await;
        for other in [0, 2, u64::MAX] {
            assert!(matches!(replace(other).await, Err(NotCommitted::Contended)), "revision {other}");
        }
        assert_eq!(kept(world, &ann).await, ann);
        replace(1).await.unwrap();
        assert_eq!(kept(world, &ann).await, next);
        assert!(matches!(replace(1).await, Err(NotCommitted::Contended)));

        let nobody = newcomer(world, "nobody").change.player().clone();
        let begin = async |seen| world.store().tx().replace(&Key::player(nobody.id), &nobody, seen).commit().await;
        assert!(matches!(begin(1).await, Err(NotCommitted::Contended)));
        begin(0).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_who_replace_one_revision_one_succeeds() {
    alone(async |world| {
        let ann = seated(world, "ann").await;
        let writers = (1..=20).map(|level| {
            let (store, next) = (world.store().clone(), with(&ann, json!({"level": level, "revision": 2})));
            tokio::spawn(async move { (level, store.tx().replace(&Key::player(next.id), &next, 1).commit().await) })
        });
        let results: Vec<_> = join_all(writers).await.into_iter().map(|result| result.expect("an end")).collect();
        let winners: Vec<_> = results.iter().filter(|(_, result)| result.is_ok()).map(|(level, _)| *level).collect();
        assert_eq!(winners, [kept(world, &ann).await.level]);
        let contended = results.iter().filter(|(_, result)| matches!(result, Err(NotCommitted::Contended)));
        assert_eq!(contended.count(), 19);
    })
    .await;
}

#[tokio::test]
async fn one_attribute_is_set_only_where_something_is() {
    alone(async |world| {
        let ann = seated(world, "ann").await;
        let set = async |key: Key| world.store().tx().set(&key, "level", 7, Conflict::Unknown).commit().await;
        set(Key::player(ann.id)).await.unwrap();
        assert_eq!(kept(world, &ann).await, with(&ann, json!({"level": 7})));
        assert_eq!(conflict(set(nickname("nobody")).await), Some(Conflict::Unknown));
        assert_eq!(world.store().get::<Claim>(&nickname("nobody")).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn one_value_is_swapped_for_another_only_where_it_is_what_was_seen() {
    alone(async |world| {
        let ann = seated(world, "ann").await;
        let swap = async |key: Key, seen: u32, level: u32| {
            world.store().tx().swap(&key, "level", seen, level, Conflict::PasswordChanged).commit().await
        };
        swap(Key::player(ann.id), ann.level, 7).await.unwrap();
        let now = with(&ann, json!({"level": 7}));
        assert_eq!(kept(world, &ann).await, now);
        // Nobody has to read again to know what it is instead.
        match swap(Key::player(ann.id), ann.level, 8).await {
            Err(NotCommitted::Refused { conflict: Conflict::PasswordChanged, found: Some(item) }) => {
                assert_eq!(decode::<Player>(item).unwrap(), now);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(kept(world, &ann).await, now);
        swap(Key::player(ann.id), 7, 7).await.unwrap();

        let nothing = swap(nickname("nobody"), 7, 8).await;
        let changed = Conflict::PasswordChanged;
        assert!(
            matches!(nothing, Err(NotCommitted::Refused { conflict, found: None }) if conflict == changed),
            "{nothing:?}"
        );
        assert_eq!(world.store().get::<Claim>(&nickname("nobody")).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_removed_may_be_removed_again() {
    alone(async |world| {
        let ann = seated(world, "ann").await;
        for _ in 0..2 {
            world.store().tx().remove(&nickname("ann")).commit().await.unwrap();
            assert_eq!(world.store().get::<Claim>(&nickname("ann")).await.unwrap(), None);
        }
        world.store().tx().create(&nickname("ann"), &claim(&ann), Conflict::NicknameTaken).commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_condition_that_fails_undoes_everything() {
    alone(async |world| {
        let (ann, bob) = (seated(world, "ann").await, seated(world, "bob").await);
        let refused = world
            .store()
            .tx()
            .create(&nickname("new"), &claim(&ann), Conflict::NicknameTaken)
            .replace(&Key::player(ann.id), &with(&ann, json!({"level": 9})), 1)
            .set(&Key::player(bob.id), "level", 9, Conflict::Broken)
            .remove(&nickname("bob"))
            .create(&nickname("ann"), &claim(&bob), Conflict::PhoneTaken)
            .commit()
            .await;
        assert_eq!(conflict(refused), Some(Conflict::PhoneTaken));
        assert_eq!(world.store().get::<Claim>(&nickname("new")).await.unwrap(), None);
        assert_eq!(world.store().get::<Claim>(&nickname("bob")).await.unwrap(), Some(claim(&bob)));
        assert_eq!(world.store().get::<Claim>(&nickname("ann")).await.unwrap(), Some(claim(&ann)));
        assert_eq!((kept(world, &ann).await, kept(world, &bob).await), (ann, bob));
    })
    .await;
}

#[tokio::test]
async fn of_several_conditions_that_fail_the_first_that_is_not_stale_counts() {
    alone(async |world| {
        let ann = seated(world, "ann").await;
        let taken = claim(&ann);
        let stale = || world.store().tx().replace(&Key::player(ann.id), &ann, 7);
        let login = Key::login(&"ann".parse().unwrap());
        let both = stale()
            .create(&nickname("ann"), &taken, Conflict::NicknameTaken)
            .create(&login, &taken, Conflict::SiteTaken)
            .commit();
        assert_eq!(conflict(both.await), Some(Conflict::NicknameTaken));
        let other_way = stale()
            .create(&nickname("free"), &taken, Conflict::PhoneTaken)
            .create(&login, &taken, Conflict::SiteTaken)
            .create(&nickname("ann"), &taken, Conflict::NicknameTaken)
            .commit();
        assert_eq!(conflict(other_way.await), Some(Conflict::SiteTaken));
        assert!(matches!(stale().commit().await, Err(NotCommitted::Contended)));
    })
    .await;
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_is_told_apart() {
    alone(async |world| {
        let ann = seated(world, "ann").await;
        let create = async |name: &str, faults: &[Fault]| {
            world.wire.plan("TransactWriteItems", faults);
            let tx = world.store().tx().create(&nickname(name), &claim(&ann), Conflict::NicknameTaken);
            let result = tx.commit().await;
            let calls = passed(world).len();
            let written = world.store().get::<Claim>(&nickname(name)).await.unwrap().is_some();
            world.wire.take();
            (result, calls, written)
        };
        use Fault::{Collision, Denied, LostReply, LostRequest, Silence, Throttle};
        assert!(matches!(create("collides", &[Collision]).await, (Err(NotCommitted::Contended), 1, false)));
        let throttled = create("throttled", &[Throttle; 3]).await;
        assert!(matches!(throttled, (Err(NotCommitted::Store(StoreError::Throttled)), 3, false)));
        let unsent = create("unsent", &[LostRequest; 3]).await;
        assert!(matches!(unsent, (Err(NotCommitted::Store(StoreError::Unavailable(_))), 3, false)));
        let unheard = create("unheard", &[LostReply; 3]).await;
        assert!(matches!(unheard, (Err(NotCommitted::Store(StoreError::Unavailable(_))), 3, true)));
        let denied = create("denied", &[Denied]).await;
        assert!(
            matches!(denied, (Err(NotCommitted::Store(StoreError::Rejected(_))), 1, false)),
            "no repeat would help"
        );
        let silence = create("silence", &[Silence]).await;
        assert!(matches!(silence, (Ok(()), 2, true)), "what is lost without a word is sent again after a while");
        let in_the_end = create("in the end", &[LostReply, LostRequest]).await;
        assert!(matches!(in_the_end, (Ok(()), 3, true)), "the SDK sends the same once more, under the same token");
    })
    .await;
}
