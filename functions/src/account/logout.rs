use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Done, Endpoint, Nothing, Route},
    error::Failure,
};

/// Ending this session.
pub struct Logout;

impl Endpoint for Logout {
    const ROUTE: Route = Route::post("logout", "/api/auth/logout", "End this session, at once.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = Done;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<Done, Failure> {
        let SignedIn { player, session } = &call.caller;
        call.store()?.end_sessions(player.id, |id| id == session.id).await?;
        Ok(Done {})
    }
}
