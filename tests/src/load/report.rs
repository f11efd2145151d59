//! What came of a load, for people and for machines.

use std::{collections::BTreeMap, fmt};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Plan, Played, player::Account};

/// So many breaches are shown.
const SHOWN: usize = 20;

/// What came of a load.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where the game is.
    pub url: String,
    /// The number of the load, which is part of its players' names.
    pub run: u64,
    /// How many players there were.
    pub players: usize,
    /// How long it took until everything was over that began.
    pub seconds: f64,
    /// Requests that should have begun each second; none, if each player waited for the answer.
    pub asked_rate: Option<u32>,
    /// How many requests began, not counting repeats.
    pub begun: u64,
    /// How many of them were over each second, before the time was.
    pub reached_rate: f64,
    /// How late requests began that were due by the clock.
    pub begun_late: Option<Latency>,
    /// How long each function took, from the time at which a request was due.
    pub latency: BTreeMap<&'static str, Latency>,
    /// How often what was answered.
    pub answers: BTreeMap<String, u64>,
    /// How many requests were turned away, failed or were not answered at all.
    pub failures: u64,
    /// The same, in percent of all that were sent.
    pub failed_percent: f64,
    /// How many were sent again for that reason.
    pub retries: u64,
    /// How many were sent again although they had been answered, or twice at once.
    pub repeats: u64,
    /// How many of these got the same bytes as before.
    pub same_bytes: u64,
    /// How many answers nobody waited for, so that they were asked for again.
    pub hung_up: u64,
    /// How many requests under a key were compared with the ledgers, and how many entries these have.
    pub compared: usize,
    /// See there.
    pub entries: usize,
    /// How the promise was broken, and to whom.
    pub breaches: Vec<String>,
}

/// How a time is spread, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// How many there are.
    pub count: u64,
    /// Half took no longer.
    pub p50: f64,
    /// Nine of ten.
    pub p90: f64,
    /// Ninety-nine of a hundred.
    pub p99: f64,
    /// All but one of a thousand.
    pub p99_9: f64,
    /// The longest.
    pub max: f64,
}

impl From<&Histogram<u64>> for Latency {
    fn from(micros: &Histogram<u64>) -> Self {
        let millis = |quantile| micros.value_at_quantile(quantile) as f64 / 1000.0;
        let [p50, p90, p99, p99_9] = [0.5, 0.9, 0.99, 0.999].map(millis);
        Self { count: micros.len(), p50, p90, p99, p99_9, max: micros.max() as f64 / 1000.0 }
    }
}

impl Report {
    /// The report of a load that is over.
    pub fn of(plan: &Plan, url: String, played: Played, accounts: Vec<Account>) -> Self {
        let Played { begun, in_time, took, counts } = played;
        let sent: u64 = counts.answers.values().sum();
        let breaches = accounts.iter().flat_map(|Account { player, breaches, .. }| {
            breaches.iter().map(move |breach| format!("{player}: {breach}"))
        });
        Self {
            url,
            run: plan.run,
            players: accounts.len(),
            seconds: took.as_secs_f64(),
            asked_rate: plan.rate.map(Into::into),
            begun,
            reached_rate: in_time as f64 / plan.lasts.as_secs_f64(),
            begun_late: plan.rate.map(|_| Latency::from(&counts.late)),
            latency: counts.latency.iter().map(|(function, micros)| (*function, Latency::from(micros))).collect(),
            failures: counts.failures,
            failed_percent: 100.0 * counts.failures as f64 / sent.max(1) as f64,
            answers: counts.answers,
            retries: counts.retries,
            repeats: counts.repeats,
            same_bytes: counts.same,
            hung_up: counts.hung_up,
            compared: accounts.iter().map(|account| account.asked).sum(),
            entries: accounts.iter().map(|account| account.entries).sum(),
            breaches: breaches.collect(),
        }
    }

    /// Whether every balance is explained, and no more than this share of the requests failed, in percent.
    pub fn is_good(&self, most_failed_percent: f64) -> bool {
        self.breaches.is_empty() && self.failed_percent <= most_failed_percent
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, run, players, seconds, reached_rate, .. } = self;
        writeln!(f, "{players} players, load-{run:012x}-*, at {url} for {seconds:.1} s")?;
        match (self.asked_rate, &self.begun_late) {
            (Some(asked), Some(Latency { p99, .. })) => writeln!(
                f,
                "asked {asked}/s, reached {reached_rate:.1}/s; 99 % of the requests began at most {p99:.1} ms late\n"
            )?,
            _ => writeln!(f, "reached {reached_rate:.1}/s, each player one request after the other\n")?,
        }
        writeln!(f, "{:<16}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}", "ms", "count", "p50", "p90", "p99", "p99.9", "max")?;
        for (function, Latency { count, p50, p90, p99, p99_9, max }) in &self.latency {
            writeln!(f, "{function:<16}{count:>8}{p50:>9.1}{p90:>9.1}{p99:>9.1}{p99_9:>9.1}{max:>9.1}")?;
        }
        writeln!(f)?;
        for (answer, times) in &self.answers {
            writeln!(f, "{times:>8}  {answer}")?;
        }
        let Self { failures, failed_percent, retries, repeats, same_bytes, hung_up, .. } = self;
        writeln!(f, "\n{failures} failed, {failed_percent:.2} %; {retries} were sent again for it")?;
        writeln!(
            f,
            "{repeats} were repeated, {same_bytes} of them answered with the same bytes; {hung_up} were hung up"
        )?;
        writeln!(f, "{} requests were compared with {} entries of {players} ledgers", self.compared, self.entries)?;
        match self.breaches.len() {
            0 => writeln!(f, "Each stands there once, nothing else does, and every balance is its sum."),
            broken => {
                writeln!(f, "The promise was broken {broken} times:")?;
                self.breaches.iter().take(SHOWN).try_for_each(|breach| writeln!(f, "  {breach}"))
            }
        }
    }
}
