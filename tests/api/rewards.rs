//! Rewards: what operators give, and what players claim of campaigns.

use std::{collections::BTreeMap, time::Duration};

use croupier_tests::{
    live::Live,
    seat::{Answer, Seat},
    wire::Fault,
    world::play,
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{admin, shop::crowd};

const REWARDS: &str = "/api/rewards";
const CAMPAIGNS: &str = "/api/admin/campaigns";

fn reward(player: &Seat, kind: &str, amount: u64) -> Value {
    json!({ "user_id": player.id, "reward_type": kind, "amount": amount, "source_description": "Winner of the race" })
}

async fn rewards(player: &Seat) -> Vec<Value> {
    player.pages(&format!("/api/rewards/users/{}/rewards?limit=2", player.id)).await.concat()
}

async fn give(admin: &Seat, key: &str, reward: Value) -> Answer {
    admin.post_keyed(REWARDS, key, reward).await
}

#[tokio::test]
async fn each_kind_of_reward_is_credited_once_recorded_and_told() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("winner").await);
        let mut live = Live::open(&seat).await;
        let mut charm = reward(&seat, "ITEM", 3);
        charm["item_id"] = json!("lucky_charm");
        let given = [
            (reward(&seat, "COIN", 250), (250, 0)),
            (reward(&seat, "TOKEN", 50), (50, 0)),
            (reward(&seat, "GEM", 7), (0, 7)),
            (charm, (0, 0)),
            (reward(&seat, "XP", 1_000_000), (0, 0)),
        ];
        let (mut owned, mut sequence) = ((1000, 0), 1);
        for (number, (reward, (coins, gems))) in given.into_iter().enumerate() {
            // Either path does the same.
            let path = [REWARDS, "/api/rewards/distribute"][number % 2];
            let answer = admin.post_keyed(path, &format!("reward-{number}"), reward.clone()).await.ok();
            (owned, sequence) = ((owned.0 + coins, owned.1 + gems), sequence + 1);
            assert_eq!(seat.balance().await, (owned.0, owned.1, sequence));
            assert_eq!((&answer["reward_type"], &answer["reward_value"]), (&reward["reward_type"], &reward["amount"]));
            assert_eq!(answer["awarded_at"], json!(world.now()));
            let news = live.next().await;
            let expected = json!({
                "type": "reward_granted", "sequence": sequence, "reward_id": answer["reward_id"],
                "reward_type": reward["reward_type"], "amount": reward["amount"], "source": "Winner of the race",
                "balance_coin": owned.0, "balance_gem": owned.1, "delta_coin": coins, "delta_gem": gems,
            });
            for (field, expected) in expected.as_object().unwrap() {
                assert_eq!(&news[0][field], expected, "{field} of {}", news[0]);
            }
        }
        let inventory = seat.get("/api/users/inventory").await.ok();
        assert_eq!(
            inventory["items"],
            json!([{ "item_id": "lucky_charm", "name": "Lucky Charm", "rarity": null, "count": 3 }])
        );
        assert!(seat.get("/api/auth/me").await.ok()["level"].as_u64() > Some(100));
        assert_eq!(rewards(&seat).await.len(), 5);
        assert_eq!(seat.history().await.iter().filter(|entry| entry["action"] == "REWARD_GRANT").count(), 5);
    })
    .await;
}

