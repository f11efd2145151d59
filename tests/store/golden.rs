//! How each thing looks in the table, to the attribute. What is in a table already must be readable for as long as it is
//! there: a difference here is a change of the stored shape, to be made on purpose.

use std::{collections::HashMap, fmt::Debug, fs, path::PathBuf};

use croupier_rules::{
    account::{Attempts, Invite, Session},
    admin::{AdminAction, AuditEntry, Standing},
    board::{GameTally, Tally},
    fairness::Draw,
    gacha::{GachaRound, GachaState, Pull},
    id::{AuditId, GameSessionId, PlayerId, SessionId},
    ledger::{Action, Entry, GameType, Hash},
    mission::{Missions, Progress, Rewards},
    money::{Coins, Debt, Gems, Postings},
    player::{Player, Rank},
    session::{EndedSession, GameSession},
    slot::{SlotRound, SlotStreak},
    streak::DailyStreak,
    time::Timestamp,
    totals::{GameTotals, Totals},
};
use croupier_store::{
    item::{
        Attempt, Claim, Connection, EntryRecord, GameRecord, Item, ItemRecord, Login, PlayedRecord, Profile,
        ScoreRecord, Ticket, decode,
    },
    key::Key,
    tx::{Conflict, NotCommitted},
};
use croupier_tests::world::{World, variable};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{alone, golden_shop, with};

/// Writes a value, and compares what the table has then with the file of this name, both ways.
pub async fn check<T>(world: &World, name: &str, key: Key, value: T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let create = async || world.store().tx().create(&key, &value, Conflict::AlreadyDone).commit().await;
    create().await.expect("an empty place");
    let Err(NotCommitted::Refused { found: Some(item), .. }) = create().await else { panic!("{name} is not there") };
    let written = serde_json::to_value(serde_dynamo::Item::from(item)).expect("JSON");

    let path = file(name);
    if variable("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&written).expect("a text");
        fs::write(&path, text + "\n").expect("a file");
    }
    let advice = format!(
        "{name} is kept in another shape than in {}; if that is intended, old items must still be readable: add a \
         default, then write the file anew with UPDATE=1 cargo test -p croupier-tests --test store golden",
        path.display()
    );
    let text = fs::read_to_string(&path).unwrap_or_default();
    let golden: Value = serde_json::from_str(&text).unwrap_or_default();
    assert_eq!(golden, written, "{advice}");
    assert_eq!(decode::<T>(as_kept(golden)).expect("what can be read"), value, "{advice}");
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("store/golden").join(format!("{name}.json"))
}

/// An item as the table has it, from how a file shows it.
fn as_kept(shown: Value) -> Item {
    HashMap::from(serde_json::from_value::<serde_dynamo::Item>(shown).expect("an item"))
}

pub const PLAYER: PlayerId = PlayerId::new(1_800_000_000_000, 42);

pub fn at() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_123)
}

fn coins(amount: u64) -> Coins {
    Coins::new(amount).unwrap()
}

pub fn attempt() -> Attempt {
    Attempt { key: "key-0001".parse().unwrap(), fingerprint: Hash::over(&[b"what was asked"]) }
}

fn draw() -> Draw {
    Draw { epoch: 3, nonce: 17, client_seed: "lucky".parse().unwrap() }
}

