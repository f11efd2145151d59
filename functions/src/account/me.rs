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
        Ok(User::of(player, call.store()?.profile(player.id).await?))
    }
}
