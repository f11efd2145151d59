use croupier_rules::mission::{self, MissionView};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

/// The caller's missions.
pub struct Missions;

impl Endpoint for Missions {
    const ROUTE: Route = Route::get("missions", "/api/missions", "List missions, and how far the caller is with them.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = Vec<MissionView>;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<Vec<MissionView>, Failure> {
        Ok(mission::views(&call.caller.player, call.now, &call.app.economy))
    }
}