#[tokio::test]
async fn a_player_is_kept_as_before() {
    alone(async |world| {
        let (economy, head) = (&world.running().app.economy, Hash::over(&[b"the last entry"]));
        let start = Player::sign_up(PLAYER, true, None, at(), economy).unwrap();
        let books = json!({"coins": 1234, "gems": 5, "debt": { "coins": 0, "gems": 7 }, "entries": 18, "revision": 20, "head": head});
        let mut player = with(start.player(), books);
        assert_eq!((player.id, player.coins(), player.gems()), (PLAYER, coins(1234), Gems::new(5).unwrap()));
        assert_eq!((player.entries(), player.revision(), player.head()), (18, 20, head));
        (player.rank, player.active, player.admin) = (Rank::Premium, true, true);
        (player.session_epoch, player.level, player.experience) = (2, 4, 321);
        player.draw = draw();
        player.slot = SlotStreak { spins: 7, last: Some(at()) };
        let (bet, won, biggest) = (coins(900), coins(1134), coins(500));
        let slot = GameTotals { rounds: 17, wins: 8, bet, won, biggest, streak: 9 };
        let pulled = GameTotals { rounds: 2, bet: coins(500), ..GameTotals::default() };
        let day = economy.calendar.day(at());
        player.totals = Totals { slot, gacha: pulled, days: 3, last_day: day };
        player.gacha = GachaState { pity: 7, counts: [8, 2, 1, 0] };
        let (id, game) = (GameSessionId::new(1_800_000_000_000, 45), GameType::Slot);
        player.session = Some(GameSession { id, game, begun: at(), last: at(), rounds: 3, bet, won });
        let progress = Progress { rounds: 6, spins: 5, wins: 3, claimed: 5 };
        player.missions = Missions { day, daily: progress, week: day.week(), weekly: progress };
        player.streak = DailyStreak { days: 4, last: day, forgiven: Some(day.plus(-2)) };
        check(world, "player", Key::player(PLAYER), player).await;
        let profile = Profile {
            revision: 3,
            sessions: vec![SessionId::new(1_800_000_000_000, 43)],
            site_id: "Ann.Lee".parse().unwrap(),
            nickname: "Ann Lee".parse().unwrap(),
            phone_number: Some("+442079460000".parse().unwrap()),
            created_at: at(),
            last_login_at: at(),
        };
        check(world, "profile", Key::profile(PLAYER), profile).await;
    })
    .await;
}

const GAME: GameSessionId = GameSessionId::new(1_800_000_000_000, 45);

fn pulls() -> GachaRound {
    let pull = |entry: &str, item_id: &str, pity| Pull { entry: entry.to_owned(), item_id: item_id.to_owned(), pity };
    let pulls = vec![pull("Common", "paper_fan", false), pull("Near_Miss_Epic", "loaded_dice", true)];
    GachaRound { cost: coins(100), pity: 88, pulls }
}

fn ended() -> EndedSession {
    EndedSession {
        session_id: GAME,
        game_type: GameType::Slot,
        started_at: at(),
        ended_at: at(),
        idle: true,
        total_rounds: 3,
        total_bet: coins(150),
        total_win: coins(76),
    }
}

#[tokio::test]
async fn what_games_leave_is_kept_as_before() {
    alone(async |world| {
        let game = GameRecord { player: PLAYER, session: GAME, ended: None };
        check(world, "game_session", Key::due_game_session(PLAYER, GAME, at()), game).await;
        let game = GameRecord { player: PLAYER, session: GAME, ended: Some(ended()) };
        let over = Key::game_session(PLAYER, GameSessionId::new(1_800_000_000_000, 46));
        check(world, "game_session_ended", over, game).await;
        check(world, "item", Key::possession(PLAYER, "paper_fan"), ItemRecord { count: 3 }).await;
        let score = ScoreRecord { player: PLAYER, score: -50, expires: Some(1_800_000_600) };
        check(world, "score", Key::score("slot#net#2027-01-15", PLAYER), score).await;
        let played = PlayedRecord { rounds: 17, wins: 8, bet: 900, won: 1134 };
        check(world, "played", Key::played(GameType::Slot, 3), played).await;
        let totals =
            GameTotals { rounds: 17, wins: 8, bet: coins(900), won: coins(1134), biggest: coins(500), streak: 9 };
        let day = world.running().app.economy.calendar.day(at());
        let slot = GameTally { day, daily: totals, week: day.week(), weekly: totals, all: totals };
        let tally = Tally { revision: 4, counted: 19, games: [(GameType::Slot, slot)].into() };
        check(world, "projected", Key::projected(PLAYER), tally).await;
    })
    .await;
}

/// A new action does not compile before it has a name here, and a file.
fn file_of(action: &Action) -> &'static str {
    match action {
        Action::Signup { .. } => "entry_signup",
        Action::SlotSpin(_) => "entry_slot_spin",
        Action::GachaPull(_) => "entry_gacha_pull",
        Action::SessionStart { .. } => "entry_session_start",
        Action::SessionEnd(_) => "entry_session_end",
        Action::MissionClaim { .. } => "entry_mission_claim",
        Action::StreakClaim { .. } => "entry_streak_claim",
        Action::FairnessRotate { .. } => "entry_fairness_rotate",
        Action::HoldCreate { .. } => "entry_hold_create",
        Action::HoldRelease { .. } => "entry_hold_release",
        Action::PurchaseStart(_) => "entry_purchase_start",
        Action::Purchase(_) => "entry_purchase",
        Action::PurchaseFail { .. } => "entry_purchase_fail",
        Action::PurchaseRefund { .. } => "entry_purchase_refund",
        Action::RewardGrant(_) => "entry_reward_grant",
        Action::CampaignClaim(_) => "entry_campaign_claim",
        Action::BalanceAdjust { .. } => "entry_balance_adjust",
    }
}

