use croupier_rules::{
    fairness::{self, Rotation},
    name::ClientSeed,
};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ending the epoch of the caller's server seed.
pub struct FairnessRotate;

/// What the player contributes from now on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RotateRequest {
    /// The client seed of the new epoch; without, it stays the same.
    client_seed: Option<ClientSeed>,
}

impl Endpoint for FairnessRotate {
    const ROUTE: Route =
        Route::post("fairness-rotate", "/api/fairness/rotate", "Reveal the server seed and promise a new one.")
            .needs(&[Need::Seeds]);
    type Caller = SignedIn;
    type Request = RotateRequest;
    type Reply = Once<Rotation>;

    async fn handle(call: Call<'_, SignedIn>, request: RotateRequest) -> Result<Once<Rotation>, Failure> {
        call.play(|player, round| fairness::rotate(player, request.client_seed.clone(), round)).await
    }
}
