//! Two minutes, to the millisecond.

use End::{GivenBack, Over, Paid};
use croupier_tests::{
    seat::{Answer, Seat},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::json;

use super::{
    super::{AsItWas, Keeper, buy_limited, crowd, overtaken, patiently, stock},
    CHAIR, HOLD, MILLI, finalize, hold, release, ten_chairs, told, transactions,
};

#[tokio::test]
async fn what_nobody_pays_for_in_two_minutes_is_free_again_and_nobody_has_to_ask() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        hold(&ann, 10).await;
        buy_limited(&ann, "none-left", CHAIR, "ok").await.refused(Code::OutOfStock);
        world.pass(HOLD - MILLI);
        world.sweep().await;
        assert_eq!(stock(world, CHAIR).await, (Some(0), 10, 0));
        world.pass(MILLI);
        world.sweep().await;
        assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
        assert_eq!(told(&ann).await, ["HOLD_RELEASE", "HOLD_CREATE", "SIGNUP"]);
        world.sweep().await;
        assert_eq!(told(&ann).await.len(), 3);
        buy_limited(&ann, "none-left", CHAIR, "ok").await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_hold_is_over_to_the_millisecond_whether_or_not_anybody_noticed() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let [paid, given_back, late] = [hold(&ann, 1).await, hold(&ann, 2).await, hold(&ann, 3).await];
        world.pass(HOLD - MILLI);
        finalize(&ann, &paid, "in-good-time", "ok").await.ok();
        release(&ann, &given_back).await.ok();
        world.pass(MILLI);
        let before = AsItWas::see(world, &ann).await;
        finalize(&ann, &late, "just-too-late", "ok").await.refused(Code::HoldExpired);
        release(&ann, &late).await.refused(Code::HoldExpired);
        // Nobody has given it back yet.
        assert_eq!(stock(world, CHAIR).await, (Some(6), 3, 1));
        assert_eq!(AsItWas::see(world, &ann).await, before);
        world.sweep().await;
        assert_eq!(stock(world, CHAIR).await, (Some(9), 0, 1));
        let before = AsItWas::see(world, &ann).await;
        finalize(&ann, &late, "just-too-late", "ok").await.refused(Code::HoldExpired);
        finalize(&ann, &late, "once-more", "ok").await.refused(Code::HoldExpired);
        release(&ann, &late).await.refused(Code::HoldExpired);
        assert_eq!(AsItWas::see(world, &ann).await, before);
        assert_eq!(transactions(&ann).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_overtaken_by_the_clock_is_told_that_the_hold_ran_out() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let id = hold(&ann, 1).await;
        world.pass(HOLD - MILLI);
        let over = async || {
            world.pass(MILLI);
            world.sweep().await;
        };
        overtaken(world, release(&ann, &id), over()).await.refused(Code::HoldExpired);
        let id = hold(&ann, 1).await;
        world.pass(HOLD - MILLI);
        overtaken(world, finalize(&ann, &id, "pay-for-it", "ok"), over()).await.refused(Code::HoldExpired);
        assert!(ann.history().await.iter().all(|entry| entry["detail"]["expired"] != false));
        assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
    })
    .await;
}

/// What may happen to a hold in its last millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Paid,
    GivenBack,
    Over,
}

/// Has it end like this, if it still can; the sweep ends all at once.
async fn end(world: &World, (buyer, id): (&Seat, &str), how: End, waits: usize) -> Answer {
    match how {
        Paid => patiently(async || finalize(buyer, id, "pay-for-it", "ok").await).await,
        GivenBack => patiently(async || release(buyer, id).await).await,
        Over => {
            // While this is asked, the others go on.
            for _ in 0..waits {
                buyer.balance().await;
            }
            world.pass(MILLI);
            world.sweep().await;
            buyer.get("/api/users/balance").await
        }
    }
}