#[tokio::test]
async fn an_entry_of_each_action_is_kept_as_before() {
    alone(async |world| {
        let round = SlotRound {
            bet_amount: coins(50),
            streak: 7,
            reels: ["🍒", "🍒", "7️⃣"].map(str::to_owned),
            pay_percent: 150,
            variation: -123,
            win_amount: coins(84),
        };
        let rewards = Rewards { coins: coins(100), gems: Gems::new(1).unwrap(), experience: 10 };
        let actions = [
            Action::Signup { invite: Some("WELCOME".parse().unwrap()) },
            Action::SlotSpin(round),
            Action::GachaPull(pulls()),
            Action::SessionStart { session_id: GAME, game_type: GameType::Slot, bet_amount: Some(coins(50)) },
            Action::SessionEnd(ended()),
            Action::MissionClaim { mission_id: "first_play".to_owned(), period: "2027-01-15".to_owned(), rewards },
            Action::StreakClaim { day: "2027-01-15".to_owned(), streak: 3, forgiven: true, rewards },
            Action::FairnessRotate { epoch: 4, client_seed: "luckier".parse().unwrap() },
        ];
        for action in actions.into_iter().chain(golden_shop::actions()) {
            let is_round = action.played().is_some();
            let name = file_of(&action);
            let entry = Entry {
                player: PLAYER,
                number: 19,
                at: at(),
                action,
                moved: Postings { coins: 34, gems: -1 },
                coins: coins(1268),
                gems: Gems::new(4).unwrap(),
                owed: Postings { coins: 50, gems: 0 },
                debt: Debt { coins: coins(50), gems: Gems::ZERO },
                odds: is_round.then(|| "2026-11-01".to_owned()),
                draw: is_round.then(draw),
                previous: Hash::over(&[b"the entry before"]),
            };
            let fingerprint = is_round.then(|| attempt().fingerprint);
            let record = EntryRecord { entry, fingerprint, reply: r#"{"sequence":19}"#.to_owned() };
            let key = match name {
                "entry_slot_spin" => Key::keyed_entry(PLAYER, &attempt().key),
                name => Key::own_entry(PLAYER, name),
            };
            check(world, name, key, record).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_lets_a_player_in_is_kept_as_before() {
    alone(async |world| {
        let session = Session {
            revision: 2,
            spent_hash: Some("spent".to_owned()),
            used_at: at(),
            seen_at: Some(at()),
            id: SessionId::new(1_800_000_000_000, 43),
            epoch: 2,
            refresh_hash: "the hash of a token".to_owned(),
            device: "a telephone".to_owned(),
            created_at: at(),
            ends_at: at(),
            expires: at().seconds(),
        };
        check(world, "session", Key::session(PLAYER, session.id), session).await;
        let site = "Ann.Lee".parse().unwrap();
        let login = Login { player: PLAYER, password_hash: "$argon2id$…".to_owned(), made_by: Some(attempt()) };
        check(world, "login", Key::login(&site), login).await;
        let attempts =
            Attempts { revision: 6, recent: vec![at(), at()], locked_until: Some(at()), expires: 1_800_000_600 };
        check(world, "attempts", Key::attempts(&site), attempts).await;
        let invite = Invite {
            code: "WELCOME".parse().unwrap(),
            max_uses: Some(10),
            used: 3,
            expires_at: Some(at()),
            active: true,
            created_at: Some(at()),
            created_by: Some(PLAYER),
        };
        check(world, "invite", Key::new_invite(&invite), invite).await;
        check(world, "claim", Key::nickname(&"Ann Lee".parse().unwrap()), Claim { player: PLAYER }).await;
        check(world, "claim_phone", Key::phone(&"+442079460000".parse().unwrap()), Claim { player: PLAYER }).await;
    })
    .await;
}

#[tokio::test]
async fn what_opens_a_socket_is_kept_as_before() {
    alone(async |world| {
        let ticket = Ticket {
            player: PLAYER,
            session: SessionId::new(1_800_000_000_000, 43),
            valid_until: at(),
            expires: at().seconds(),
        };
        check(world, "ticket", Key::ticket("the hash of a ticket"), ticket).await;
        let connection = Connection {
            session: SessionId::new(1_800_000_000_000, 43),
            player: PLAYER,
            connection: "L0SM9cOFvHcCIhw=".to_owned(),
            opened_at: at(),
            expires: 1_800_010_800,
        };
        check(world, "connection", Key::connection(PLAYER, &connection.connection), connection.clone()).await;
        check(world, "socket", Key::socket(&connection.connection), connection).await;
    })
    .await;
}

/// As with entries: what operators can do has a name here, and a file.
fn file_of_audit(action: AdminAction) -> &'static str {
    match action {
        AdminAction::UserUpdate => "audit_user_update",
        AdminAction::UserLogout => "audit_user_logout",
        AdminAction::InviteGenerate => "audit_invite_generate",
        AdminAction::InviteDeactivate => "audit_invite_deactivate",
        AdminAction::UserAdjust => "audit_user_adjust",
        AdminAction::RewardGrant => "audit_reward_grant",
        AdminAction::ProductUpsert => "audit_product_upsert",
        AdminAction::LimitedUpsert => "audit_limited_upsert",
        AdminAction::PromoUpsert => "audit_promo_upsert",
        AdminAction::CampaignCreate => "audit_campaign_create",
        AdminAction::CampaignUpdate => "audit_campaign_update",
        AdminAction::TransactionSettle => "audit_transaction_settle",
        AdminAction::TransactionVoid => "audit_transaction_void",
        AdminAction::TransactionRefund => "audit_transaction_refund",
        AdminAction::KafkaProduce => "audit_kafka_produce",
    }
}

#[tokio::test]
async fn what_operators_did_is_kept_as_before() {
    alone(async |world| {
        let standing = |rank, is_active| serde_json::to_value(Standing { rank, is_active }).unwrap();
        let sessions = |epoch: u32, sessions: u32| json!({ "epoch": epoch, "sessions": sessions });
        let invite = |is_active: bool| json!({ "code": "WELCOME", "max_uses": null, "is_active": is_active });
        let done = [
            (AdminAction::UserUpdate, standing(Rank::Standard, true), standing(Rank::Vip, false)),
            (AdminAction::UserLogout, sessions(2, 5), sessions(3, 0)),
            (AdminAction::InviteGenerate, Value::Null, invite(true)),
            (AdminAction::InviteDeactivate, invite(true), invite(false)),
        ];
        let done = done.into_iter().chain(golden_shop::operated());
        for (number, (action, before, after)) in (1..).zip(done) {
            let entry = AuditEntry {
                id: AuditId::new(1_800_000_000_123, number),
                at: at(),
                actor: PLAYER,
                action,
                target: "WELCOME".to_owned(),
                before,
                after,
                request_id: "JKJaXmPLvHcESHA=".to_owned(),
            };
            check(world, file_of_audit(action), Key::audit(entry.id), entry).await;
        }
    })
    .await;
}

/// What a file says without some attributes, as an earlier version wrote it.
fn earlier<T: DeserializeOwned>(name: &str, without: &[&str]) -> T {
    let text = fs::read_to_string(file(name)).expect("a file");
    let mut shown: Value = serde_json::from_str(&text).expect("JSON");
    for attribute in without {
        let taken = shown.as_object_mut().expect("an object").remove(*attribute);
        assert!(taken.is_some(), "{name} has no {attribute}");
    }
    decode(as_kept(shown)).expect("what can be read")
}

#[test]
fn what_an_earlier_version_wrote_is_still_read() {
    let player: Player = earlier("player", &["totals", "slot", "debt"]);
    assert!(player.debt().is_nothing());
    assert_eq!((player.totals, player.slot), (Totals::default(), SlotStreak::default()));
    let spin: EntryRecord = earlier("entry_slot_spin", &["owed", "debt"]);
    assert!(spin.entry.owed.is_nothing() && spin.entry.debt.is_nothing());
    let session: Session = earlier("session", &["seen_at", "spent_hash"]);
    assert_eq!(session.last_used_at(), session.used_at);
    let invite: Invite = earlier("invite", &["created_at", "created_by", "shelf", "name"]);
    assert_eq!((invite.created_at, invite.created_by), (None, None));
    let nowhere = ["shelf", "name"];
    assert!(earlier::<Profile>("profile", &nowhere).phone_number.is_some());
    assert!(earlier::<Login>("login", &nowhere).made_by.is_some());
    assert_eq!(earlier::<Claim>("claim", &nowhere), Claim { player: PLAYER });
}
