//! What the log tells of calls: lines with fields that do not change, and metrics that agree with the ledgers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

use croupier_functions::FUNCTIONS;
use croupier_rules::{
    event::Event,
    ledger::{Action, GameType},
};
use croupier_tests::{
    audit,
    live::Live,
    seat::Answer,
    tape::Tape,
    wire::Fault,
    world::{World, play},
};
use croupier_web::{
    error::Code,
    event::HttpEvent,
    line::{Invocation, NAMESPACE},
};
use serde_json::{Value, json};

use crate::shop::{Keeper, buy, buy_limited};

const WRITE: &str = "TransactWriteItems";

/// Waits until the stream has told of everything.
async fn told(world: &World) {
    let books = audit::books(world).await;
    let entries = books.ledgers.values().flatten().map(|record| Event::of(&record.entry));
    world.published(&entries.map(|event| (event.envelope.player_id, event.envelope.event_id)).collect()).await;
}

/// The lines of a kind.
fn of<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == kind).collect()
}

/// A number of lines, added up by a text of theirs.
fn sums(lines: &[&Value], number: &str, by: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        let by = line[by].as_str().unwrap_or_default().to_owned();
        *sums.entry(by).or_default() += line[number].as_u64().expect("a number");
    }
    sums.retain(|_, sum| *sum > 0);
    sums
}

/// What a client sees of its calls.
#[derive(Default)]
struct Seen {
    calls: u64,
    replays: u64,
    codes: BTreeMap<String, u64>,
}

impl Seen {
    fn note(&mut self, answer: &Answer) {
        self.calls += 1;
        self.replays += u64::from(answer.replayed());
        if answer.status >= 400 {
            *self.codes.entry(answer.code()).or_default() += 1;
        }
    }
}

