//! The lines that tell of what was done: one of the log for each call, and the metrics in it, in CloudWatch's embedded metric
//! format. docs/observability.md lists the fields.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use croupier_rules::{shop::package::Package, time::Timestamp};
use metrique_writer::{Entry, Unit, format::Format, unit::NegativeScale};
use metrique_writer_format_emf::{Emf, EmfBuilder, MetricDefinition, MetricDirective, NoMetric};

use crate::{
    error::Failure,
    log::LINES,
    takings::{Played, Results, Takings},
};

/// Under which name CloudWatch has the metrics.
pub const NAMESPACE: &str = "Croupier";

/// Which fields of a line are metrics, and by what. Each is made once, and kept with its buffers.
type Form = LazyLock<Mutex<Emf>>;

static CALL: Form = Form::new(|| Mutex::new(of_calls().build()));
static REFUSAL: Form = Form::new(|| Mutex::new(of_calls().directive(also("code", "refused", Unit::None)).build()));
static BY_FUNCTION: Form = Form::new(|| by("function"));
static BY_PACKAGE: Form = Form::new(|| by("package"));
static BY_GAME: Form = Form::new(|| by("game"));
static BY_RESULT: Form = Form::new(|| by("result"));

/// What is known of an invocation besides its event.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// Lambda's id of it; a request's own is the gateway's.
    pub id: Option<String>,
    /// Under which name X-Ray has it.
    pub trace_id: Option<String>,
    /// Whether it is the first one of its process.
    pub cold_start: bool,
}

/// What every line begins with.
#[derive(Entry)]
struct Head<'t> {
    #[entry(timestamp)]
    at: SystemTime,
    timestamp: String,
    level: &'static str,
    message: &'static str,
    function: &'static str,
    request_id: Option<&'t str>,
    trace_id: Option<&'t str>,
}

/// What a call, a batch or a run of a schedule costs.
#[derive(Entry)]
struct Cost {
    cold_start: bool,
    milliseconds: Duration,
}

#[derive(Entry)]
struct CallLine<'t> {
    #[entry(flatten)]
    head: Head<'t>,
    player: Option<&'t str>,
    connection: Option<&'t str>,
    status: NoMetric<u16>,
    code: Option<&'static str>,
    cause: Option<&'t str>,
    requests: u64,
    refused: bool,
    errors: bool,
    replayed: bool,
    retries: u32,
    #[entry(flatten)]
    cost: Cost,
}

#[derive(Entry)]
struct BatchLine<'t> {
    #[entry(flatten)]
    head: Head<'t>,
    records: usize,
    failed: usize,
    #[entry(flatten)]
    cost: Cost,
}

#[derive(Entry)]
struct ScheduleLine<'t> {
    #[entry(flatten)]
    head: Head<'t>,
    cause: Option<&'t str>,
    done: Option<usize>,
    overdue_purchase_seconds: Option<u64>,
    overdue_session_seconds: Option<u64>,
    #[entry(flatten)]
    cost: Cost,
}

#[derive(Entry)]
struct StockLine<'t> {
    #[entry(flatten)]
    head: Head<'t>,
    package: &'t str,
    free: Option<u64>,
    held: u64,
    sold: u64,
}

#[derive(Entry)]
struct PlayLine<'t> {
    #[entry(flatten)]
    head: Head<'t>,
    game: &'static str,
    #[entry(flatten)]
    played: &'t Played,
}

#[derive(Entry)]
struct PurchaseLine<'t> {
    #[entry(flatten)]
    head: Head<'t>,
    result: &'static str,
    #[entry(flatten)]
    results: &'t Results,
}

/// How a call ended.
#[derive(Debug, Default)]
pub(crate) struct Call<'t> {
    pub player: Option<&'t str>,
    pub connection: Option<&'t str>,
    pub status: u16,
    pub failure: Option<&'t Failure>,
    pub replayed: bool,
    pub retries: u32,
}

/// How a run of a schedule ended, and how things stand after it. What could not be found out is told as why.
#[derive(Debug)]
pub struct Ran {
    /// How many things were done, or why not all.
    pub done: Result<usize, Failure>,
    /// How long ago the purchase should have been looked at that waits longest; no time when none waits.
    pub overdue_purchase: Result<Duration, Failure>,
    /// The same of sessions of games.
    pub overdue_session: Result<Duration, Failure>,
    /// The limited packages, and where their stock is.
    pub packages: Result<Vec<Package>, Failure>,
}

impl Ran {
    /// The first thing that went wrong.
    fn failure(&self) -> Option<&Failure> {
        let seen = [self.overdue_purchase.as_ref().err(), self.overdue_session.as_ref().err()];
        self.done
            .as_ref()
            .err()
            .into_iter()
            .chain(seen.into_iter().flatten())
            .chain(self.packages.as_ref().err())
            .next()
    }
}