#[tokio::test]
async fn ten_at_once_with_one_key_are_one_reward_to_whomever() {
    play(async |world| {
        let (admin, seat, other) = (world.admin().await, world.newcomer("winner").await, world.newcomer("other").await);
        world.wire.plan("TransactWriteItems", &[Fault::LostReply, Fault::Collision, Fault::LostRequest]);
        let answers = join_all((0..10).map(|_| give(&admin, "one-reward", reward(&seat, "COIN", 100)))).await;
        for answer in &answers {
            assert_eq!(answer.ok(), answers[0].ok());
        }
        assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1);
        assert_eq!(seat.balance().await, (1100, 0, 2));
        // The key is the operator's: it is no other player's, nor for another amount, and the players' own keys are theirs.
        give(&admin, "one-reward", reward(&other, "COIN", 100)).await.refused(Code::IdempotencyKeyReused);
        give(&admin, "one-reward", reward(&seat, "COIN", 101)).await.refused(Code::IdempotencyKeyReused);
        assert_eq!(other.balance().await, (1000, 0, 1));
        seat.spin_keyed(1, "one-reward").await.ok();
        let entries = admin.pages("/api/admin/audit?limit=100&action=REWARD_GRANT").await.concat();
        assert_eq!((entries.len(), &entries[0]["target"]), (1, &json!(seat.id)));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_given_is_not() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("winner").await);
        admin.post(REWARDS, reward(&seat, "COIN", 1)).await.refused(Code::IdempotencyKeyRequired);
        seat.post_keyed(REWARDS, "reward-to-me", reward(&seat, "COIN", 1)).await.refused(Code::AdminRequired);
        let with = |field: &str, value: Value| {
            let mut changed = reward(&seat, "COIN", 1);
            changed[field] = value;
            changed
        };
        for (field, value) in [
            ("amount", json!(0)),
            ("amount", json!(1_000_001)),
            ("amount", json!(-1)),
            ("reward_type", json!("PEARL")),
            ("source_description", json!("")),
            ("user_id", json!("somebody")),
            ("campaign_id", json!("cmp_01MCC5RM00000000000000001A")),
            ("item_id", json!("lucky_charm")),
        ] {
            assert_eq!(give(&admin, "reward-1", with(field, value.clone())).await.wrong_field(), field, "{value}");
        }
        for item in [Value::Null, json!("no_such_item")] {
            let mut unknown = with("reward_type", json!("ITEM"));
            unknown["item_id"] = item;
            assert_eq!(give(&admin, "reward-1", unknown).await.wrong_field(), "item_id");
        }
        let nobody = with("user_id", json!("ply_01MCC5RM00000000000000001A"));
        give(&admin, "reward-1", nobody).await.refused(Code::NotFound);
        assert_eq!(seat.balance().await, (1000, 0, 1));
        // Nothing of this has used the key up.
        give(&admin, "reward-1", reward(&seat, "COIN", 1)).await.ok();
    })
    .await;
}

#[tokio::test]
async fn rewards_are_shown_to_whoever_got_them_and_to_admins() {
    play(async |world| {
        let (admin, seat, other) = (world.admin().await, world.newcomer("winner").await, world.newcomer("other").await);
        for number in 0..5_u64 {
            world.pass(Duration::from_secs(1));
            give(&admin, &format!("reward-{number}"), reward(&seat, "COIN", number + 1)).await.ok();
        }
        let values: Vec<_> = rewards(&seat).await.iter().map(|reward| reward["reward_value"].clone()).collect();
        assert_eq!(values, [5, 4, 3, 2, 1]);
        let path = format!("/api/rewards/users/{}/rewards?limit=100", seat.id);
        assert_eq!(admin.pages(&path).await.concat(), seat.pages(&path).await.concat());
        other.get(&path).await.refused(Code::NotFound);
        admin.get("/api/rewards/users/nobody/rewards").await.refused(Code::NotFound);
    })
    .await;
}

/// A campaign of coins that begins now and ends in an hour.
async fn campaign(admin: &Seat, from: croupier_rules::time::Timestamp, change: Value) -> String {
    let mut campaign = json!({
        "name": "Spring", "audience": "all", "reward": { "reward_type": "COIN", "amount": 10 },
        "starts_at": from, "ends_at": from.after(Duration::from_secs(3600)), "budget": 100,
    });
    for (field, value) in change.as_object().unwrap() {
        campaign[field] = value.clone();
    }
    let key = format!("campaign-{campaign}").chars().filter(char::is_ascii_alphanumeric).take(120).collect::<String>();
    admin.post_keyed(CAMPAIGNS, &key, campaign).await.ok()["id"].as_str().unwrap().to_owned()
}

async fn claim(seat: &Seat, campaign: &str) -> Answer {
    // As the answer itself tells a client to, whoever is told 503 asks again.
    for _ in 0..20 {
        let answer = seat.post(&format!("/api/campaigns/{campaign}/claim"), json!({})).await;
        if answer.status != 503 {
            return answer;
        }
    }
    panic!("too much is going on all the time");
}

