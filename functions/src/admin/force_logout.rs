use croupier_rules::admin::AdminAction;
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::UserRequest;

/// Ending all sessions of a player.
pub struct AdminForceLogout;

/// What was ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LogoutReply {
    /// How many sessions there were.
    ended_sessions: usize,
}

/// A player's sessions, in an audit entry.
#[derive(Serialize)]
struct Sessions {
    epoch: u32,
    sessions: usize,
}

impl Endpoint for AdminForceLogout {
    const ROUTE: Route = Route::post(
        "admin-force-logout",
        "/api/admin/users/{user_id}/force-logout",
        "End all sessions of a player, at once.",
    )
    .or(&[Code::NotFound]);
    type Caller = Admin;
    type Request = UserRequest;
    type Reply = LogoutReply;

    async fn handle(call: Call<'_, Admin>, request: UserRequest) -> Result<LogoutReply, Failure> {
        let id = request.id()?;
        let begun = call.audit(AdminAction::UserLogout, id);
        let ended = call.store()?.log_out_player(id, |player, profile| -> Result<_, Failure> {
            let before = Sessions { epoch: player.session_epoch, sessions: profile.sessions.len() };
            let after = Sessions { epoch: player.session_epoch + 1, sessions: 0 };
            Ok(begun.of_change(before, after)?)
        });
        let ended_sessions = ended.await?.ok_or_else(|| Failure::of(Code::NotFound))?;
        Ok(LogoutReply { ended_sessions })
    }
}
