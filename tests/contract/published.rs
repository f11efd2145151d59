//! What is published follows the schemas that are published, and readers of what was published before can read it still.

use std::{collections::BTreeSet, fs, path::PathBuf};

use croupier_rules::{
    account::Session,
    admin::{AdminAction, AuditEntry},
    event::{Event, KINDS, schemas},
    fairness::Draw,
    gacha::{GachaRound, Pull},
    id::{AuditId, CampaignId, GameSessionId, PlayerId, PurchaseId, RewardId, SessionId},
    ledger::{Action, Award, Entry, GameType, Hash, Sale},
    mission::Rewards,
    money::{Cents, Coins, Debt, Gems, Postings},
    name::Description,
    reward::{Prize, RewardAmount, RewardType},
    session::EndedSession,
    shop::{
        Grants, Price,
        price::GrantedItem,
        purchase::{Reason, Status},
    },
    slot::SlotRound,
    time::Timestamp,
};
use croupier_tests::world::variable;
use croupier_web::bus::Letter;
use jsonschema::Validator;
use serde_json::{Value, json};

const PLAYER: PlayerId = PlayerId::new(1_800_000_000_000, 42);

fn at() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_123)
}

fn coins(amount: u64) -> Coins {
    Coins::new(amount).expect("an amount")
}

fn words(text: &str) -> Description {
    text.parse().expect("a description")
}

fn sale() -> Sale {
    Sale {
        transaction_id: PurchaseId::new(1_800_000_000_000, 5),
        sku: "WEEKEND_STARTER".parse().expect("a sku"),
        quantity: 2,
        total: Price::Cents(Cents::new(998).expect("an amount")),
        promo: Some("SPRING".parse().expect("a code")),
        grants: Grants {
            coins: coins(1200),
            gems: Gems::ZERO,
            items: vec![GrantedItem { item_id: "lucky_charm".parse().expect("an item"), count: 1 }],
        },
        charge_id: Some("pi_3NqYZ2".parse().expect("a charge")),
    }
}

fn award() -> Award {
    Award {
        reward_id: RewardId::new(1_800_000_000_000, 6),
        prize: Prize {
            reward_type: RewardType::Item,
            amount: RewardAmount::LEAST,
            item_id: Some("lucky_charm".parse().expect("an item")),
        },
        source: words("Spring race"),
        campaign_id: Some(CampaignId::new(1_800_000_000_000, 7)),
    }
}

/// What is played, with all that it can tell.
fn games() -> Vec<Action> {
    let (session_id, game_type) = (GameSessionId::new(1_800_000_000_000, 4), GameType::Slot);
    let rewards = Rewards { coins: coins(500), gems: Gems::ZERO, experience: 50 };
    let pull = |pity| Pull { entry: "Near_Miss_Epic".to_owned(), item_id: "holo_jacket".to_owned(), pity };
    vec![
        Action::Signup { invite: Some("5858".parse().expect("a code")) },
        Action::SlotSpin(SlotRound {
            bet_amount: coins(50),
            streak: 3,
            reels: ["🍒", "🍒", "🍋"].map(str::to_owned),
            pay_percent: 150,
            variation: 137,
            win_amount: coins(77),
        }),
        Action::GachaPull(GachaRound { cost: coins(100), pity: 88, pulls: vec![pull(false), pull(true)] }),
        Action::SessionStart { session_id, game_type, bet_amount: Some(coins(10)) },
        Action::SessionEnd(EndedSession {
            session_id,
            game_type,
            started_at: Timestamp::from_millis(1_799_999_000_000),
            ended_at: at(),
            idle: true,
            total_rounds: 7,
            total_bet: coins(350),
            total_win: coins(120),
        }),
        Action::MissionClaim { mission_id: "slot_master".to_owned(), period: "2027-01-15".to_owned(), rewards },
        Action::StreakClaim { day: "2027-01-15".to_owned(), streak: 4, forgiven: true, rewards },
        Action::FairnessRotate { epoch: 2, client_seed: "a-seed-of-the-player".parse().expect("a seed") },
    ]
}