#[tokio::test]
async fn of_five_hundred_who_claim_at_once_a_hundred_get_what_there_is() {
    play(async |world| {
        let admin = world.admin().await;
        let id = campaign(&admin, world.now(), json!({})).await;
        let players = crowd(world, 500).await;
        world.wire.plan("TransactWriteItems", &[Fault::Collision; 20]);
        let mut told = BTreeMap::<String, usize>::new();
        for answer in join_all(players.iter().map(|player| claim(player, &id))).await {
            let told_as = if answer.status == 200 { "done".to_owned() } else { answer.code() };
            *told.entry(told_as).or_default() += 1;
        }
        assert_eq!(told, [("done".to_owned(), 100), ("BUDGET_SPENT".to_owned(), 400)].into());
        let kept = admin.pages(&format!("{CAMPAIGNS}?limit=10")).await.concat();
        assert_eq!((&kept[0]["claimed"], &kept[0]["budget"]), (&json!(100), &json!(100)));
        // What is spent cannot be taken back, and can be raised.
        let path = format!("{CAMPAIGNS}/{id}");
        admin.patch(&path, json!({ "budget": 99 })).await.refused(Code::BudgetSpent);
        admin.patch(&path, json!({ "budget": 101 })).await.ok();
        let more = join_all(players.iter().map(|player| claim(player, &id))).await;
        assert_eq!(more.iter().filter(|answer| answer.status == 200).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_campaign_is_claimed_once_however_often_it_is_asked_for() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("winner").await);
        let id = campaign(&admin, world.now(), json!({})).await;
        let answers = join_all((0..10).map(|_| claim(&seat, &id))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.code() == "ALREADY_CLAIMED").count(), 9);
        let path = format!("/api/campaigns/{}/claim", campaign(&admin, world.now(), json!({ "budget": 5 })).await);
        let first = seat.post_keyed(&path, "claim-of-spring", json!({})).await;
        let again = seat.post_keyed(&path, "claim-of-spring", json!({})).await;
        assert_eq!((first.ok(), again.replayed()), (again.ok(), true));
        assert_eq!(seat.balance().await.0, 1020);
        let open = seat.pages("/api/campaigns?limit=100").await.concat();
        assert_eq!(open.iter().map(|campaign| &campaign["claimed"]).collect::<Vec<_>>(), [&json!(true), &json!(true)]);
    })
    .await;
}

#[tokio::test]
async fn a_campaign_is_for_whom_and_when_it_says() {
    play(async |world| {
        let (admin, seat, other) = (world.admin().await, world.newcomer("winner").await, world.newcomer("other").await);
        let begin = world.now().after(Duration::from_secs(10));
        let later = campaign(&admin, begin, json!({})).await;
        let mine = campaign(&admin, world.now(), json!({ "audience": { "user_ids": [seat.id] } })).await;
        let vip = campaign(&admin, world.now(), json!({ "audience": { "rank": "PREMIUM" } })).await;
        let off = campaign(&admin, world.now(), json!({ "budget": 7 })).await;
        admin.patch(&format!("{CAMPAIGNS}/{off}"), json!({ "is_active": false })).await.ok();

        claim(&seat, &later).await.refused(Code::WindowClosed);
        claim(&other, &mine).await.refused(Code::NotFound);
        claim(&seat, &vip).await.refused(Code::RankRequired);
        claim(&seat, &off).await.refused(Code::Disabled);
        claim(&seat, "cmp_01MCC5RM00000000000000001A").await.refused(Code::NotFound);
        claim(&seat, "spring").await.refused(Code::NotFound);
        assert_eq!(other.pages("/api/campaigns?limit=1").await.concat(), Vec::<Value>::new());
        claim(&seat, &mine).await.ok();
        admin::update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
        claim(&seat, &vip).await.ok();

        world.pass(Duration::from_millis(9_999));
        claim(&seat, &later).await.refused(Code::WindowClosed);
        world.pass(Duration::from_millis(1));
        claim(&seat, &later).await.ok();
        world.pass(Duration::from_millis(3_599_999));
        // The access token has ended by now.
        let other = Seat::of(world, &world.log_in("other", croupier_tests::seat::PASSWORD).await.ok());
        claim(&other, &later).await.ok();
        world.pass(Duration::from_millis(1));
        claim(&Seat::of(world, &world.sign_up("late", "5858").await.ok()), &later).await.refused(Code::WindowClosed);
    })
    .await;
}
