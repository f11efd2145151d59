//! What a load is measured by: how long everything took, and what was answered.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hdrhistogram::Histogram;

use crate::seat::Answer;

/// How often what happened, and how long it took in microseconds.
#[derive(Debug)]
pub struct Counts {
    /// From the time at which something was due to the answer that says what became of it, by function.
    pub latency: BTreeMap<&'static str, Histogram<u64>>,
    /// How late requests began that were due by the clock.
    pub late: Histogram<u64>,
    /// What was answered, and how often.
    pub answers: BTreeMap<String, u64>,
    /// Answers that were no answer: turned away, a server's failure, or nothing at all.
    pub failures: u64,
    /// Requests that were sent again for that reason.
    pub retries: u64,
    /// Requests that were sent again for no reason, and those of them that got the same bytes as before.
    pub repeats: u64,
    /// See there.
    pub same: u64,
    /// Requests whose answer nobody waited for.
    pub hung_up: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            latency: BTreeMap::new(),
            late: histogram(),
            answers: BTreeMap::new(),
            failures: 0,
            retries: 0,
            repeats: 0,
            same: 0,
            hung_up: 0,
        }
    }
}

/// Whatever takes longer than an hour is said to take an hour.
const LONGEST: u64 = 3_600_000_000;

fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LONGEST, 3).expect("three digits are few enough")
}

/// What came of sending a request.
pub type Heard = reqwest::Result<Answer>;

/// Whether something was answered that says what became of the request: neither turned away, nor failed, nor unheard.
pub const fn is_told(status: u16) -> bool {
    status < 500 && status != 429
}

/// The counts, as they grow.
#[derive(Debug, Default)]
pub struct Figures(Mutex<Counts>);

impl Figures {
    /// All that was counted so far.
    pub fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something came of a request.
    pub fn hear(&self, heard: &Heard) {
        let (name, told) = match heard {
            Ok(answer) => {
                let name =
                    format!("{} {}", answer.status, if answer.status == 200 { String::new() } else { answer.code() });
                (name.trim_end().to_owned(), is_told(answer.status))
            }
            Err(error) if error.is_timeout() => ("no answer in time".to_owned(), false),
            Err(error) if error.is_connect() => ("no connection".to_owned(), false),
            Err(_) => ("a broken connection".to_owned(), false),
        };
        let mut counts = self.counts();
        *counts.answers.entry(name).or_default() += 1;
        counts.failures += u64::from(!told);
    }

    /// A function's answer took so long.
    pub fn took(&self, function: &'static str, time: Duration) {
        self.counts().latency.entry(function).or_insert_with(histogram).saturating_record(micros(time));
    }

    /// A request began so long after its time.
    pub fn begin_late(&self, time: Duration) {
        self.counts().late.saturating_record(micros(time));
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
