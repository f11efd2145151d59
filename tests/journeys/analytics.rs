//! The way of events to ClickHouse, whole: played, published, delivered, written, asked. `CLICKHOUSE_URL` says where ClickHouse's own engine
//! is, and `CLICKHOUSE_SECRET` as whom it knows us; localstack/analytics.sh starts one.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use croupier_functions::FUNCTIONS;
use croupier_rules::{
    event::Event,
    ledger::{Action, Entry},
    slot::odds::Paytable,
};
use croupier_tests::{
    analytics::{between, queries, schema},
    audit,
    seat::{Answer, Seat},
    world::{World, variable},
};
use croupier_web::config::SecretSource;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// How long rows may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// When every world begins, and a day later, in Unix milliseconds.
const DAY: (i64, i64) = (1_800_000_000_000, 1_800_086_400_000);

/// Where rows are written.
const RAW: [&str; 3] = ["user_actions_raw", "rewards_raw", "purchases_raw"];

/// ClickHouse, and a database of its own.
struct Engine {
    http: reqwest::Client,
    url: String,
    secret: String,
    database: String,
}

impl Engine {
    async fn with_tables() -> Option<Self> {
        let Some(url) = variable("CLICKHOUSE_URL") else {
            println!(
                "CLICKHOUSE_URL is not set: nothing is written to ClickHouse. localstack/analytics.sh starts one."
            );
            return None;
        };
        let secret = variable("CLICKHOUSE_SECRET").expect("CLICKHOUSE_URL and CLICKHOUSE_SECRET go together");
        let database = crate::unused("croupier").replace('-', "_");
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let engine = Self { http, url, secret, database };
        engine.ask("", &format!("CREATE DATABASE {}", engine.database)).await;
        // Whoever makes the tables twice has the same tables.
        for statement in schema().iter().chain(&schema()) {
            engine.run(statement).await;
        }
        Some(engine)
    }

    async fn ask(&self, database: &str, query: &str) -> String {
        let login: Value = serde_json::from_str(&self.secret).expect("a secret");
        let header = |name: &str| login[name].as_str().expect("a text").to_owned();
        let parameters = if database.is_empty() { String::new() } else { format!("?database={database}") };
        let request = self.http.post(format!("{}/{parameters}", self.url)).body(query.to_owned());
        let request =
            request.header("x-clickhouse-user", header("username")).header("x-clickhouse-key", header("password"));
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a text"));
        assert!(status.is_success(), "{query}\n{text}");
        text
    }

    async fn run(&self, statement: &str) -> String {
        self.ask(&self.database, statement).await
    }

    async fn rows(&self, query: &str) -> Vec<Value> {
        let text = self.run(&format!("{query} FORMAT JSONEachRow")).await;
        text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
    }

    /// The rows of one of the queries, for the day of the world.
    async fn asked(&self, name: &str) -> Vec<Value> {
        self.rows(&between(&queries()[name], DAY.0, DAY.1)).await
    }

    async fn count(&self, what: &str) -> usize {
        self.run(&format!("SELECT count() FROM {what}")).await.trim().parse().expect("a number")
    }

    /// Waits until so many rows are there.
    async fn has(&self, what: &str, rows: usize) {
        let begin = Instant::now();
        while self.count(what).await < rows {
            assert!(begin.elapsed() < PATIENCE, "{} of {rows} rows of {what} came", self.count(what).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.count(what).await, rows, "{what}");
    }
}

/// A number, however ClickHouse writes those of 64 bits.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().expect("a number").parse().expect("a number"))
}

fn numbers(row: &Value, columns: &[&str]) -> Vec<f64> {
    columns.iter().map(|column| number(&row[column])).collect()
}

async fn put(admin: &Seat, path: &str, terms: Value) {
    Answer::to(admin.request(Method::PUT, path).json(&terms)).await.ok();
}

/// Plays what is not bought.
async fn plays(seat: &Seat) {
    seat.post("/api/games/session/start", json!({ "game_type": "slot" })).await.ok();
    for _ in 0..40 {
        seat.spin(5).await.ok();
    }
    seat.post("/api/games/gacha/pull", json!({ "pull_count": 3 })).await.ok();
    let session = seat.get("/api/games/session/active").await.ok()["session_id"].clone();
    seat.post("/api/games/session/end", json!({ "session_id": session })).await.ok();
    seat.post("/api/missions/first_play/claim", json!({})).await.ok();
    seat.post("/api/streak/claim", json!({})).await.ok();
}

