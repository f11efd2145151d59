//! Events become rows of ClickHouse: all of them, whatever fails; what makes none is put aside with its cause.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use croupier_functions::FUNCTIONS;
use croupier_localstack::{
    queue::{EVENTS, failures_of},
    sqs,
    table::plain_http,
};
use croupier_rules::event::row::Table;
use croupier_tests::{
    clickhouse::{ClickHouse, Fault, SECRET},
    world::World,
};
use croupier_web::{app::App, bus::Aside, config::SecretSource};
use serde_json::{Value, json};

/// A world, what stands in for ClickHouse, and a function between them that is handed what a test says.
struct Reading {
    world: World,
    clickhouse: ClickHouse,
    app: App,
}

impl Reading {
    async fn new() -> Self {
        let (world, clickhouse) = (World::start().await, ClickHouse::start().await);
        let endpoint = &world.running().private_endpoint;
        let failures = sqs::url(endpoint, &failures_of("analytics"));
        let app = App {
            warehouse: Some(clickhouse.client()),
            analytics_failures: Some(Aside::through(sqs::client(endpoint, plain_http()), &failures)),
            ..world.instance()
        };
        Self { world, clickhouse, app }
    }

    async fn invoke(&self, event: Value) -> Result<Value, String> {
        let function = FUNCTIONS.iter().find(|function| function.name == "analytics").expect("a function");
        function.invoke(&self.app, event).await.map_err(|error| error.to_string())
    }

    /// Hands over messages of a queue, each of a group; tells which are to come again.
    async fn receives(&self, messages: &[(&str, &str, String)]) -> Vec<String> {
        let records: Vec<_> = messages
            .iter()
            .map(|(id, group, body)| {
                json!({
                    "messageId": id, "receiptHandle": "any", "body": body, "eventSource": "aws:sqs",
                    "attributes": { "MessageGroupId": group, "ApproximateReceiveCount": "1" },
                })
            })
            .collect();
        let answer = self.invoke(json!({ "Records": records })).await.expect("an answer");
        let failures = answer["batchItemFailures"].as_array().expect("a list").iter();
        failures.map(|item| item["itemIdentifier"].as_str().expect("a name").to_owned()).collect()
    }

    /// What was put aside.
    fn aside(&self) -> Vec<Value> {
        let queue = self.world.running().queues.named(&failures_of("analytics")).expect("a queue");
        queue.bodies().iter().map(|body| serde_json::from_str(body).expect("JSON")).collect()
    }

    /// The ids of the events whose rows a table was given, with their repeats.
    fn events(&self, table: Table) -> Vec<String> {
        let rows = self.clickhouse.rows(table);
        rows.iter().map(|row| row["event_id"].as_str().expect("an id").to_owned()).collect()
    }
}

