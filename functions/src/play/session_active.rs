use croupier_rules::session::SessionView;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::{Code, Failure},
};

/// The session that goes on.
pub struct SessionActive;

impl Endpoint for SessionActive {
    const ROUTE: Route =
        Route::get("session-active", "/api/games/session/active", "Show the session of a game that goes on.")
            .or(&[Code::NotFound]);
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = SessionView;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<SessionView, Failure> {
        let session = call.caller.player.session_view(call.now, &call.app.economy);
        session.ok_or_else(|| Failure::of(Code::NotFound))
    }
}