/// Whoever writes lines about an invocation of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Teller<'t> {
    pub function: &'static str,
    pub invocation: &'t Invocation,
    pub at: Timestamp,
}

impl<'t> Teller<'t> {
    fn head(self, message: &'static str, request_id: Option<&'t str>, is_error: bool) -> Head<'t> {
        Head {
            at: SystemTime::UNIX_EPOCH + Duration::from_millis(self.at.millis().unsigned_abs()),
            timestamp: self.at.to_string(),
            level: if is_error { "ERROR" } else { "INFO" },
            message,
            function: self.function,
            request_id: request_id.or(self.invocation.id.as_deref()),
            trace_id: self.invocation.trace_id.as_deref(),
        }
    }

    const fn cost(self, milliseconds: Duration) -> Cost {
        Cost { cold_start: self.invocation.cold_start, milliseconds }
    }

    /// A call of an endpoint, or something that happened to a socket.
    pub(crate) fn call(self, request_id: &'t str, call: &Call<'t>, took: Duration) {
        let Call { player, connection, status, failure, replayed, retries } = *call;
        let errors = status >= 500;
        write(
            if failure.is_some() { &REFUSAL } else { &CALL },
            &CallLine {
                head: self.head("call", Some(request_id), errors),
                player,
                connection,
                status: status.into(),
                code: failure.map(|failure| failure.code.text()),
                cause: failure.and_then(|failure| failure.cause.as_deref()),
                requests: 1,
                refused: failure.is_some(),
                errors,
                replayed,
                retries,
                cost: self.cost(took),
            },
        );
    }

    /// A batch of records or messages.
    pub(crate) fn batch(self, records: usize, failed: usize, took: Duration) {
        let head = self.head("batch", None, failed > 0);
        write(&BY_FUNCTION, &BatchLine { head, records, failed, cost: self.cost(took) });
    }

    /// A run of a schedule, and how things stand after it.
    pub(crate) fn schedule(self, ran: &Ran, took: Duration) {
        let cause = ran.failure().map(Failure::told);
        let seconds = |overdue: &Result<Duration, Failure>| overdue.as_ref().ok().map(Duration::as_secs);
        let line = ScheduleLine {
            head: self.head("schedule", None, cause.is_some()),
            cause,
            done: ran.done.as_ref().ok().copied(),
            overdue_purchase_seconds: seconds(&ran.overdue_purchase),
            overdue_session_seconds: seconds(&ran.overdue_session),
            cost: self.cost(took),
        };
        write(&BY_FUNCTION, &line);
        for package in ran.packages.iter().flatten() {
            let (head, free) = (self.head("stock", None, false), package.free());
            let line = StockLine { head, package: package.sku.as_str(), free, held: package.held, sold: package.sold };
            write(&BY_PACKAGE, &line);
        }
    }

    /// What was staked, paid out and bought.
    pub(crate) fn takings(self, takings: &Takings) {
        for (game, played) in &takings.games {
            write(&BY_GAME, &PlayLine { head: self.head("play", None, false), game: game.name(), played });
        }
        for (result, results) in &takings.purchases {
            write(&BY_RESULT, &PurchaseLine { head: self.head("purchase", None, false), result, results });
        }
    }
}

/// All metrics of a call for all functions together, and how long it took for each one.
fn of_calls() -> EmfBuilder {
    let milliseconds = also("function", "milliseconds", Unit::Second(NegativeScale::Milli));
    Emf::builder(NAMESPACE.to_owned(), vec![vec![]]).directive(milliseconds)
}

/// All metrics of a line, by one of its fields.
fn by(dimension: &str) -> Mutex<Emf> {
    Mutex::new(Emf::builder(NAMESPACE.to_owned(), vec![vec![dimension.to_owned()]]).build())
}

/// One metric of a line, by one of its fields besides.
fn also<'t>(dimension: &'t str, name: &'t str, unit: Unit) -> MetricDirective<'t> {
    let metrics = vec![MetricDefinition { name, unit, storage_resolution: None }];
    MetricDirective { dimensions: vec![vec![dimension]], metrics, namespace: NAMESPACE }
}

fn write(form: &Form, line: &impl Entry) {
    let mut text = Vec::new();
    let written = form.lock().unwrap_or_else(PoisonError::into_inner).format(line, &mut text);
    match written {
        Ok(()) => tracing::info!(target: LINES, "{}", String::from_utf8_lossy(&text).trim_end()),
        Err(error) => {
            debug_assert!(false, "{error}");
            tracing::error!(%error, "a line cannot be written");
        }
    }
}