/// Buys in every way that there is: completed, refunded, declined, not captured, under way, given back, held.
async fn shops(world: &World, admin: &Seat) {
    put(admin, "/api/admin/promos/SPRING", json!({ "off_cents": 100 })).await;
    let buyers =
        join_all(["amy", "ben", "cat", "dan", "eve", "fay", "gus", "hal", "ivy"].map(|name| world.newcomer(name)))
            .await;
    let [amy, ben, cat, dan, eve, fay, gus, hal, ivy] = buyers.try_into().expect("nine buyers");
    let pack = |token: &str| json!({ "sku": "COIN_PACK_SMALL", "quantity": 2, "payment_token": token });
    let package = |token: &str| json!({ "code": "WEEKEND_STARTER", "quantity": 1, "payment_token": token, "promo_code": "SPRING" });
    let hold = async |seat: &Seat| {
        let held = seat.post("/api/shop/holds", json!({ "code": "WEEKEND_STARTER", "quantity": 1 })).await.ok();
        format!("/api/shop/holds/{}", held["hold_id"].as_str().expect("an id"))
    };
    let bought = amy.post_keyed("/api/shop/buy", "amy-buys-1", pack("ok")).await.ok();
    let refund = format!("/api/admin/transactions/{}/refund", bought["transaction_id"].as_str().expect("an id"));
    admin.post_keyed(&refund, "refund-1", json!({ "reason": "A mistake" })).await.ok();
    amy.post_keyed("/api/shop/buy", "amy-buys-2", pack("ok")).await.ok();
    amy.post_keyed("/api/shop/buy", "amy-buys-3", pack("declined")).await;
    amy.post_keyed("/api/shop/buy-limited", "amy-buys-4", package("ok")).await.ok();
    ben.post_keyed("/api/shop/buy-limited", "ben-buys-1", package("capture_fails")).await;
    let held = hold(&cat).await;
    cat.post_keyed(&format!("{held}/finalize"), "cat-buys-1", json!({ "payment_token": "ok" })).await.ok();
    let held = hold(&dan).await;
    dan.delete(&held).await.ok();
    hold(&eve).await;
    fay.post_keyed("/api/shop/buy-limited", "fay-buys-1", package("pending")).await;
    gus.post_keyed("/api/shop/buy-limited", "gus-buys-1", package("declined")).await;
    for seat in [hal, ivy] {
        seat.post_keyed("/api/shop/buy-limited", "the-only-package", package("ok")).await.ok();
    }
    let reward = json!({ "user_id": amy.id, "reward_type": "GEM", "amount": 80, "source_description": "A race" });
    admin.post_keyed("/api/rewards", "reward-1", reward).await.ok();
    amy.post_keyed("/api/shop/buy", "amy-buys-5", json!({ "sku": "LUCKY_CHARM", "quantity": 1 })).await.ok();
}

/// All entries of all ledgers.
async fn entries(world: &World) -> Vec<Entry> {
    let books = audit::books(world).await;
    books.ledgers.into_values().flatten().map(|record| record.entry).collect()
}

/// Delivers every event again, in batches of another size and all at once.
async fn come_again(world: &World, entries: &[Entry], batch: usize) {
    let function = FUNCTIONS.iter().find(|function| function.name == "analytics").expect("a function");
    let batches = entries.chunks(batch).map(async |entries| {
        let records: Vec<_> = entries
            .iter()
            .map(|entry| {
                let event = Event::of(entry);
                let (id, group) = (event.envelope.event_id.to_string(), event.envelope.player_id.to_string());
                let body = serde_json::to_string(&event).expect("JSON");
                json!({ "messageId": id, "body": body, "attributes": { "MessageGroupId": group } })
            })
            .collect();
        // A lost answer is told of, and is no reason to do anything else than to deliver again.
        for _ in 0..5 {
            let answer = function.invoke(&world.running().app, json!({ "Records": records })).await.expect("an answer");
            if answer["batchItemFailures"] == json!([]) {
                return;
            }
        }
        panic!("ClickHouse takes nothing");
    });
    join_all(batches).await;
}