fn golden(name: &str) -> Value {
    let path = format!("contract/golden/{name}.v1.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("an event")).expect("JSON")
}

/// The event of this kind with this number.
fn event(kind: &str, number: u64) -> (String, String) {
    let id = format!("ent_01MCC5RM3V00000AG{number:09}");
    let mut event = golden(kind);
    (event["event_id"], event["sequence"]) = (json!(id), json!(number));
    (id, event.to_string())
}

#[tokio::test]
async fn a_batch_is_one_insert_for_each_table_and_each_says_how_it_is_to_be_read() {
    let reading = Reading::new().await;
    let kinds = ["round.played", "purchase.completed", "reward.granted", "round.played"];
    let events: Vec<_> = kinds.iter().zip(1..).map(|(kind, number)| event(kind, number)).collect();
    let messages: Vec<_> = events.iter().map(|(id, body)| (id.as_str(), "ann", body.clone())).collect();
    assert_eq!(reading.receives(&messages).await, [""; 0]);
    let mut asked = reading.clickhouse.asked();
    asked.sort_by_key(|insert| insert.query.clone());
    let queries: Vec<_> = asked.iter().map(|insert| insert.query.as_str()).collect();
    let wanted =
        ["purchases", "rewards", "user_actions"].map(|name| format!("INSERT INTO {name}_raw FORMAT JSONEachRow"));
    assert_eq!(queries, wanted);
    assert_eq!(asked.iter().map(|insert| insert.rows.len()).collect::<Vec<_>>(), [1, 1, 4]);
    for insert in asked {
        assert_eq!(insert.login, ["croupier", "cherry-of-this-test"]);
        let parameters = [
            ("database", "croupier"),
            ("date_time_input_format", "best_effort"),
            ("input_format_skip_unknown_fields", "0"),
            ("async_insert", "1"),
            ("wait_for_async_insert", "1"),
        ];
        assert_eq!(insert.parameters, parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
    reading.world.stop().await;
}

#[tokio::test]
async fn whatever_befalls_an_insert_its_events_come_again_until_their_rows_are_there() {
    let reading = Reading::new().await;
    let lost = [Fault::LostRequest; 2];
    for faults in
        [&lost[..], &[Fault::LostReply; 2], &[Fault::Stall], &[Fault::Refused], &[Fault::Down], &[Fault::FalseSuccess]]
    {
        let (id, body) = event("round.played", 1);
        reading.clickhouse.plan(None, faults);
        assert_eq!(reading.receives(&[("m", "ann", body.clone())]).await, ["m"], "{faults:?}");
        assert_eq!(reading.receives(&[("m", "ann", body)]).await, [""; 0], "{faults:?}");
        assert!(reading.events(Table::UserActions).contains(&id));
    }
    assert_eq!(reading.aside(), [json!(null); 0], "what ClickHouse does not take now is no poison");
    // A connection that broke once is a new one.
    reading.clickhouse.asked();
    reading.clickhouse.plan(None, &[Fault::LostReply]);
    assert_eq!(reading.receives(&[("m", "ann", event("round.played", 2).1)]).await, [""; 0]);
    let asked = reading.clickhouse.asked();
    assert_eq!(asked[0], asked[1], "the same rows again, to the byte");
    reading.world.stop().await;
}

#[tokio::test]
async fn when_one_table_takes_nothing_only_its_events_come_again_whoever_else_is_in_their_group() {
    let reading = Reading::new().await;
    reading.clickhouse.plan(Some(Table::Purchases), &[Fault::Down]);
    let messages = [
        ("1", "ann", event("round.played", 1).1),
        ("2", "bob", event("round.played", 2).1),
        ("3", "ann", event("purchase.completed", 3).1),
        ("4", "ann", event("round.played", 4).1),
        ("5", "bob", event("reward.granted", 5).1),
    ];
    assert_eq!(reading.receives(&messages).await, ["3"]);
    assert_eq!(reading.receives(&messages[2..3]).await, [""; 0]);
    let mut told = reading.events(Table::UserActions);
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 5);
    assert_eq!(reading.events(Table::Purchases).len(), 1);
    reading.world.stop().await;
}

#[tokio::test]
async fn poison_is_put_aside_with_its_cause_and_holds_up_nobody() {
    let reading = Reading::new().await;
    let changed = |change: fn(&mut Value)| {
        let mut event = golden("round.played");
        change(&mut event);
        event.to_string()
    };
    let poison = [
        ("{\"event_id\":".to_owned(), "not JSON"),
        ("[]".to_owned(), "type and version"),
        (changed(|event| event["type"] = json!("player.left")), "\"player.left\" is unknown"),
        (changed(|event| event["schema_version"] = json!(2)), "version 2, and only 1"),
        (changed(|event| event["data"]["win_amount"] = json!(-1)), "no round.played of version 1"),
        (changed(|event| event["player_id"] = json!("ann")), "no round.played of version 1"),
    ];
    for (body, cause) in poison {
        let before = reading.aside().len();
        let messages = [("1", "ann", body.clone()), ("2", "ann", event("round.played", 7).1)];
        assert_eq!(reading.receives(&messages).await, [""; 0], "{body}");
        let aside = reading.aside();
        assert_eq!(aside.len(), before + 1);
        let kept = aside.last().expect("one");
        assert_eq!([&kept["message_id"], &kept["group"], &kept["body"]], [&json!("1"), &json!("ann"), &json!(body)]);
        assert!(kept["cause"].as_str().is_some_and(|told| told.contains(cause)), "{kept}");
        assert!(reading.clickhouse.asked().iter().any(|insert| insert.rows.len() == 1), "the next one goes on");
    }
    reading.world.stop().await;
}

/// Ten messages of one player, each of a round.
fn ten_rounds() -> Vec<(String, String)> {
    (1..=10).map(|number| event("round.played", number)).collect()
}

fn of_ann(events: &[(String, String)]) -> Vec<(&str, &str, String)> {
    events.iter().map(|(id, body)| (id.as_str(), "ann", body.clone())).collect()
}

#[tokio::test]
async fn a_row_that_is_refused_is_put_aside_and_takes_no_other_with_it() {
    let reading = Reading::new().await;
    let events = ten_rounds();
    let poison = [&events[3], &events[8]];
    for (id, _) in poison {
        reading.clickhouse.refuse(id);
    }
    assert_eq!(reading.receives(&of_ann(&events)).await, [""; 0]);
    let mut rows = reading.events(Table::UserActions);
    rows.sort_unstable();
    let good = events.iter().filter(|event| !poison.contains(event));
    assert_eq!(rows, good.map(|(id, _)| id.clone()).collect::<Vec<_>>(), "each once");
    let aside = reading.aside();
    for (kept, (id, body)) in aside.iter().zip(poison) {
        assert_eq!([&kept["message_id"], &kept["group"], &kept["body"]], [&json!(id), &json!("ann"), &json!(body)]);
        assert!(kept["cause"].as_str().is_some_and(|told| told.contains("400") && told.contains("Unknown field")));
    }
    assert_eq!(aside.len(), poison.len());
    reading.world.stop().await;
}

#[tokio::test]
async fn when_a_table_refuses_every_row_it_is_no_fault_of_theirs_and_they_come_again() {
    let reading = Reading::new().await;
    let events = ten_rounds();
    for (id, _) in &events {
        reading.clickhouse.refuse(id);
    }
    let ids: Vec<_> = events.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(reading.receives(&of_ann(&events)).await, ids);
    assert_eq!(reading.aside(), [json!(null); 0]);
    // A row that is alone in its table may be poison as well; its player's others are rows and do not come with it.
    let (sale, good) = (event("purchase.completed", 11), event("round.played", 12));
    reading.clickhouse.plan(Some(Table::Purchases), &[Fault::Refused]);
    assert_eq!(reading.receives(&of_ann(&[sale.clone(), good])).await, [sale.0]);
    reading.world.stop().await;
}

#[tokio::test]
async fn a_search_for_a_row_that_is_refused_ends_when_clickhouse_does_and_in_any_case_soon() {
    let reading = Reading::new().await;
    let events = ten_rounds();
    for after in [&[Fault::Down][..], &[Fault::Stall], &[Fault::LostReply; 2]] {
        let faults = [&[Fault::Refused], after].concat();
        reading.clickhouse.plan(None, &faults);
        let ids: Vec<_> = events.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(reading.receives(&of_ann(&events)).await, ids, "{faults:?}");
        assert_eq!(reading.clickhouse.asked().len(), faults.len(), "{faults:?}");
    }
    // A throttle, a login that is none or a table that is none is nothing that a row could mend.
    for status in [401, 403, 404, 408, 429] {
        reading.clickhouse.plan(None, &[Fault::Status(status)]);
        assert_eq!(reading.receives(&of_ann(&events)).await.len(), events.len(), "{status}");
        assert_eq!(reading.clickhouse.asked().len(), 1, "{status}");
    }
    let many: Vec<_> = (1..=1000).map(|number| event("round.played", number)).collect();
    for (id, _) in &many {
        reading.clickhouse.refuse(id);
    }
    assert_eq!(reading.receives(&of_ann(&many)).await.len(), many.len());
    let asked = reading.clickhouse.asked().len();
    assert!(asked < 150, "{asked} inserts");
    assert_eq!(reading.aside(), [json!(null); 0]);
    reading.world.stop().await;
}

#[tokio::test]
async fn what_cannot_even_be_put_aside_comes_again() {
    let mut reading = Reading::new().await;
    let endpoint = &reading.world.running().private_endpoint;
    let nowhere = Aside::through(sqs::client(endpoint, plain_http()), &sqs::url(endpoint, "nowhere"));
    reading.app.analytics_failures = Some(nowhere);
    let messages = [
        ("1", "ann", "poison".to_owned()),
        ("2", "bob", event("round.played", 1).1),
        ("3", "ann", event("round.played", 2).1),
    ];
    assert_eq!(reading.receives(&messages).await, ["1"]);
    reading.world.stop().await;
}

#[tokio::test]
async fn a_probe_makes_no_rows_and_a_field_of_tomorrow_makes_no_difference() {
    let reading = Reading::new().await;
    let probe = json!({
        "event_id": "req_01MCC5RM000000000000000001", "type": "admin.probe", "schema_version": 1,
        "player_id": "ply_01MCC5RM00000000000000001A", "sequence": 0, "occurred_at": "2027-01-15T08:00:00.123Z", "data": {},
    });
    assert_eq!(reading.receives(&[("1", "ann", probe.to_string())]).await, [""; 0]);
    assert_eq!((reading.clickhouse.asked(), reading.aside()), (vec![], vec![]));
    let today = event("round.played", 1).1;
    let mut tomorrow: Value = serde_json::from_str(&today).expect("JSON");
    (tomorrow["mood"], tomorrow["data"]["mood"]) = (json!("good"), json!("good"));
    assert_eq!(reading.receives(&[("1", "ann", today), ("2", "ann", tomorrow.to_string())]).await, [""; 0]);
    let rows = reading.clickhouse.rows(Table::UserActions);
    assert_eq!(rows[0], rows[1]);
    reading.world.stop().await;
}

#[tokio::test]
async fn what_is_no_text_or_no_base64_is_put_aside_as_it_came() {
    let reading = Reading::new().await;
    let values = [json!("no base64!"), json!("/w=="), json!(null)];
    let records: Vec<_> = values
        .iter()
        .zip(1..)
        .map(|(value, offset)| json!({ "topic": "cc_rewards", "partition": 0, "offset": offset, "value": value }))
        .collect();
    let batch = json!({ "eventSource": "SelfManagedKafka", "records": { "cc_rewards-0": records } });
    assert_eq!(reading.invoke(batch).await.expect("an answer"), json!({ "batchItemFailures": [] }));
    let bodies: Vec<_> = reading.aside().iter().map(|kept| kept["body"].clone()).collect();
    assert_eq!(bodies, [json!("no base64!"), json!("/w=="), json!("")]);
    reading.world.stop().await;
}

#[tokio::test]
async fn a_batch_of_kafka_makes_the_same_rows_and_comes_again_whole() {
    let reading = Reading::new().await;
    let (id, refused) = event("round.played", 4);
    reading.clickhouse.refuse(&id);
    let record = |topic: &str, offset: u64, body: &str| {
        json!({
            "topic": topic, "partition": 0, "offset": offset, "timestamp": 1_800_000_000_123_u64, "timestampType": "CREATE_TIME",
            "key": STANDARD.encode("ply_01MCC5RM00000000000000001A"), "value": STANDARD.encode(body), "headers": [],
        })
    };
    let batch = json!({
        "eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:local:000000000000:cluster/any", "bootstrapServers": "a:9098",
        "records": {
            "cc_user_actions-0": [
                record("cc_user_actions", 1, &event("round.played", 1).1),
                record("cc_user_actions", 2, "poison"),
                record("cc_user_actions", 3, &event("session.ended", 2).1),
                record("cc_user_actions", 4, &refused),
            ],
            "buy_package-0": [record("buy_package", 9, &event("purchase.failed", 3).1)],
        },
    });
    reading.clickhouse.plan(Some(Table::Purchases), &[Fault::Down]);
    let failure = reading.invoke(batch.clone()).await.expect_err("a failure of the whole batch");
    assert!(failure.contains("503"), "{failure}");
    assert_eq!(reading.invoke(batch).await.expect("an answer"), json!({ "batchItemFailures": [] }));
    assert_eq!(reading.events(Table::Purchases).len(), 1);
    // Those who were put aside with the first try were so once more: nobody else waits for them.
    let aside: BTreeSet<_> =
        reading.aside().iter().map(|kept| [&kept["message_id"], &kept["body"]].map(Value::to_string)).collect();
    let poison = [("cc_user_actions-0-2", "poison"), ("cc_user_actions-0-4", &refused)];
    assert_eq!(aside, poison.map(|(id, body)| [json!(id), json!(body)].map(|value| value.to_string())).into());
    reading.world.stop().await;
}

#[tokio::test]
async fn on_a_laptop_with_clickhouse_every_event_becomes_a_row_and_leaves_the_queue() {
    let clickhouse = ClickHouse::start().await;
    let world = World::with(|options| {
        options.config.warehouse = Some(clickhouse.endpoint());
        options.config.warehouse_login = Some(SecretSource::Given(SECRET.into()));
    })
    .await;
    let seat = world.newcomer("ann").await;
    for _ in 0..25 {
        seat.spin(1).await.ok();
    }
    let history = seat.history().await;
    let of_ledger = |row: &&Value| row["player_id"] == *seat.id && row["sequence"] != 0;
    clickhouse.until(Table::UserActions, |rows| rows.iter().filter(of_ledger).count() == history.len()).await;
    let rows = clickhouse.rows(Table::UserActions);
    for (row, entry) in rows.iter().filter(of_ledger).zip(history.iter().rev()) {
        assert_eq!([&row["event_id"], &row["balance_coin"]], [&entry["id"], &entry["balance_coin"]]);
    }
    // What became rows is deleted from the queue right away.
    let queue = world.running().queues.named(EVENTS).expect("a queue");
    let emptied = async {
        while !queue.bodies().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), emptied).await.expect("an empty queue");
    world.stop().await;
}
