//! Documents that are made from the code say what the code says. `UPDATE=1 cargo test` writes them anew.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use croupier_functions::FUNCTIONS;
use croupier_rules::event;
use croupier_tests::world::variable;
use croupier_web::{error::Code, openapi};
use serde_json::Value;

#[track_caller]
fn is_current(path: &str, text: &str) {
    let path = format!("../docs/{path}");
    if variable("UPDATE").is_some() {
        fs::write(&path, text).expect("a document");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{path} is not what the code says; UPDATE=1 cargo test writes it anew");
}

/// All names of tests, and of the files in which they stand.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            names.insert(path.file_stem().expect("a name").to_string_lossy().into_owned());
            let named = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            names.extend(named.map(str::to_owned));
        }
    }
}

#[test]
fn the_tests_that_a_document_names_exist() {
    let mut names = BTreeSet::from(["tests".to_owned()]);
    for folder in [".", "../shared"] {
        tests_below(Path::new(folder), &mut names);
    }
    let document = fs::read_to_string("../docs/asvs.md").expect("a document");
    let quoted = document.split('`').skip(1).step_by(2).filter(|text| text.contains("::"));
    let named: Vec<_> =
        quoted.filter(|text| text.chars().all(|c| c.is_ascii_lowercase() || "0123456789_:".contains(c))).collect();
    assert!(named.len() > 40, "{named:?}");
    for test in named {
        assert!(test.split("::").all(|part| names.contains(part)), "there is no test {test}");
    }
}

#[test]
fn openapi_is_current() {
    let document = openapi::document(FUNCTIONS);
    is_current("openapi.json", &(serde_json::to_string_pretty(&document).unwrap() + "\n"));
}

#[test]
fn schemas_of_events_are_current() {
    let document = event::schemas();
    resolves(&document, &document);
    is_current("events.json", &(serde_json::to_string_pretty(&document).unwrap() + "\n"));
    let page = fs::read_to_string("../docs/events.md").expect("a document");
    for kind in event::KINDS {
        let row = format!("| `{}` | {} |", kind.name, kind.version);
        assert!(page.contains(&row), "docs/events.md lacks a row that begins with {row}");
    }
}

#[test]
fn openapi_is_whole() {
    let document = openapi::document(FUNCTIONS);
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let name = operation["operationId"].as_str().expect("an id");
            assert!(names.insert(name.to_owned()), "two operations are named {name}");
            assert!(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{method} {path}");
            assert!(operation["responses"]["200"].is_object(), "{method} {path}");
        }
    }
    resolves(&document, &document);
}

/// Every reference leads somewhere.
fn resolves(document: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref") {
                let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            fields.values().for_each(|field| resolves(document, field));
        }
        Value::Array(items) => items.iter().for_each(|item| resolves(document, item)),
        _ => {}
    }
}

#[test]
fn codes_are_current() {
    let mut text = String::from(
        "# Codes\n\nEvery refusal is `application/problem+json` (RFC 9457) with one of these in `code`. A code never \
         changes its meaning or\nits status. This page is made from the code.\n\n\
         | code | status | meaning | answered by |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let by: Vec<_> = FUNCTIONS.iter().filter(|function| function.codes().contains(code)).collect();
        let everywhere =
            by.len() == FUNCTIONS.iter().filter(|function| function.codes().contains(&Code::Internal)).count();
        let names: Vec<_> = by.iter().map(|function| format!("`{}`", function.name)).collect();
        let names = if everywhere { "every endpoint".to_owned() } else { names.join(", ") };
        let (code, status, meaning) = (code.text(), code.status(), code.meaning());
        writeln!(text, "| `{code}` | {status} | {meaning} | {names} |").unwrap();
    }
    is_current("codes.md", &text);
}