#[tokio::test]
async fn what_clickhouse_tells_is_what_the_ledgers_hold_however_often_events_come() {
    let Some(engine) = Engine::with_tables().await else { return };
    let world = World::with(|options| {
        options.config.warehouse = Some(engine.url.clone());
        options.config.warehouse_database = engine.database.clone();
        options.config.warehouse_login = Some(SecretSource::Given(engine.secret.as_str().into()));
    })
    .await;
    let (ann, admin) = (world.newcomer("ann").await, world.admin().await);
    plays(&ann).await;
    shops(&world, &admin).await;
    let entries = entries(&world).await;
    let of_ledgers = "user_actions WHERE sequence > 0";
    engine.has(of_ledgers, entries.len()).await;

    let kinds = |wanted: &[&str]| {
        entries.iter().filter(|entry| wanted.iter().any(|kind| Event::of(entry).news.name().starts_with(kind))).count()
    };
    let (rewards, purchases) =
        (kinds(&["reward.", "campaign.", "mission.", "streak."]), kinds(&["purchase.", "hold."]));
    // Repeats stay apart until the end: readers see them all the time.
    for table in RAW {
        engine.run(&format!("SYSTEM STOP MERGES {table}")).await;
    }
    for round in 0..2 {
        engine.has(of_ledgers, entries.len()).await;
        engine.has("rewards", rewards).await;
        engine.has("purchases", purchases).await;
        agrees_with_the_ledgers(&engine, &entries).await;
        answers(&engine, &world, &admin, &entries).await;
        if round == 0 {
            tokio::join!(come_again(&world, &entries, 7), come_again(&world, &entries, 50));
            assert!(engine.count("user_actions_raw").await >= 2 * entries.len(), "nothing came again");
        }
    }
    for table in RAW {
        engine.run(&format!("SYSTEM START MERGES {table}")).await;
        engine.run(&format!("OPTIMIZE TABLE {table} FINAL")).await;
        assert_eq!(engine.count(table).await, engine.count(table.strip_suffix("_raw").expect("a name")).await);
    }
    engine.run(&format!("DROP DATABASE {}", engine.database)).await;
    world.stop().await;
}

/// Row by row, in the order of each ledger.
async fn agrees_with_the_ledgers(engine: &Engine, entries: &[Entry]) {
    let columns =
        "event_id, event_type, player_id, sequence, occurred_at, delta_coin, delta_gem, balance_coin, balance_gem";
    let query = format!("SELECT {columns}, data FROM user_actions WHERE sequence > 0 ORDER BY player_id, sequence");
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|entry| (entry.player.to_string(), entry.number));
    for (row, entry) in engine.rows(&query).await.iter().zip(entries) {
        let event = serde_json::to_value(Event::of(entry)).expect("JSON");
        assert_eq!([&row["event_id"], &row["event_type"]], [&event["event_id"], &event["type"]]);
        let at = event["occurred_at"].as_str().expect("a time").replace('T', " ");
        assert_eq!(row["occurred_at"], at.trim_end_matches('Z'), "to the millisecond, in UTC");
        let data: Value = serde_json::from_str(row["data"].as_str().expect("a text")).expect("JSON");
        assert_eq!(data, event["data"]);
        for column in ["delta_coin", "delta_gem", "balance_coin", "balance_gem"] {
            assert_eq!(number(&row[column]), number(&data["wallet"][column]), "{column} of {row}");
        }
    }
}

