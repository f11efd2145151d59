//! Habits that a reader may rely on.

use std::{
    fs,
    path::{Path, PathBuf},
};

const MOST_LINES: usize = 400;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_longer_than_a_room() {
    let mut files = Vec::new();
    sources(Path::new(".."), &mut files);
    assert!(files.len() > 50, "where are they?");
    for file in files {
        let lines = fs::read_to_string(&file).expect("a text").lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
    }
}

#[test]
fn an_endpoint_is_short() {
    let mut files = Vec::new();
    sources(Path::new("../functions/src"), &mut files);
    assert!(files.len() > 50, "where are they?");
    // What several endpoints have in common: the map, an area, the till.
    let shared =
        |file: &&PathBuf| file.parent() == Some(Path::new("../functions/src")) || file.ends_with("shop/till.rs");
    for file in files.iter().filter(|file| !shared(file)) {
        let lines = fs::read_to_string(file).expect("a text").lines().count();
        assert!(lines <= 150, "{} has {lines} lines", file.display());
    }
}
