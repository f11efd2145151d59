use croupier_rules::time::Timestamp;
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::{SessionItem, User, UserRequest};

/// All that is known of a player, but no secret.
pub struct AdminUser;

/// A player, as an admin sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserReply {
    #[serde(flatten)]
    user: User,
    /// Entries in the player's ledger.
    sequence: u64,
    /// Where the player is logged in, the oldest first.
    sessions: Vec<SessionItem>,
    /// Until when too many wrong passwords keep everyone out; null: they do not.
    login_locked_until: Option<Timestamp>,
}

impl Endpoint for AdminUser {
    const ROUTE: Route =
        Route::get("admin-user", "/api/admin/users/{user_id}", "Show all that is known of a player, but no secret.")
            .or(&[Code::NotFound]);
    type Caller = Admin;
    type Request = UserRequest;
    type Reply = UserReply;

    async fn handle(call: Call<'_, Admin>, request: UserRequest) -> Result<UserReply, Failure> {
        let (store, id) = (call.store()?, request.id()?);
        let (player, profile) = store.player_and_profile(id).await?.ok_or_else(|| Failure::of(Code::NotFound))?;
        let (attempts, sessions) = tokio::try_join!(store.login_state(&profile.site_id), store.sessions(id, &profile))?;
        let (attempts, sessions) = (attempts.attempts, sessions.into_iter());
        Ok(UserReply {
            sequence: player.entries(),
            sessions: sessions
                .filter(|session| session.is_alive(&player, call.now))
                .map(|session| SessionItem::of(session, None))
                .collect(),
            login_locked_until: attempts.locked_until.filter(|end| *end > call.now),
            user: User::of(&player, profile),
        })
    }
}
