//! The door to the functions: invoked by name, as the SDK does it.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use croupier_functions::FUNCTIONS;
use serde_json::json;

use crate::{invocation, stack::Running, stream::UNASKED};

/// Where clients ask.
pub fn routes() -> Router<Arc<Running>> {
    Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke))
}

/// Invokes a function of this name, or with an ARN that ends with it.
async fn invoke(State(running): State<Arc<Running>>, Path(name): Path<String>, event: Bytes) -> Response {
    let wanted = name.rsplit(':').next().unwrap_or_default();
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == wanted) else {
        let refusal = json!({ "Type": "User", "Message": format!("there is no function {wanted}") });
        let kind = [("x-amzn-errortype", "ResourceNotFoundException")];
        return (StatusCode::NOT_FOUND, kind, refusal.to_string()).into_response();
    };
    let answered = match serde_json::from_slice(&event) {
        Ok(event) => UNASKED.scope((), invocation::invoke(function, &running.app, event)).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(answer) => answer.to_string().into_response(),
        Err(error) => {
            let failure = json!({ "errorType": "Unhandled", "errorMessage": error.to_string() });
            ([("x-amz-function-error", "Unhandled")], failure.to_string()).into_response()
        }
    }
}