/// What is bought and given, with all that it can tell.
fn shop() -> Vec<Action> {
    let (hold_id, transaction_id, quantity) = (sale().transaction_id, sale().transaction_id, 2);
    let (code, sku) = (sale().sku, sale().sku);
    vec![
        Action::HoldCreate { hold_id, code: code.clone(), quantity, expires_at: at() },
        Action::HoldRelease { hold_id, code, quantity, expired: true },
        Action::PurchaseStart(sale()),
        Action::Purchase(sale()),
        Action::PurchaseFail { transaction_id, sku, status: Status::Failed, reason: Reason::Declined },
        Action::PurchaseRefund { sale: sale(), reason: words("Bought by mistake") },
        Action::RewardGrant(award()),
        Action::CampaignClaim(award()),
        Action::BalanceAdjust { by: PlayerId::new(1_800_000_000_000, 43), reason: words("A lost round of Tuesday") },
    ]
}

fn entry(number: u64, action: Action) -> Entry {
    Entry {
        player: PLAYER,
        number,
        at: at(),
        action,
        moved: Postings { coins: -27, gems: 3 },
        coins: coins(1000),
        gems: Gems::ZERO,
        owed: Postings { coins: -5, gems: 0 },
        debt: Debt { coins: coins(15), gems: Gems::ZERO },
        odds: Some("2026-11-01".to_owned()),
        draw: Some(Draw { epoch: 0, nonce: 0, client_seed: "a-seed-of-the-player".parse().expect("a seed") }),
        previous: Hash::genesis(PLAYER),
    }
}

fn login() -> Session {
    Session {
        id: SessionId::new(1_800_000_000_000, 8),
        revision: 0,
        epoch: 0,
        refresh_hash: "the-hash-of-a-token".to_owned(),
        spent_hash: None,
        used_at: at(),
        seen_at: None,
        device: "the-phone-of-ann".to_owned(),
        created_at: at(),
        ends_at: Timestamp::from_millis(1_800_600_000_123),
        expires: 1_800_600_000,
    }
}

fn deed(action: AdminAction, target: &str) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(1_800_000_000_000, 9),
        at: at(),
        actor: PLAYER,
        action,
        target: target.to_owned(),
        before: json!({ "is_active": true }),
        after: json!({ "is_active": false }),
        request_id: "req_01KEZ5X8000000000000000001".to_owned(),
    }
}

/// An event of each kind.
fn events() -> Vec<Event> {
    let actions = games().into_iter().chain(shop());
    let entries = actions.zip(1..).map(|(action, number)| Event::of(&entry(number, action)));
    let others = [
        Event::of_login(PLAYER, &login()),
        Event::of_deed(&deed(AdminAction::UserUpdate, &PlayerId::new(1_800_000_000_000, 43).to_string())),
    ];
    entries.chain(others).collect()
}

/// Validates against the schema of all events, or of one type.
fn validator(kind: Option<&str>) -> Validator {
    let mut schema = schemas();
    if let Some(kind) = kind {
        schema["oneOf"] = json!([{ "$ref": format!("#/$defs/{kind}") }]);
    }
    jsonschema::validator_for(&schema).expect("a schema")
}

#[track_caller]
fn is_valid(validator: &Validator, event: &Value) {
    let errors: Vec<_> = validator.iter_errors(event).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{event} is not what its schema says: {errors:?}");
}

#[test]
fn there_is_an_event_of_every_kind_and_each_follows_its_schema_and_no_other() {
    let any = validator(None);
    let mut names = BTreeSet::new();
    for event in events() {
        let written = serde_json::to_value(&event).expect("JSON");
        is_valid(&any, &written);
        assert_eq!(
            (&written["type"], &written["schema_version"]),
            (&json!(event.news.name()), &json!(event.news.version()))
        );
        assert_eq!(serde_json::from_value::<Event>(written.clone()).expect("an event"), event);
        for kind in KINDS {
            assert_eq!(validator(Some(kind.name)).is_valid(&written), kind.name == event.news.name(), "{}", kind.name);
        }
        names.insert(event.news.name());
    }
    assert_eq!(names, KINDS.iter().map(|kind| kind.name).collect());
}