#[tokio::test]
async fn what_the_metrics_add_up_to_is_what_clients_saw_and_what_ledgers_tell() {
    let (tape, _listeners) = Tape::listen();
    play(async |world| {
        let (ann, bob) = (world.newcomer("ann").await, world.newcomer("bob").await);
        let mut seen = Seen::default();
        for number in 0..150 {
            seen.note(&ann.spin(1 + number % 7).await);
            seen.note(&bob.spin_keyed(20, &format!("spin-number-{}", number / 2)).await);
        }
        for bet in [0, 10_001, 9_999] {
            seen.note(&ann.spin(bet).await);
        }
        world.wire.plan(WRITE, &[Fault::Collision, Fault::Collision]);
        seen.note(&ann.spin(1).await);
        world.wire.plan(WRITE, &[Fault::Collision; 8]);
        seen.note(&ann.spin(1).await);
        bob.post("/api/games/gacha/pull", json!({ "pull_count": 1 })).await;
        for (key, token) in [("purchase-1", "ok"), ("purchase-2", "declined"), ("purchase-1", "ok")] {
            buy(&ann, key, json!({ "sku": "COIN_PACK_SMALL", "quantity": 2, "payment_token": token })).await;
        }
        assert!(seen.replays > 50 && seen.codes.len() == 3, "{:?}", seen.codes);
        told(world).await;

        let lines = tape.metrics();
        let spins: Vec<_> = of(&lines, "call").into_iter().filter(|line| line["function"] == "spin").collect();
        let of_spin = |number: &str| sums(&spins, number, "function").remove("spin").unwrap_or_default();
        assert_eq!((of_spin("requests"), of_spin("replayed")), (seen.calls, seen.replays));
        assert_eq!(sums(&spins, "refused", "code"), seen.codes);
        assert_eq!((of_spin("retries"), of_spin("errors")), (2 + 7, 1));

        let books = audit::books(world).await;
        let (mut rounds, mut stakes, mut payouts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let entries = books.ledgers.values().flatten().map(|record| &record.entry);
        for entry in entries.filter(|entry| matches!(entry.action.name(), "SLOT_SPIN" | "GACHA_PULL")) {
            let (game, stake, payout) = match &entry.action {
                Action::SlotSpin(round) => (GameType::Slot, round.bet_amount.get(), round.win_amount.get()),
                Action::GachaPull(round) => (GameType::Gacha, round.cost.get(), 0),
                other => panic!("no round: {other:?}"),
            };
            assert_eq!(entry.moved.coins, payout as i64 - stake as i64);
            *rounds.entry(game.name().to_owned()).or_default() += 1;
            *stakes.entry(game.name().to_owned()).or_default() += stake;
            if payout > 0 {
                *payouts.entry(game.name().to_owned()).or_default() += payout;
            }
        }
        let plays = of(&lines, "play");
        assert_eq!(sums(&plays, "rounds", "game"), rounds);
        assert_eq!(sums(&plays, "stakes", "game"), stakes);
        assert_eq!(sums(&plays, "payouts", "game"), payouts);
        let purchases = of(&lines, "purchase");
        assert_eq!(
            sums(&purchases, "purchases", "result"),
            [("failed".to_owned(), 1), ("success".to_owned(), 1)].into()
        );
        assert_eq!(sums(&purchases, "cents", "result"), [("success".to_owned(), 2 * 299)].into());
    })
    .await;
}

/// A life in which every kind of line is written with every field.
async fn everything_happens(world: &World) {
    let keeper = Keeper::of(world).await;
    keeper.package("WEEKEND", json!({ "stock": 3 })).await.ok();
    let ann = world.newcomer("ann").await;
    ann.spin(5).await.ok();
    ann.spin(0).await.refused(Code::ValidationFailed);
    world.wire.plan(WRITE, &[Fault::Collision; 8]);
    ann.spin(1).await.refused(Code::Unavailable);
    buy_limited(&ann, "purchase-1", "WEEKEND", "ok").await.ok();
    Live::open(&ann).await.close().await;
    let hold = json!({ "code": "WEEKEND", "quantity": 1 });
    ann.post_keyed("/api/shop/holds", "hold-one-of-them", hold).await.ok();
    world.sweep().await;
    world.wire.plan("Query", &[Fault::Denied; 5]);
    let sweep = FUNCTIONS.iter().find(|function| function.name == "sweep").expect("a sweep");
    sweep.invoke(&world.running().app, Value::Null).await.expect_err("a sweep that is not allowed to look");
    told(world).await;
    let health = FUNCTIONS.iter().find(|function| function.name == "health").expect("a function");
    let invocation =
        Invocation { id: None, trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793".into()), cold_start: true };
    let event = serde_json::to_value(HttpEvent::default()).expect("JSON");
    health.invoke_as(invocation, &world.running().app, event).await.expect("an answer");
}

/// The fields of each kind of line that docs/observability.md tells of, and whether they are metrics.
fn documented() -> BTreeMap<String, (BTreeSet<String>, bool)> {
    let text = fs::read_to_string("../docs/observability.md").expect("a document");
    let table = text.split("\n\n").find(|part| part.starts_with("| Field | In |")).expect("a table of fields");
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let fields = table.lines().skip(2).map(cells).map(|row| {
        let kinds = row[1].split(", ").map(|kind| kind.trim_matches('`').to_owned()).collect();
        (row[0].trim_matches('`').to_owned(), (kinds, !row[2].is_empty()))
    });
    fields.collect()
}

#[tokio::test]
async fn the_fields_of_lines_are_those_that_are_documented() {
    let (tape, _listeners) = Tape::listen();
    play(async |world| everything_happens(world).await).await;
    let lines = tape.metrics();
    let documented = documented();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for line in &lines {
        let kind = line["message"].as_str().expect("a kind");
        for (field, value) in line.as_object().expect("fields").iter().filter(|(field, _)| *field != "_aws") {
            let (kinds, metric) = documented.get(field).unwrap_or_else(|| panic!("nobody knows what {field} is"));
            assert!(kinds.contains("all") || kinds.contains(kind), "{field} in {line}");
            assert!(!metric || value.is_number(), "{field} in {line}");
            seen.extend([(field.as_str(), kind), (field.as_str(), "all")]);
        }
    }
    for (field, (kinds, _)) in &documented {
        for kind in kinds {
            assert!(seen.contains(&(field.as_str(), kind.as_str())), "no {kind} has a {field}");
        }
    }
}

#[tokio::test]
async fn metrics_are_such_as_cloudwatch_takes_and_tell_nothing_of_anybody() {
    let (tape, _listeners) = Tape::listen();
    play(async |world| everything_happens(world).await).await;
    let lines = tape.metrics();
    let documented = documented();
    let mut measured = BTreeSet::new();
    for line in &lines {
        let aws = &line["_aws"];
        let at =
            line["timestamp"].as_str().expect("a time").parse::<croupier_rules::time::Timestamp>().expect("a time");
        assert_eq!(aws["Timestamp"], at.millis());
        for directive in aws["CloudWatchMetrics"].as_array().expect("directives") {
            assert_eq!(directive["Namespace"], NAMESPACE);
            let dimensions = directive["Dimensions"].as_array().expect("sets").iter();
            let metrics = directive["Metrics"].as_array().expect("metrics");
            assert!(!metrics.is_empty() && metrics.len() <= 100 && dimensions.len() > 0, "{aws}");
            for dimension in dimensions.flat_map(|set| set.as_array().expect("a set")) {
                let dimension = dimension.as_str().expect("a name");
                assert!(["function", "code", "game", "package", "result"].contains(&dimension), "{dimension}");
                assert!(line[dimension].as_str().is_some_and(|value| !value.is_empty()), "{dimension} in {line}");
            }
            for metric in metrics {
                let name = metric["Name"].as_str().expect("a name");
                assert!(line[name].is_number(), "{name} in {line}");
                measured.insert(name.to_owned());
            }
        }
    }
    let wanted = documented.into_iter().filter(|(_, (_, metric))| *metric).map(|(field, _)| field);
    assert_eq!(measured, wanted.collect());
}

#[tokio::test]
async fn what_waits_too_long_is_measured_after_the_sweep() {
    let (tape, _listeners) = Tape::listen();
    play(async |world| {
        let ann = world.newcomer("ann").await;
        let pack = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": "pending" });
        assert_eq!(buy(&ann, "purchase-1", pack).await.status, 202);
        world.pass(Duration::from_secs(400));
        let sweep = FUNCTIONS.iter().find(|function| function.name == "sweep").expect("a sweep");
        world.wire.plan(WRITE, &[Fault::Denied]);
        sweep.invoke(&world.running().app, Value::Null).await.expect_err("a sweep that may not write");
        world.sweep().await;
        let lines = tape.metrics();
        let overdue: Vec<_> = of(&lines, "schedule")
            .iter()
            .map(|line| line["overdue_purchase_seconds"].as_u64().expect("an age"))
            .collect();
        let [.., waiting, over] = overdue[..] else { panic!("two sweeps: {overdue:?}") };
        assert!((300..=400).contains(&waiting), "{waiting}");
        assert_eq!(over, 0);
    })
    .await;
}
