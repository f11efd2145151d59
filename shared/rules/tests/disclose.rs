//! The command that writes down what an economy file promises, as whoever fills analytics runs it.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

const SHIPPED: &str = include_str!("../economy.toml");
/// All alike but the sevens, which do not come.
const OTHER: &str = r#"{"🍒":1,"🍋":1,"🍊":1,"🍇":1,"💎":1,"7️⃣":0}"#;

fn disclose(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_disclose")).args(arguments).output().unwrap()
}

/// An economy file that allows stakes of one and two coins.
fn small() -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("small.toml");
    let bets = SHIPPED.lines().map(|line| match line.split(' ').next() {
        Some("max_bet") => "max_bet = 2",
        Some("shown_bets") => "shown_bets = [1, 2]",
        _ => line,
    });
    fs::write(&path, bets.collect::<Vec<_>>().join("\n")).unwrap();
    path.into_os_string().into_string().unwrap()
}

fn rows(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn there_is_a_row_for_each_stake_at_each_step_of_the_streak() {
    let printed = rows(&disclose(&[&small()]));
    let stakes = printed.iter().map(|row| (row["bet_amount"].as_u64().unwrap(), row["streak"].as_u64().unwrap()));
    let wanted = (1..=2).flat_map(|stake| (1..=10).map(move |streak| (stake, streak)));
    assert_eq!(stakes.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    let other = rows(&disclose(&["--weights", OTHER, &small()]));
    assert_ne!(printed[0]["odds_version"], other[0]["odds_version"], "other odds are another version");
    assert_ne!(printed[0]["paid"], other[0]["paid"]);
    let mean = other[0]["paid"].as_f64().unwrap() / other[0]["cases"].as_f64().unwrap();
    assert!(mean > 0.0 && mean < 1.0 && other[0]["game_type"] == "slot", "{}", other[0]);
}

#[test]
fn what_is_no_economy_or_no_argument_is_told_and_nothing_printed() {
    for arguments in [&["nowhere.toml"][..], &["--weights", "{}"], &["--stakes", "1"], &["a", "b"]] {
        let output = disclose(arguments);
        assert!(!output.status.success() && output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}