/// Whoever reads events of this version still takes them when a field was added.
#[test]
fn a_field_that_nobody_knows_yet_is_no_mistake() {
    fn add(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.values_mut().for_each(add);
                fields.insert("of_tomorrow".to_owned(), json!(true));
            }
            Value::Array(items) => items.iter_mut().for_each(add),
            _ => {}
        }
    }
    let any = validator(None);
    for event in events() {
        let mut later = serde_json::to_value(&event).expect("JSON");
        add(&mut later);
        is_valid(&any, &later);
        assert_eq!(serde_json::from_value::<Event>(later).expect("an event"), event);
    }
}

#[test]
fn what_no_event_is_does_not_pass_for_one() {
    let any = validator(None);
    let spin = serde_json::to_value(&events()[1]).expect("JSON");
    assert_eq!(spin["type"], "round.played");
    for (field, wrong) in [
        ("/event_id", json!("1")),
        ("/type", json!("player.left")),
        ("/schema_version", json!(2)),
        ("/sequence", json!(-1)),
        ("/occurred_at", json!("yesterday")),
        ("/data/win_amount", json!(-1)),
        ("/data/wallet/balance_coin", json!(1.5)),
        ("/data/wallet", json!(null)),
    ] {
        let mut other = spin.clone();
        *other.pointer_mut(field).unwrap_or_else(|| panic!("{field}")) = wrong;
        assert!(!any.is_valid(&other), "{field}");
    }
}

#[test]
fn an_event_has_one_id_however_often_it_is_made_and_tells_no_secret() {
    for (place, action) in games().into_iter().chain(shop()).enumerate() {
        let [one, again] = [(); 2].map(|()| Event::of(&entry(place as u64 + 1, action.clone())));
        let [one, again] = [one, again].map(|event| Letter::of(&event).expect("a letter"));
        assert_eq!(one, again);
        let text = format!("{one:?}");
        for secret in ["5858", "a-seed-of-the-player"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let others = [
        Event::of_login(PLAYER, &login()),
        Event::of_deed(&deed(AdminAction::InviteGenerate, "5858")),
        Event::of_deed(&deed(AdminAction::InviteDeactivate, "5858")),
    ];
    let text = serde_json::to_string(&others).expect("JSON");
    for secret in ["5858", "the-hash-of-a-token", "the-phone-of-ann", "is_active"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// Events that were published once. None is ever altered: a reader who was written for them reads today's events. `UPDATE=1`
/// adds what is missing, and nothing else.
#[test]
fn whoever_reads_the_events_of_yesterday_reads_those_of_today() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("contract/golden");
    for event in events() {
        let name = format!("{}.v{}.json", event.news.name(), event.news.version());
        let path = folder.join(&name);
        if variable("UPDATE").is_some() && !path.exists() {
            let text = serde_json::to_string_pretty(&event).expect("JSON");
            fs::write(&path, text + "\n").expect("a file");
        }
        let advice = format!(
            "{name} is not understood as it was; a new field must be optional, and anything else is another version of the \
             schema: see docs/events.md"
        );
        let text =
            fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name} is missing; UPDATE=1 cargo test writes it"));
        let golden: Value = serde_json::from_str(&text).expect("JSON");
        is_valid(&validator(Some(event.news.name())), &golden);
        let read: Event = serde_json::from_value(golden.clone()).unwrap_or_else(|error| panic!("{error}: {advice}"));
        assert_eq!(serde_json::to_value(read).expect("JSON"), golden, "{advice}");
    }
    let kept = fs::read_dir(&folder).expect("a folder").count();
    assert!(kept >= KINDS.len(), "golden events are never taken away");
}
