//! Events, the rows that they make, the tables that take these, the queries and the dashboard agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use croupier_rules::event::{
    Event, KINDS,
    row::{Row, Table},
};
use croupier_tests::{analytics, world::variable};
use serde_json::{Map, Value, json};

/// Every golden event, with the name of its file.
fn events() -> BTreeMap<String, Event> {
    let files = fs::read_dir("contract/golden").expect("the golden events");
    let read = files.map(|file| {
        let path = file.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a text");
        let event = Event::read(&text).expect("an event").expect("no probe");
        (path.file_name().expect("a name").to_string_lossy().into_owned(), event)
    });
    read.collect()
}

fn rows(event: &Event) -> BTreeMap<Table, Map<String, Value>> {
    let rows = Row::of(event).expect("rows").into_iter().map(|row| {
        let Value::Object(columns) = serde_json::to_value(&row).expect("JSON") else { panic!("no object") };
        (row.table(), columns)
    });
    rows.collect()
}

/// What each event makes is kept, and looked at when it changes. `UPDATE=1` writes it anew.
#[test]
fn an_event_of_every_kind_makes_the_rows_that_it_always_made() {
    let mut kinds = BTreeSet::new();
    for (name, event) in events() {
        let rows = rows(&event);
        assert_eq!(rows[&Table::UserActions]["event_id"], json!(event.envelope.event_id));
        let data: Value =
            serde_json::from_str(rows[&Table::UserActions]["data"].as_str().expect("a text")).expect("JSON");
        assert_eq!(data, serde_json::to_value(&event).expect("JSON")["data"], "{name}: all that is told is kept");
        let named: BTreeMap<_, _> = rows.into_iter().map(|(table, row)| (table.stored_as(), row)).collect();
        let text = serde_json::to_string_pretty(&named).expect("JSON") + "\n";
        let path = Path::new("contract/rows").join(&name);
        if variable("UPDATE").is_some() {
            fs::write(&path, &text).expect("a file");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, kept, "{name} makes other rows; UPDATE=1 cargo test writes them anew");
        kinds.insert(event.news.name());
    }
    assert_eq!(kinds, KINDS.iter().map(|kind| kind.name).collect());
}

/// The columns of a table, by its statement.
fn columns(table: &str) -> BTreeSet<String> {
    let begin = format!("CREATE TABLE IF NOT EXISTS {table}\n(\n");
    let statements = analytics::schema();
    let statement = statements.iter().find_map(|statement| statement.strip_prefix(&begin)).expect("a table");
    let lines = statement.lines().take_while(|line| *line != ")").map(str::trim);
    let names = lines.filter(|line| !line.starts_with("INDEX ")).filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn every_column_of_a_row_has_its_table_and_every_column_of_a_table_is_filled_by_something() {
    let mut filled = BTreeMap::<Table, BTreeSet<String>>::new();
    for event in events().values() {
        for (table, row) in rows(event) {
            filled.entry(table).or_default().extend(row.into_iter().map(|(column, _)| column));
        }
    }
    for table in Table::ALL {
        assert_eq!(filled[&table], columns(table.stored_as()), "{table:?}");
    }
}

/// Whoever reads a table gets each event once: views read what is written, and nothing else reads that.
#[test]
fn nothing_is_read_where_a_row_may_stand_twice() {
    let schema = analytics::schema();
    for table in Table::ALL {
        let stored = table.stored_as();
        let view = stored.strip_suffix("_raw").expect("a name");
        let statement = format!("CREATE VIEW IF NOT EXISTS {view} AS SELECT * FROM {stored} FINAL");
        assert!(schema.contains(&statement), "{statement}");
        let table = schema.iter().find(|statement| statement.contains(&format!("EXISTS {stored}\n"))).expect("a table");
        assert!(table.contains("ENGINE = ReplacingMergeTree\n") && table.contains("event_id)"), "{table}");
        let readers = schema.iter().filter(|statement| statement.contains(&format!("FROM {stored}")));
        assert_eq!(readers.count(), 1);
    }
    assert!(!schema.iter().any(|statement| statement.contains("MATERIALIZED")), "it would count what comes again");
    for (name, query) in analytics::queries() {
        assert!(!query.contains("_raw"), "{name}");
        for kept in ["disclosed_return", "package_stock"] {
            assert_eq!(
                query.matches(&format!("FROM {kept} FINAL")).count(),
                query.matches(&format!("FROM {kept}")).count()
            );
        }
    }
}

#[test]
fn the_dashboard_asks_what_the_queries_ask_and_each_of_them_once() {
    let text = fs::read_to_string("../docs/analytics/dashboard.json").expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let mut asked = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "two panels have one id");
        for target in panel["targets"].as_array().expect("targets") {
            assert_eq!(
                target["datasource"],
                json!({ "type": "grafana-clickhouse-datasource", "uid": "${clickhouse}" })
            );
            let query = target["rawSql"].as_str().expect("a query").to_owned();
            assert!(
                asked.insert(query, panel["title"].clone()).is_none(),
                "{} asks what another panel asks",
                panel["title"]
            );
        }
    }
    let queries = analytics::queries();
    assert_eq!(
        asked.keys().collect::<BTreeSet<_>>(),
        queries.values().collect::<BTreeSet<_>>(),
        "docs/analytics/*.sql"
    );
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    assert!(variables.iter().any(|variable| variable["name"] == "clickhouse" && variable["type"] == "datasource"));
}
