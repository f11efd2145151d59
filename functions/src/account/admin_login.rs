use croupier_web::{
    call::Call,
    caller::Anyone,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};

use super::{
    TokenReply,
    login::{LoginRequest, log_in},
};

/// Beginning a session as an admin.
pub struct AdminLogin;

impl Endpoint for AdminLogin {
    const ROUTE: Route =
        Route::post("admin-login", "/api/auth/admin/login", "Begin a session as an admin, and as nobody else.")
            .or(&[Code::InvalidCredentials, Code::TooManyAttempts, Code::AccountLocked])
            .needs(&[Need::Table, Need::Tokens]);
    type Caller = Anyone;
    type Request = LoginRequest;
    type Reply = TokenReply;

    async fn handle(call: Call<'_, Anyone>, request: LoginRequest) -> Result<TokenReply, Failure> {
        log_in(&call, request, |player| player.admin).await
    }
}