/// What the dashboard shows, against what is known from elsewhere.
async fn answers(engine: &Engine, world: &World, admin: &Seat, entries: &[Entry]) {
    let funnel: BTreeMap<_, _> =
        engine.asked("funnel").await.iter().map(|row| (row["step"].to_string(), number(&row["purchases"]))).collect();
    let wanted = [
        ("held", 3.0),
        ("released", 1.0),
        ("started", 10.0),
        ("authorized", 7.0),
        ("completed", 6.0),
        ("failed", 3.0),
        ("refunded", 1.0),
    ];
    assert_eq!(funnel, wanted.map(|(step, purchases)| (json!(step).to_string(), purchases)).into());

    let promos = engine.asked("promo_use").await;
    let [promo] = promos.as_slice() else { panic!("one promo code: {promos:?}") };
    assert_eq!([&promo["promo_code"], &promo["currency"]], [&json!("SPRING"), &json!("USD")]);
    assert_eq!(numbers(promo, &["used", "under_way", "given_back", "buyers", "paid"]), [3.0, 1.0, 2.0, 3.0, 1197.0]);

    let sales: BTreeMap<_, _> =
        engine.asked("sales").await.into_iter().map(|row| (row["sku"].to_string(), row)).collect();
    let columns = ["purchases", "units", "gross", "refunds", "refunded", "net", "buyers", "with_promo"];
    let of = |sku: &str| numbers(&sales[&json!(sku).to_string()], &columns);
    assert_eq!(of("COIN_PACK_SMALL"), [2.0, 4.0, 1196.0, 1.0, 598.0, 598.0, 1.0, 0.0]);
    assert_eq!(of("WEEKEND_STARTER"), [4.0, 4.0, 1696.0, 0.0, 0.0, 1696.0, 4.0, 3.0]);
    assert_eq!(of("LUCKY_CHARM"), [1.0, 1.0, 40.0, 0.0, 0.0, 40.0, 1.0, 0.0]);
    assert_eq!((sales.len(), &sales["\"LUCKY_CHARM\""]["currency"]), (3, &json!("gems")));

    let rate = engine.asked("purchase_rate").await;
    let sum = |column: &str| rate.iter().map(|row| number(&row[column])).sum::<f64>();
    let players: BTreeSet<_> = entries.iter().map(|entry| entry.player).collect();
    let (buyers, players) = (4.0, players.len() as f64);
    assert_eq!([sum("purchases"), sum("buyers"), sum("players")], [7.0, buyers, players]);
    assert!((sum("percent_who_buy") - 100.0 * buyers / players).abs() < 0.01);

    let packages = admin.get("/api/admin/limited-packages").await.ok();
    for package in packages["items"].as_array().expect("packages") {
        let stocked = json!({ "sku": package["code"], "stock": package["stock"], "as_of": world.now() });
        let settings = "SETTINGS date_time_input_format = 'best_effort'";
        engine.run(&format!("INSERT INTO package_stock {settings} FORMAT JSONEachRow\n{stocked}")).await;
    }
    for (row, package) in engine.asked("stock").await.iter().zip(by_code(&packages)) {
        assert_eq!(row["sku"], package["code"]);
        for column in ["stock", "free", "held", "sold"] {
            assert_eq!(row[column].is_null(), package[column].is_null(), "{column} of {row}");
            if !row[column].is_null() {
                assert_eq!(number(&row[column]), number(&package[column]), "{column} of {row}");
            }
        }
    }
    returns(engine, world, entries).await;
}

fn by_code(packages: &Value) -> Vec<&Value> {
    let mut packages: Vec<_> = packages["items"].as_array().expect("packages").iter().collect();
    packages.sort_by_key(|package| package["code"].to_string());
    packages
}

/// The return to player that was observed, and the one that is disclosed for the same rounds.
async fn returns(engine: &Engine, world: &World, entries: &[Entry]) {
    let economy = &world.running().app.economy;
    let table = Paytable::of(&economy.slot);
    let longest = *economy.slot.rules.bonus.steps().end();
    let (mut rounds, mut bet, mut won, mut promised) = (0.0, 0.0, 0.0, 0.0);
    for entry in entries {
        let Action::SlotSpin(round) = &entry.action else { continue };
        let (paid, cases) = table.mean_win(round.bet_amount, round.streak.min(longest)).parts();
        (rounds, promised) = (rounds + 1.0, promised + paid as f64 / cases as f64);
        (bet, won) = (bet + round.bet_amount.get() as f64, won + round.win_amount.get() as f64);
    }
    let before = engine.asked("return_to_player").await;
    if number(&before[0]["rounds"]) == 0.0 {
        assert_eq!(number(&before[0]["rounds_not_disclosed"]), rounds, "nothing is disclosed yet");
    }
    let stakes = croupier_rules::slot::disclosed::disclosed(economy).take_while(|row| row.bet_amount.get() <= 5);
    let lines: Vec<_> = stakes.map(|row| serde_json::to_string(&row).expect("JSON")).collect();
    // Whoever discloses twice has disclosed it.
    for _ in 0..2 {
        engine.run(&format!("INSERT INTO disclosed_return FORMAT JSONEachRow\n{}", lines.join("\n"))).await;
    }
    let rows = engine.asked("return_to_player").await;
    let [row] = rows.as_slice() else { panic!("one version: {rows:?}") };
    assert_eq!([&row["game_type"], &row["odds_version"]], [&json!("slot"), &json!(economy.version)]);
    assert_eq!(numbers(row, &["rounds", "bet", "won", "rounds_not_disclosed"]), [rounds, bet, won, 0.0]);
    for (column, wanted) in [("observed_percent", 100.0 * won / bet), ("disclosed_percent", 100.0 * promised / bet)] {
        assert!((number(&row[column]) - wanted).abs() < 1e-9, "{column} of {row}: {wanted}");
    }
    assert!(number(&row["standard_errors_apart"]).abs() < 4.0, "{row}");
}
