//! The log: JSON lines on standard output, and nothing in them that is secret.

use std::{fmt, io::Write};

use tracing::{Event, Level, Subscriber, field::Visit, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::{Targets, filter_fn},
    fmt::MakeWriter,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

/// Whence lines come that are whole already; see [`crate::line`].
pub(crate) const LINES: &str = "croupier_lines";

/// Which lines are written: Croupier's own from this level on, those of its libraries from warnings on, since at finer levels
/// an HTTP client writes down whole bodies.
pub fn levels(level: Level) -> Targets {
    let own = ["croupier_functions", "croupier_localstack", "croupier_store", "croupier_web", LINES];
    Targets::new().with_default(Level::WARN.min(level)).with_targets(own.map(|target| (target, level)))
}

/// Writes the log to standard output as JSON lines. Those that are whole are there whatever the level: the metrics are in them.
pub fn to_stdout(level: Level) {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false).with_current_span(false);
    let lines = lines.with_span_list(false).with_filter(levels(level).with_target(LINES, LevelFilter::OFF));
    // A second subscriber in one process is a test's; the first one stays.
    tracing_subscriber::registry().with(lines).with(Whole::to(std::io::stdout)).try_init().ok();
}

/// Writes lines that are whole already as they are, one in a write.
pub struct Whole<W>(W);

impl<W: for<'a> MakeWriter<'a> + 'static> Whole<W> {
    /// Writes them there, and nothing else.
    pub fn to<S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>>(writer: W) -> impl Layer<S> {
        Self(writer).with_filter(filter_fn(|metadata| metadata.target() == LINES))
    }
}

impl<S: Subscriber, W: for<'a> MakeWriter<'a> + 'static> Layer<S> for Whole<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        line.0.push('\n');
        // There is nobody whom it could be told that the log cannot be written.
        self.0.make_writer().write_all(line.0.as_bytes()).ok();
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.0 = format!("{value:?}");
    }
}
