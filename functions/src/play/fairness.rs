use croupier_rules::fairness::Outlook;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

/// What is promised for the caller's next round, and for the next epoch.
pub struct Fairness;

impl Endpoint for Fairness {
    const ROUTE: Route = Route::get("fairness", "/api/fairness", "Show what is promised for the caller's next round.")
        .needs(&[Need::Seeds]);
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = Outlook;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<Outlook, Failure> {
        Ok(Outlook::of(&call.caller.player, call.app.seeds()?))
    }
}
