use croupier_rules::id::SessionId;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Done, Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ending one session of the caller.
pub struct SessionEndOne;

/// Which session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionRequest {
    session_id: String,
}

impl Endpoint for SessionEndOne {
    const ROUTE: Route =
        Route::delete("session-end-one", "/api/auth/sessions/{session_id}", "End one session of the caller.")
            .or(&[Code::NotFound]);
    type Caller = SignedIn;
    type Request = SessionRequest;
    type Reply = Done;

    async fn handle(call: Call<'_, SignedIn>, request: SessionRequest) -> Result<Done, Failure> {
        let unknown = || Failure::of(Code::NotFound);
        let wanted: SessionId = request.session_id.parse().map_err(|_| unknown())?;
        let (store, player) = (call.store()?, &call.caller.player);
        if !store.profile(player.id).await?.sessions.contains(&wanted) {
            return Err(unknown());
        }
        store.end_sessions(player.id, |id| id == wanted).await?;
        Ok(Done {})
    }
}
