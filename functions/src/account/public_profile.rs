use croupier_rules::{id::PlayerId, name::Nickname, player::Rank, time::Timestamp};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::User;

/// What anyone may know of a player.
pub struct PublicProfile;

/// Which player.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserRequest {
    user_id: String,
}

impl UserRequest {
    pub(crate) fn id(&self) -> Result<PlayerId, Failure> {
        player_of(&self.user_id)
    }
}

/// The id in a path; what cannot be one is nobody's.
pub(crate) fn player_of(user_id: &str) -> Result<PlayerId, Failure> {
    user_id.parse().map_err(|_| Failure::of(Code::NotFound))
}

/// A player: all of it to the player and to admins, else nothing by which the player could be reached or impersonated.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum UserView {
    /// As the player sees it.
    Whole(Box<User>),
    /// As others see it.
    Public(PublicUser),
}

/// A player, as others see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublicUser {
    id: PlayerId,
    nickname: Nickname,
    rank: Rank,
    level: u32,
    created_at: Timestamp,
}

impl Endpoint for PublicProfile {
    const ROUTE: Route =
        Route::get("public-profile", "/api/users/{user_id}", "Show what the caller may know of a player.")
            .or(&[Code::NotFound]);
    type Caller = SignedIn;
    type Request = UserRequest;
    type Reply = UserView;

    async fn handle(call: Call<'_, SignedIn>, request: UserRequest) -> Result<UserView, Failure> {
        let (id, caller) = (request.id()?, &call.caller.player);
        let found = call.store()?.player_and_profile(id).await?;
        let (player, profile) = found.ok_or_else(|| Failure::of(Code::NotFound))?;
        if caller.admin || caller.id == id {
            return Ok(UserView::Whole(Box::new(User::of(&player, profile))));
        }
        let (rank, level) = (player.rank, player.level);
        Ok(UserView::Public(PublicUser { id, nickname: profile.nickname, rank, level, created_at: profile.created_at }))
    }
}
