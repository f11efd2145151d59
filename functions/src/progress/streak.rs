use croupier_rules::streak::{self, StreakView};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

/// The caller's daily streak.
pub struct Streak;

impl Endpoint for Streak {
    const ROUTE: Route =
        Route::get("streak", "/api/streak", "Show the caller's daily streak, and what the next day pays.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = StreakView;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<StreakView, Failure> {
        Ok(streak::view(&call.caller.player, call.now, &call.app.economy))
    }
}
