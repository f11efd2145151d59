//! There is an example event for each function, and each function answers its own.

use std::{collections::BTreeSet, fs};

use croupier_functions::FUNCTIONS;
use croupier_localstack::invocation::invoke;
use croupier_tests::world::play;

use crate::examples::{Examples, is_right, names};

#[test]
fn there_is_one_example_for_each_function() {
    let files = fs::read_dir("../events").expect("the examples").map(|entry| entry.expect("a file").file_name());
    let files: BTreeSet<_> = files.map(|name| name.to_string_lossy().replace(".json", "")).collect();
    let wanted: BTreeSet<_> = names().into_iter().map(str::to_owned).collect();
    assert_eq!(wanted.symmetric_difference(&files).collect::<Vec<_>>(), [""; 0], "missing, or nobody's");
}

#[tokio::test]
async fn every_function_answers_its_example() {
    play(async |world| {
        let examples = Examples::of(world).await;
        for function in FUNCTIONS {
            let answer = invoke(function, &world.running().app, examples.ready(function.name).await.event).await;
            is_right(function.name, &answer.expect("an answer"));
        }
    })
    .await;
}
