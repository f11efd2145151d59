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
    /// When the player was last seen to use it, to the minute; while nothing but games are played, when the access token was last
    /// renewed.
    last_used_at: Timestamp,
    /// Whether it is the session of this very request.
    is_current: bool,
}

impl SessionItem {
    /// A session, as seen through one.
    pub(crate) fn of(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id,
            last_used_at: session.last_used_at(),
            device: session.device,
            created_at: session.created_at,
            is_current: current == Some(session.id),
        }
    }
}

impl Endpoint for Sessions {
    const ROUTE: Route =
        Route::get("sessions", "/api/auth/sessions", "List the devices on which the caller is logged in.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = SessionList;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<SessionList, Failure> {
        let SignedIn { player, session } = &call.caller;
        let store = call.store()?;
        let sessions = store.sessions(player.id, &store.profile(player.id).await?).await?;
        let alive = sessions.into_iter().filter(|session| session.admits(player, call.now).is_ok());
        Ok(SessionList { items: alive.map(|each| SessionItem::of(each, Some(session.id))).collect() })
    }
}
