use croupier_rules::{
    name::{Password, SiteId},
    player::Player,
};
use croupier_web::{
    call::Call,
    caller::Anyone,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{TokenReply, knock::come_in};

/// Beginning a session.
pub struct Login;

/// Who wants in. Not printable, since it holds a password as typed.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct LoginRequest {
    site_id: String,
    password: String,
}

impl Endpoint for Login {
    const ROUTE: Route = Route::post("login", "/api/auth/login", "Begin a session with site id and password.")
        .or(&[Code::InvalidCredentials, Code::TooManyAttempts, Code::AccountLocked])
        .needs(&[Need::Table, Need::Tokens]);
    type Caller = Anyone;
    type Request = LoginRequest;
    type Reply = TokenReply;

    async fn handle(call: Call<'_, Anyone>, request: LoginRequest) -> Result<TokenReply, Failure> {
        log_in(&call, request, |_| true).await
    }
}

/// Lets in whoever has the password and is welcome here. Everyone else is told the same, in the same words.
pub(super) async fn log_in(
    call: &Call<'_, Anyone>,
    request: LoginRequest,
    welcome: fn(&Player) -> bool,
) -> Result<TokenReply, Failure> {
    let invalid = || Failure::of(Code::InvalidCredentials);
    // What cannot be a site id or a password is nobody's: the same answer as for a wrong one.
    let site: SiteId = request.site_id.parse().map_err(|_| invalid())?;
    let password: Password = request.password.parse().map_err(|_| invalid())?;
    come_in(call, &site, password, welcome).await?.ok_or_else(invalid)
}
