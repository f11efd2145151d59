//! One JSON line for each call, and nothing in it that is secret.

use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Writes the log to standard output as JSON lines. Croupier's own lines are written from this level on, those of its
/// libraries from warnings on: at finer levels an HTTP client writes down whole bodies.
pub fn to_stdout(level: Level) {
    let levels = Targets::new()
        .with_default(Level::WARN)
        .with_target("croupier_functions", level)
        .with_target("croupier_store", level)
        .with_target("croupier_web", level);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false).with_current_span(false);
    // A second subscriber in one process is a test's; the first one stays.
    tracing_subscriber::registry().with(levels).with(lines.with_span_list(false)).try_init().ok();
}
