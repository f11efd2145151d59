//! The log, listened to: every line that this thread writes.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use croupier_web::log::{Whole, levels};
use serde_json::Value;
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

/// A log that is kept in memory.
#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Vec<u8>>>);

impl Tape {
    /// Listens, as long as what comes with it is kept.
    pub fn listen() -> (Self, [DefaultGuard; 2]) {
        let tape = Self::default();
        let (others, whole) = (tape.clone(), tape.clone());
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || others.clone());
        // As long as there is but one listener, whichever thread logs a line first decides whether anybody wants to hear it.
        let other = tracing_subscriber::registry().set_default();
        let registry = tracing_subscriber::registry().with(levels(Level::TRACE)).with(lines);
        (tape, [other, registry.with(Whole::to(move || whole.clone())).set_default()])
    }

    /// All that was written.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("a text")
    }

    /// The lines with metrics.
    pub fn metrics(&self) -> Vec<Value> {
        let lines = self.text();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter(|line| line["_aws"].is_object()).collect()
    }
}

impl io::Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
