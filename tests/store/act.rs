//! The commit path: exactly once, whatever fails on the way.

use std::sync::Mutex;

use croupier_rules::{
    Refusal,
    account::Barred,
    id::RequestId,
    ledger::{Decision, Hash},
    money::Coins,
    player::Player,
    slot::{self, SpinReply},
};
use croupier_store::{
    StoreError,
    act::{Deed, Done, NotDone},
    item::{Attempt, EntryRecord},
    journal::Filter,
    key::Key,
};
use croupier_tests::{
    wire::Fault,
    world::{World, play},
};
use futures_util::future::join_all;
use serde_json::Value;

use crate::{passed, round, seated, session};

const WRITE: &str = "TransactWriteItems";
const READ: &str = "BatchGetItem";

/// A deed that has this key, or none.
pub fn deed(world: &World, key: Option<&str>, what: &str) -> Deed {
    let fingerprint = Hash::over(&[what.as_bytes()]);
    Deed {
        attempt: key.map(|key| Attempt { key: key.parse().expect("a key"), fingerprint }),
        own_name: RequestId::new(2, world.running().app.entropy.id()).to_string(),
        operator: None,
        session: Some(session(world).id),
        sessions: world.running().app.economy.session,
        now: world.now(),
    }
}

/// Spins as the slot machine does.
pub fn spin(world: &World, player: &Player, bet: u64) -> Result<Decision<SpinReply>, Refusal> {
    slot::spin(player, Coins::new(bet).expect("a stake"), &round(world))
}

async fn act(world: &World, player: &Player, key: Option<&str>, bet: u64) -> Result<Done, NotDone> {
    let deed = deed(world, key, &bet.to_string());
    world.store().act(&deed, player.clone(), |player| spin(world, player, bet)).await
}

/// The ledger, newest first.
async fn ledger(world: &World, player: &Player) -> Vec<EntryRecord> {
    let page = world.store().entries(player.id, u64::MAX, 100, &Filter::default()).await.expect("an answer");
    world.wire.take();
    page.entries
}

fn sequence(done: &Done) -> u64 {
    let reply: Value = serde_json::from_str(&done.reply).expect("JSON");
    reply["sequence"].as_u64().expect("a number")
}

#[tokio::test]
async fn an_action_is_one_write() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let done = act(world, &ann, Some("key-0001"), 1).await.unwrap();
        assert_eq!((done.replayed, sequence(&done)), (false, 2));
        assert_eq!(passed(world), [WRITE]);
        let entries = ledger(world, &ann).await;
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].reply, done.reply);
    })
    .await;
}

#[tokio::test]
async fn a_refusal_leaves_no_trace() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let refused = act(world, &ann, None, 1001).await;
        assert!(matches!(refused, Err(NotDone::Refused(Refusal::InsufficientFunds))), "{refused:?}");
        assert_eq!(passed(world), [""; 0]);
        let refused = act(world, &ann, Some("key-0001"), 1001).await;
        assert!(matches!(refused, Err(NotDone::Refused(Refusal::InsufficientFunds))), "{refused:?}");
        assert_eq!(passed(world), ["GetItem"], "whether it was done before is worth a read, and no write");
        assert_eq!(ledger(world, &ann).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_collision_is_tried_again() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        world.wire.plan(WRITE, &[Fault::Collision]);
        assert_eq!(sequence(&act(world, &ann, None, 1).await.unwrap()), 2);
        assert_eq!(passed(world), [WRITE, READ, WRITE]);
        assert_eq!(ledger(world, &ann).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn others_who_are_always_faster_are_a_throttle() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        world.wire.plan(WRITE, &[Fault::Collision; 8]);
        let contended = act(world, &ann, None, 1).await;
        assert!(matches!(contended, Err(NotDone::Store(StoreError::Contended { retries: 7 }))), "{contended:?}");
        assert_eq!(passed(world).iter().filter(|call| *call == WRITE).count(), 8);
        assert_eq!(ledger(world, &ann).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_stale_player_is_read_again_and_decided_anew() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        act(world, &ann, None, 1).await.unwrap();
        world.wire.take();
        let seen = Mutex::new(Vec::new());
        let decide = |player: &Player| {
            seen.lock().unwrap().push(player.revision());
            spin(world, player, 1)
        };
        let done = world.store().act(&deed(world, None, ""), ann.clone(), decide).await.unwrap();
        assert_eq!(seen.into_inner().unwrap(), [1, 2]);
        assert_eq!(sequence(&done), 3);
        assert_eq!(passed(world), [WRITE, READ, WRITE]);
    })
    .await;
}

