use croupier_rules::fairness::Commitment;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

/// What is promised for the caller's next round.
pub struct Fairness;

impl Endpoint for Fairness {
    const ROUTE: Route = Route::get("fairness", "/api/fairness", "Show what is promised for the caller's next round.")
        .needs(&[Need::Seeds]);
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = Commitment;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<Commitment, Failure> {
        let player = &call.caller.player;
        Ok(Commitment::to(player.id, &player.draw, call.app.seeds()?))
    }
}
