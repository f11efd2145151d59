//! One JSON line for each call, and nothing in it that is secret.

use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Which lines are written: Croupier's own from this level on, those of its libraries from warnings on, since at finer levels
/// an HTTP client writes down whole bodies.
pub fn levels(level: Level) -> Targets {
    let own = ["croupier_functions", "croupier_localstack", "croupier_store", "croupier_web"];
    Targets::new().with_default(Level::WARN.min(level)).with_targets(own.map(|target| (target, level)))
}

/// Writes the log to standard output as JSON lines.
pub fn to_stdout(level: Level) {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false).with_current_span(false);
    // A second subscriber in one process is a test's; the first one stays.
    tracing_subscriber::registry().with(levels(level)).with(lines.with_span_list(false)).try_init().ok();
}
