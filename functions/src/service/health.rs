use croupier_rules::time::Timestamp;
use croupier_web::{
    call::Call,
    caller::Anyone,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Whether the service answers.
pub struct Health;

/// The service is well.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HealthReply {
    /// Always `ok`: a service that is not well does not answer.
    status: &'static str,
    /// Which version answers.
    version: &'static str,
    /// What time it takes it to be.
    time: Timestamp,
}

impl Endpoint for Health {
    const ROUTE: Route = Route::get("health", "/health", "Tell that the service answers.");
    type Caller = Anyone;
    type Request = Nothing;
    type Reply = HealthReply;

    async fn handle(call: Call<'_, Anyone>, _: Nothing) -> Result<HealthReply, Failure> {
        Ok(HealthReply { status: "ok", version: env!("CARGO_PKG_VERSION"), time: call.now })
    }
}
