//! What is told outside, as a reader of the queue gets it.

mod queue;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_sqs::types::MessageSystemAttributeName;
use croupier_rules::event::{KINDS, schemas};
use croupier_tests::{
    audit::audit,
    reader::Reader,
    seat::{PASSWORD, Seat, Site},
    world::World,
};
use croupier_web::error::Code;
use serde_json::{Value, json};

const PHONE: &str = "+442079460000";
const SEED: &str = "a-seed-that-ann-chose";

/// Plays all that there is to play.
async fn plays(seat: &Seat) {
    seat.post("/api/games/session/start", json!({ "game_type": "slot" })).await.ok();
    seat.spin(10).await.ok();
    seat.post("/api/games/gacha/pull", json!({ "pull_count": 3 })).await.ok();
    let session = seat.get("/api/games/session/active").await.ok()["session_id"].clone();
    seat.post("/api/games/session/end", json!({ "session_id": session })).await.ok();
    seat.post("/api/missions/first_play/claim", json!({})).await.ok();
    seat.post("/api/streak/claim", json!({})).await.ok();
    seat.post("/api/fairness/rotate", json!({ "client_seed": SEED })).await.ok();
}

/// Buys with and without luck, and is given something.
async fn shops(world: &World, seat: &Seat) {
    let hold = seat.post("/api/shop/holds", json!({ "code": "WEEKEND_STARTER", "quantity": 1 })).await.ok();
    seat.delete(&format!("/api/shop/holds/{}", hold["hold_id"].as_str().expect("an id"))).await.ok();
    let buy = async |token: &str| {
        let what = json!({ "sku": "COIN_PACK_SMALL", "quantity": 2, "payment_token": token });
        seat.post_keyed("/api/shop/buy", &format!("key-of-{token}"), what).await
    };
    let bought = buy("ok").await.ok()["transaction_id"].as_str().expect("an id").to_owned();
    buy("declined").await.refused(Code::PaymentDeclined);

    let (admin, now) = (world.admin().await, world.now());
    admin
        .post_keyed(&format!("/api/admin/transactions/{bought}/refund"), "refund-1", json!({ "reason": "A mistake" }))
        .await
        .ok();
    let reward = json!({ "user_id": seat.id, "reward_type": "GEM", "amount": 5, "source_description": "A race" });
    admin.post_keyed("/api/rewards", "reward-1", reward).await.ok();
    let campaign = json!({
        "name": "Spring race", "audience": "all", "reward": { "reward_type": "COIN", "amount": 100 },
        "starts_at": now, "ends_at": now.after(Duration::from_secs(3600)), "budget": 1000,
    });
    let campaign = admin.post_keyed("/api/admin/campaigns", "campaign-1", campaign).await.ok();
    let claim = format!("/api/campaigns/{}/claim", campaign["id"].as_str().expect("an id"));
    seat.post_keyed(&claim, "campaign-claim-1", json!({})).await.ok();
    let adjust = json!({ "coins": -7, "reason": "Too much" });
    admin.post_keyed(&format!("/api/admin/users/{}/adjust", seat.id), "adjust-1", adjust).await.ok();
}

/// All that waits in the queue, of each player in the order in which it came; nothing is left.
async fn all(reader: &Reader) -> BTreeMap<String, Vec<Value>> {
    let schema = jsonschema::validator_for(&schemas()).expect("a schema");
    let mut told = BTreeMap::<String, Vec<Value>>::new();
    loop {
        let messages = reader.some().await;
        if messages.is_empty() {
            return told;
        }
        for message in messages {
            let event: Value = serde_json::from_str(message.body().expect("a body")).expect("JSON");
            assert!(schema.is_valid(&event), "{event}");
            let attribute = |name: &str| {
                message.message_attributes.as_ref().expect("attributes")[name]
                    .string_value()
                    .expect("a text")
                    .to_owned()
            };
            assert_eq!(
                (json!(attribute("type")), attribute("schema_version")),
                (event["type"].clone(), event["schema_version"].to_string())
            );
            let system = message.attributes.as_ref().expect("attributes");
            assert_eq!(
                system[&MessageSystemAttributeName::MessageGroupId],
                event["player_id"].as_str().expect("a text")
            );
            assert_eq!(
                system[&MessageSystemAttributeName::MessageDeduplicationId],
                event["event_id"].as_str().expect("a text")
            );
            assert!(reader.done(&message).await);
            told.entry(event["player_id"].as_str().expect("a text").to_owned()).or_default().push(event);
        }
    }
}

#[tokio::test]
async fn a_reader_gets_all_that_happened_complete_in_order_and_once() {
    let world = World::start().await;
    let mut body = Site::sign_up_body("ann", "5858");
    body["phone_number"] = PHONE.into();
    let ann = Seat::of(&world, &world.post("/api/auth/signup", body).await.ok());
    let bob = world.newcomer("bob").await;
    tokio::join!(plays(&ann), plays(&bob));
    shops(&world, &ann).await;
    audit(&world).await;

    let told = all(&Reader::of(&world)).await;
    assert_eq!(told.len(), 3, "ann, bob, and the admin");
    let (mut ids, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for seat in [&ann, &bob] {
        let mut history = seat.history().await;
        history.reverse();
        let (logins, events): (Vec<_>, Vec<_>) =
            told[&seat.id].iter().partition(|event| event["type"] == "player.logged_in");
        assert_eq!(logins.len(), 1, "signing up");
        kinds.insert("player.logged_in".to_owned());
        assert_eq!(events.len(), history.len());
        for (event, entry) in events.iter().zip(history) {
            let wallet = &event["data"]["wallet"];
            for (told, shown) in [
                (&event["event_id"], "id"),
                (&event["sequence"], "sequence"),
                (&event["occurred_at"], "created_at"),
                (&wallet["delta_coin"], "delta_coin"),
                (&wallet["delta_gem"], "delta_gem"),
                (&wallet["balance_coin"], "balance_coin"),
                (&wallet["balance_gem"], "balance_gem"),
                (&wallet["debt_coin"], "debt_coin"),
                (&wallet["debt_gem"], "debt_gem"),
            ] {
                assert_eq!(*told, entry[shown], "{shown} of {event}");
            }
            assert!(ids.insert(event["event_id"].to_string()), "{event} comes twice");
            kinds.insert(event["type"].as_str().expect("a type").to_owned());
        }
    }
    let admin = world.admin().await;
    let mut deeds: Vec<_> = told[&admin.id].iter().filter(|event| event["type"] == "admin.changed").collect();
    let mut audit = admin.pages("/api/admin/audit?limit=100").await.concat();
    // The clock stands still: nothing but the id tells one deed from the next.
    deeds.sort_by_key(|event| event["event_id"].to_string());
    audit.sort_by_key(|entry| entry["id"].to_string());
    assert_eq!(deeds.len(), audit.len());
    for (event, entry) in deeds.iter().zip(audit) {
        let data = &event["data"];
        assert_eq!(
            [&event["event_id"], &event["occurred_at"], &data["action"], &data["target"], &data["request_id"]],
            [&entry["id"], &entry["at"], &entry["action"], &entry["target"], &entry["request_id"]]
        );
        kinds.insert("admin.changed".to_owned());
    }
    assert_eq!(kinds, KINDS.iter().map(|kind| kind.name.to_owned()).collect());
    let text = json!(told).to_string();
    for secret in [PASSWORD, &PHONE[1..], SEED, &ann.token, "\"ann\""] {
        assert!(!text.contains(secret), "{secret} is told");
    }
    world.stop().await;
}
