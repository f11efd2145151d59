use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Done, Endpoint, Nothing, Route},
    error::Failure,
};

/// Ending every session of the caller.
pub struct LogoutAll;

impl Endpoint for LogoutAll {
    const ROUTE: Route = Route::post("logout-all", "/api/auth/logout-all", "End every session of the caller, at once.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = Done;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<Done, Failure> {
        call.store()?.end_sessions(call.caller.player.id, |_| true).await?;
        Ok(Done {})
    }
}
