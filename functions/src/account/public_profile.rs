use croupier_rules::{
    id::PlayerId,
    name::Nickname,
    player::{Player, Rank},
    time::Timestamp,
};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What anyone may know of a player.
pub struct PublicProfile;

/// Which player.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserRequest {
    user_id: String,
}

/// A player, as others see it: nothing by which the player could be reached or impersonated.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublicUser {
    id: PlayerId,
    nickname: Nickname,
    rank: Rank,
    level: u32,
    created_at: Timestamp,
}

impl Endpoint for PublicProfile {
    const ROUTE: Route = Route::get("public-profile", "/api/users/{user_id}", "Show what anyone may know of a player.")
        .or(&[Code::NotFound]);
    type Caller = SignedIn;
    type Request = UserRequest;
    type Reply = PublicUser;

    async fn handle(call: Call<'_, SignedIn>, request: UserRequest) -> Result<PublicUser, Failure> {
        let unknown = || Failure::of(Code::NotFound);
        let id: PlayerId = request.user_id.parse().map_err(|_| unknown())?;
        let (player, profile) = call.store()?.player_and_profile(id).await?.ok_or_else(unknown)?;
        let Player { rank, level, .. } = player;
        Ok(PublicUser { id, nickname: profile.nickname, rank, level, created_at: profile.created_at })
    }
}
