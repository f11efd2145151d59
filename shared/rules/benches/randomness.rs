//! The tests of `tests/statistics` over many draws: what each found, and what all come to.
#![expect(clippy::float_arithmetic, reason = "statistics")]
#![expect(clippy::unwrap_used, reason = "a bench that meets the unexpected fails")]

#[path = "../tests/statistics/mod.rs"]
mod statistics;

use std::{process::ExitCode, thread};

use statistics::{
    Finding, LEVEL, TESTS, Verdict,
    samples::{SOURCES, Source},
};
use statrs::distribution::{Binomial, DiscreteCDF};

const SEEDS: u64 = 20;
const ROUNDS: usize = 1 << 18;

/// What one test found in one source.
struct Row {
    test: usize,
    data: &'static str,
    draws: usize,
    /// For each seed.
    found: Vec<Finding>,
}

fn main() -> ExitCode {
    println!("{SEEDS} seeds, {ROUNDS} rounds of each; draws, statistic and p-value are those of the first seed\n");
    println!("| test | data | draws | statistic | p-value | rejected | verdict |\n|---|---|---|---|---|---|---|");
    let mut rows: Vec<_> = thread::scope(|scope| {
        let sources = SOURCES.each_ref().map(|source| scope.spawn(|| rows_of(source)));
        sources.into_iter().flat_map(|rows| rows.join().unwrap()).collect()
    });
    rows.sort_by_key(|row| row.test);
    let most = most_rejected(rows.len());
    for row in &rows {
        row.print(most);
    }
    let family: Vec<_> = rows.iter().flat_map(|row| row.found.iter().map(|found| found.p)).collect();
    let verdict = Verdict::of(&family);
    println!("\n{verdict}\n{}", if verdict.is_sound() { "This is sound." } else { "THIS IS NOT SOUND." });
    if verdict.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn rows_of((data, draw): &Source) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for seed in 0..SEEDS {
        let sample = draw(seed, ROUNDS);
        for (test, what) in TESTS.iter().enumerate() {
            let Some(found) = what.find(&sample) else { continue };
            match rows.iter_mut().find(|row| row.test == test) {
                Some(row) => row.found.push(found),
                None => rows.push(Row { test, data, draws: sample.draws(), found: vec![found] }),
            }
        }
    }
    rows
}

/// How many seeds a row may reject: more are in any row of one table of 100 only, if all is sound.
fn most_rejected(rows: usize) -> usize {
    let chance = Binomial::new(LEVEL, SEEDS).unwrap();
    (0..=SEEDS).find(|most| chance.sf(*most) <= LEVEL / rows as f64).unwrap() as usize
}

impl Row {
    fn print(&self, most: usize) {
        let Self { test, data, draws, found } = self;
        let (name, rejected) = (TESTS[*test].name, found.iter().filter(|found| found.p < LEVEL).count());
        let Finding { statistic, p } = found[0];
        let verdict = if rejected <= most { "pass" } else { "FAIL" };
        println!("| {name} | {data} | {draws} | {statistic:.4} | {p:.4} | {rejected} of {SEEDS} | {verdict} |");
    }
}
