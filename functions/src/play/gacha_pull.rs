use croupier_rules::gacha::{self, PullReply, Pulls};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Some pulls of the gacha, all or none.
pub struct GachaPull;

/// How many.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PullRequest {
    pull_count: Pulls,
}

impl Endpoint for GachaPull {
    const ROUTE: Route =
        Route::post("gacha-pull", "/api/games/gacha/pull", "Pull the gacha, once or up to a hundred times.")
            .also("/api/actions/GACHA_PULL")
            .or(&[Code::InsufficientFunds])
            .needs(&[Need::Seeds]);
    type Caller = SignedIn;
    type Request = PullRequest;
    type Reply = Once<PullReply>;

    async fn handle(call: Call<'_, SignedIn>, request: PullRequest) -> Result<Once<PullReply>, Failure> {
        call.play(|player, round| gacha::pull(player, request.pull_count, round)).await
    }
}
