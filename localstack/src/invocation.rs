//! An invocation of a function, by whatever invokes it here.

use croupier_web::{app::App, function::Function};
use serde_json::Value;

tokio::task_local! {
    /// The name of the function that runs: on AWS each has a role of its own, and here the calls that it makes tell by this
    /// whose they are.
    pub static INVOKED: &'static str;
}

/// Invokes a function with an event.
///
/// # Errors
/// As [`Function::invoke`].
pub async fn invoke(function: &Function, app: &App, event: Value) -> Result<Value, serde_json::Error> {
    INVOKED.scope(function.name, function.invoke(app, event)).await
}