#[tokio::test]
async fn of_paying_giving_back_and_running_out_at_once_exactly_one_happens() {
    let orders = [
        [Paid, GivenBack, Over],
        [Paid, Over, GivenBack],
        [GivenBack, Paid, Over],
        [GivenBack, Over, Paid],
        [Over, Paid, GivenBack],
        [Over, GivenBack, Paid],
    ];
    play(async |world| {
        let keeper = Keeper::of(world).await;
        keeper.package(CHAIR, json!({ "stock": 100 })).await.ok();
        let buyers = crowd(world, 60).await;
        let (mut paid, mut given_back, mut over) = (0, 0, 0);
        for (round, buyers) in buyers.chunks(5).enumerate() {
            let holds = join_all(buyers.iter().map(async |buyer| (buyer, hold(buyer, 1).await))).await;
            world.pass(HOLD - MILLI);
            let ends = orders[round % orders.len()].into_iter().flat_map(|how| {
                let whose = if how == Over { &holds[..1] } else { &holds[..] };
                whose.iter().map(move |(buyer, id)| (*buyer, id.as_str(), how))
            });
            let asked: Vec<_> = ends.collect();
            let answers = join_all(asked.iter().map(|(buyer, id, how)| end(world, (buyer, id), *how, round))).await;
            world.sweep().await;
            for (buyer, id) in &holds {
                let answer = |wanted: End| {
                    let place = asked.iter().position(|(_, of, how)| of == id && *how == wanted);
                    &answers[place.expect("it was asked for")]
                };
                let history = buyer.history().await;
                match (answer(Paid).status, answer(GivenBack).status) {
                    (200, 409) => {
                        paid += 1;
                        assert_eq!(told(buyer).await, ["PURCHASE", "PURCHASE_START", "HOLD_CREATE", "SIGNUP"]);
                    }
                    // The time was over before the gateway said yes.
                    (409, 409) if history[0]["action"] == "PURCHASE_FAIL" => {
                        over += 1;
                        answer(Paid).refused(Code::HoldExpired);
                        assert_eq!(told(buyer).await, ["PURCHASE_FAIL", "PURCHASE_START", "HOLD_CREATE", "SIGNUP"]);
                    }
                    (409, status) => {
                        assert_eq!(told(buyer).await, ["HOLD_RELEASE", "HOLD_CREATE", "SIGNUP"]);
                        assert_eq!(history[0]["detail"]["expired"], status == 409, "{}", answer(GivenBack).body);
                        if status == 200 { given_back += 1 } else { over += 1 }
                    }
                    other => panic!("{other:?}: {history:?}"),
                }
            }
            assert_eq!(stock(world, CHAIR).await, (Some(100 - paid), 0, paid));
        }
        assert!(paid > 0 && given_back > 0 && over > 0, "{paid} paid, {given_back} given back, {over} over");
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_is_authorized_too_late_is_let_go_and_what_was_held_is_free() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        for token in ["pending", "timeout"] {
            for asks in [true, false] {
                let id = hold(&ann, 4).await;
                let key = format!("{token}-asks-{asks}");
                let pending = finalize(&ann, &id, &key, token).await;
                assert_eq!((pending.status, pending.code().as_str()), (202, "PAYMENT_PENDING"));
                assert_eq!(stock(world, CHAIR).await, (Some(6), 4, 0));
                release(&ann, &id).await.refused(Code::HoldResolved);
                finalize(&ann, &id, "another-way", "ok").await.refused(Code::HoldResolved);
                // By now the gateway would say yes, and nobody asks it.
                world.pass(HOLD);
                if asks {
                    finalize(&ann, &id, &key, token).await.refused(Code::HoldExpired);
                } else {
                    world.sweep().await;
                }
                assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
                finalize(&ann, &id, &key, token).await.refused(Code::HoldExpired);
                let newest = &transactions(&ann).await[0];
                let expected = (&json!(id), &json!("voided"), &json!("hold_expired"));
                assert_eq!((&newest["transaction_id"], &newest["status"], &newest["reason"]), expected);
                assert_eq!(ann.balance().await.0, 1000);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_is_authorized_in_the_last_millisecond_is_in_time() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        for (token, asks) in [("pending", true), ("pending", false), ("timeout", true), ("timeout", false)] {
            let before = ann.balance().await.0;
            let id = hold(&ann, 1).await;
            let key = format!("{token}-asks-{asks}");
            assert_eq!(finalize(&ann, &id, &key, token).await.status, 202);
            world.pass(HOLD - MILLI);
            if !asks {
                world.sweep().await;
            }
            let paid = finalize(&ann, &id, &key, token).await;
            assert_eq!((paid.ok()["balance"].as_u64(), paid.replayed()), (Some(before + 100), true));
            assert_eq!(ann.balance().await.0, before + 100);
            world.pass(MILLI);
            world.sweep().await;
            assert_eq!(finalize(&ann, &id, &key, token).await.body, paid.body);
        }
        assert_eq!(stock(world, CHAIR).await, (Some(6), 0, 4));
    })
    .await;
}
