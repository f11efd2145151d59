use croupier_rules::{account::Session, id::SessionId, time::Timestamp};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::Serialize;

/// The devices on which the caller is logged in.
pub struct Sessions;

/// The caller's sessions, the oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionList {
    items: Vec<SessionItem>,
}

/// A login on one device.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionItem {
    id: SessionId,
    /// What the device calls itself.
    device: String,
    created_at: Timestamp,
    /// When the session was last gone on with.
    last_used_at: Timestamp,
    /// Whether it is the session of this very request.
    is_current: bool,
}

impl Endpoint for Sessions {
    const ROUTE: Route =
        Route::get("sessions", "/api/auth/sessions", "List the devices on which the caller is logged in.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = SessionList;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<SessionList, Failure> {
        let SignedIn { player, session } = &call.caller;
        let sessions = call.store()?.sessions(player.id).await?;
        let alive = sessions.into_iter().filter(|session| session.admits(player, call.now).is_ok());
        let item = |Session { id, device, created_at, used_at, .. }: Session| SessionItem {
            id,
            device,
            created_at,
            last_used_at: used_at,
            is_current: id == *session,
        };
        Ok(SessionList { items: alive.map(item).collect() })
    }
}
