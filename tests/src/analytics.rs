//! What `docs/analytics` has: the tables, and what is asked of them.

use std::{collections::BTreeMap, fs};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/analytics");

/// The statements that make the tables, one after the other.
pub fn schema() -> Vec<String> {
    let text = fs::read_to_string(format!("{FOLDER}/schema.sql")).expect("the tables");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("--")).collect();
    let statements = lines.join("\n");
    statements.split(';').map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

/// The queries, by name, as the dashboard has them.
pub fn queries() -> BTreeMap<String, String> {
    let files = fs::read_dir(FOLDER).expect("the queries").map(|file| file.expect("a file").path());
    let queries =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "sql") && !path.ends_with("schema.sql"));
    queries
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a query").trim_end().to_owned())
        })
        .collect()
}

/// A query as Grafana sends it, for what happened from one time to another, in Unix milliseconds.
pub fn between(query: &str, from: i64, to: i64) -> String {
    query.replace("${__from}", &from.to_string()).replace("${__to}", &to.to_string())
}
