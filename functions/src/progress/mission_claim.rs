use croupier_rules::mission::{self, ClaimReply};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Claiming what a completed mission pays.
pub struct MissionClaim;

/// Which mission.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClaimRequest {
    mission_id: String,
}

impl Endpoint for MissionClaim {
    const ROUTE: Route = Route::post(
        "mission-claim",
        "/api/missions/{mission_id}/claim",
        "Claim what a completed mission pays, once in its period.",
    )
    .or(&[Code::NotFound, Code::AlreadyClaimed, Code::NotCompleted, Code::BalanceLimit]);
    type Caller = SignedIn;
    type Request = ClaimRequest;
    type Reply = Once<ClaimReply>;

    async fn handle(call: Call<'_, SignedIn>, request: ClaimRequest) -> Result<Once<ClaimReply>, Failure> {
        call.act(|player, moment| mission::claim(player, &request.mission_id, moment)).await
    }
}
