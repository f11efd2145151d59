use croupier_store::key::Key;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

use super::User;

/// Who the caller is.
pub struct Me;

impl Endpoint for Me {
    const ROUTE: Route = Route::get("me", "/api/auth/me", "Show who the caller is.").also("/api/users/profile");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = User;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<User, Failure> {
        let player = &call.caller.player;
        let profile = call.store()?.get(&Key::profile(player.id)).await?;
        let profile = profile.ok_or_else(|| Failure::internal("a player without a profile"))?;
        Ok(User::of(player, profile))
    }
}
