use croupier_rules::{id::EntryId, transcript::Transcript};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything from which a round of the caller follows.
pub struct FairnessRound;

/// Which round.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RoundRequest {
    round_id: String,
}

impl Endpoint for FairnessRound {
    const ROUTE: Route =
        Route::get("fairness-round", "/api/fairness/rounds/{round_id}", "Show everything from which a round follows.")
            .or(&[Code::NotFound])
            .needs(&[Need::Seeds]);
    type Caller = SignedIn;
    type Request = RoundRequest;
    type Reply = Transcript;

    async fn handle(call: Call<'_, SignedIn>, request: RoundRequest) -> Result<Transcript, Failure> {
        let unknown = || Failure::of(Code::NotFound);
        let id: EntryId = request.round_id.parse().map_err(|_| unknown())?;
        let player = &call.caller.player;
        let record = call.store()?.entry(player.id, id).await?.ok_or_else(unknown)?;
        Transcript::of(&record.entry, player.draw.epoch, call.app.seeds()?).ok_or_else(unknown)
    }
}
