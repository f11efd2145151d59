use croupier_rules::{
    admin::{AdminAction, Standing},
    player::Rank,
};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{User, player_of};

/// Giving a player another rank, locking or unlocking the account.
pub struct AdminUserUpdate;

/// What to change; what is left out stays.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct UpdateRequest {
    user_id: String,
    rank: Option<Rank>,
    /// False locks the account: whatever the player asks for is refused, from the next request on. Sessions stay, and go on when
    /// it is unlocked; a forced logout ends them.
    is_active: Option<bool>,
}

impl Endpoint for AdminUserUpdate {
    const ROUTE: Route = Route::patch(
        "admin-user-update",
        "/api/admin/users/{user_id}",
        "Change a player's rank, lock or unlock the account.",
    )
    .or(&[Code::NotFound]);
    type Caller = Admin;
    type Request = UpdateRequest;
    type Reply = User;

    async fn handle(call: Call<'_, Admin>, request: UpdateRequest) -> Result<User, Failure> {
        let UpdateRequest { user_id, rank, is_active } = request;
        let id = player_of(&user_id)?;
        if id == call.caller.signed_in.player.id && is_active == Some(false) {
            return Err(Failure::field("is_active", "INVALID", "nobody locks their own account"));
        }
        let begun = call.audit(AdminAction::UserUpdate, id);
        let edited = call.store()?.edit_player(id, |player| -> Result<_, Failure> {
            let before = player.standing();
            let after =
                Standing { rank: rank.unwrap_or(before.rank), is_active: is_active.unwrap_or(before.is_active) };
            if after == before {
                return Ok(None);
            }
            Ok(Some((player.clone().with_standing(after), begun.of_change(before, after)?)))
        });
        let player = edited.await?.ok_or_else(|| Failure::of(Code::NotFound))?;
        Ok(User::of(&player, call.store()?.profile(id).await?))
    }
}