#[tokio::test]
async fn a_stale_player_whose_session_is_over_may_not_act() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        act(world, &ann, None, 1).await.unwrap();
        world.store().tx().remove(&Key::session(ann.id, session(world).id)).commit().await.unwrap();
        let barred = act(world, &ann, None, 1).await;
        assert!(matches!(barred, Err(NotDone::Barred(Barred::Revoked))), "{barred:?}");
        assert_eq!(ledger(world, &ann).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_throttle_that_persists_is_said() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        world.wire.plan(WRITE, &[Fault::Throttle; 3]);
        let throttled = act(world, &ann, None, 1).await;
        assert!(matches!(throttled, Err(NotDone::Store(StoreError::Throttled))), "{throttled:?}");
        assert_eq!(passed(world), [WRITE; 3]);
        assert_eq!(ledger(world, &ann).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again_without_another_write() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        world.wire.plan(WRITE, &[Fault::LostReply, Fault::LostReply]);
        let done = act(world, &ann, None, 1).await.unwrap();
        assert_eq!((done.replayed, passed(world)), (false, [WRITE; 3].map(str::to_owned).to_vec()));
        assert_eq!(ledger(world, &ann).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_never_came_is_given_to_whoever_asks_again_with_the_key() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        world.wire.plan(WRITE, &[Fault::LostReply; 3]);
        let unheard = act(world, &ann, Some("key-0001"), 1).await;
        assert!(matches!(unheard, Err(NotDone::Store(StoreError::Unavailable(_)))), "{unheard:?}");
        let kept = ledger(world, &ann).await;
        assert_eq!(kept.len(), 2);

        // Whether or not the sender has read the player since.
        let now: Player = world.store().get(&Key::player(ann.id)).await.unwrap().unwrap();
        for player in [&ann, &now] {
            let again = act(world, player, Some("key-0001"), 1).await.unwrap();
            assert_eq!(again, Done { reply: kept[0].reply.clone(), replayed: true, retries: 0 });
        }
        assert_eq!(ledger(world, &ann).await, kept);
    })
    .await;
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let first = act(world, &ann, Some("key-0001"), 1).await.unwrap();
        for bet in [2, 2000] {
            let reused = act(world, &ann, Some("key-0001"), bet).await;
            assert!(matches!(reused, Err(NotDone::KeyReused)), "{bet}: {reused:?}");
        }
        let refuse = |_: &Player| Err::<Decision<SpinReply>, _>(Refusal::InsufficientFunds);
        let again = world.store().act(&deed(world, Some("key-0001"), "1"), ann.clone(), refuse).await.unwrap();
        assert_eq!(again, Done { replayed: true, ..first }, "also when the rule would refuse it by now");
        assert_eq!(ledger(world, &ann).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_players_may_have_the_same_key() {
    play(async |world| {
        for name in ["ann", "bob"] {
            let player = seated(world, name).await;
            assert!(!act(world, &player, Some("key-0001"), 1).await.unwrap().replayed);
            assert_eq!(ledger(world, &player).await.len(), 2);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_under_one_key_are_one() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let answers = join_all((0..20).map(|_| act(world, &ann, Some("key-0001"), 1))).await;
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("an answer")).collect();
        assert_eq!(answers.iter().filter(|done| !done.replayed).count(), 1);
        assert!(answers.iter().all(|done| done.reply == answers[0].reply));
        assert_eq!(ledger(world, &ann).await.len(), 2);
    })
    .await;
}
