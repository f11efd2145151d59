//! The bootstrap: one executable that is one function, chosen by its handler.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::{app::App, config::Config, function::Function, line::Invocation, log};

/// Runs the function that `_HANDLER` names, until Lambda ends it.
pub async fn run(functions: &'static [Function]) -> ExitCode {
    log::to_stdout(level());
    match Box::pin(serve(functions)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            tracing::error!("{sentence}");
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(functions: &'static [Function]) -> Result<(), String> {
    let handler = variable("_HANDLER").ok_or(
        "_HANDLER is not set: this executable is a Lambda function; on a laptop, `cargo run` starts the whole game.",
    )?;
    let function = functions.iter().find(|function| function.name == handler).ok_or_else(|| {
        let names: Vec<_> = functions.iter().map(|function| function.name).collect();
        format!("there is no function named {handler:?}; there are: {}", names.join(", "))
    })?;
    let needs = function.needs();
    let config = Config::from_env(&needs).map_err(|error| format!("{handler} cannot start: {error}"))?;
    let app =
        Box::pin(App::start(&config, &needs)).await.map_err(|error| format!("{handler} cannot start: {error}"))?;
    let app = Arc::new(app);
    let is_first = AtomicBool::new(true);
    let service = service_fn(|LambdaEvent { payload, context, .. }: LambdaEvent<Value>| {
        let app = Arc::clone(&app);
        let cold_start = is_first.swap(false, Ordering::Relaxed);
        let invocation = Invocation { id: Some(context.request_id), trace_id: context.xray_trace_id, cold_start };
        async move { function.invoke_as(invocation, &app, payload).await.map_err(lambda_runtime::Error::from) }
    });
    lambda_runtime::run(service).await.map_err(|error| error.to_string())
}

fn level() -> tracing::Level {
    variable("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(tracing::Level::INFO)
}

#[expect(clippy::disallowed_methods, reason = "what the runtime itself is told, before there is a configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
