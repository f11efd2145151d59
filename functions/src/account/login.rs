use croupier_rules::{
    account::LOCK_AFTER,
    name::{Password, SiteId},
    player::Player,
};
use croupier_store::{
    account::LoginState,
    item::{self, Profile},
    key::Key,
    tx::NotCommitted,
};
use croupier_web::{
    call::Call,
    caller::Anyone,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    password,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NewSession, TokenReply};

/// Beginning a session.
pub struct Login;

/// Who wants in. Not printable, since it holds a password as typed.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct LoginRequest {
    site_id: String,
    password: String,
}

/// How often an attempt is counted anew when others count at the same time: after so many the site id is locked.
const TRIES: usize = LOCK_AFTER + 1;

impl Endpoint for Login {
    const ROUTE: Route = Route::post("login", "/api/auth/login", "Begin a session with site id and password.")
        .or(&[Code::InvalidCredentials, Code::TooManyAttempts, Code::AccountLocked])
        .needs(&[Need::Table, Need::Tokens]);
    type Caller = Anyone;
    type Request = LoginRequest;
    type Reply = TokenReply;

    async fn handle(call: Call<'_, Anyone>, request: LoginRequest) -> Result<TokenReply, Failure> {
        let invalid = || Failure::of(Code::InvalidCredentials);
        // What cannot be a site id or a password is nobody's: the same answer as for a wrong one.
        let site: SiteId = request.site_id.parse().map_err(|_| invalid())?;
        let password: Password = request.password.parse().map_err(|_| invalid())?;

        let login = admit(&call, &site).await?;
        let hash = login.as_ref().map(|login| login.password_hash.clone());
        let verified = password::verify(password, hash).await?;
        let Some(login) = login.filter(|_| verified) else { return Err(invalid()) };

        let store = call.store()?;
        let lost = || Failure::internal("a login without a player");
        let player: Player = store.get(&Key::player(login.player)).await?.ok_or_else(lost)?;
        if !player.active {
            return Err(Failure::of(Code::AccountLocked));
        }
        let profile: Profile = store.get(&Key::profile(player.id)).await?.ok_or_else(lost)?;
        let session = NewSession::of(&call, player.session_epoch);
        store.begin_session(&site, player.id, &session.session).await?;
        session.reply(&call, &player, Profile { last_login_at: call.now, ..profile })
    }
}

/// Counts the attempt before the password is looked at: a hundred guesses at once are no more than five in turn.
async fn admit(call: &Call<'_, Anyone>, site: &SiteId) -> Result<Option<item::Login>, Failure> {
    let store = call.store()?;
    for _ in 0..TRIES {
        let LoginState { login, attempts } = store.login_state(site).await?;
        let next = attempts
            .admit(call.now)
            .map_err(|wait| Failure { retry_after: Some(wait), ..Failure::of(Code::TooManyAttempts) })?;
        match store.count_attempt(site, &attempts, &next).await {
            Ok(()) => return Ok(login),
            Err(NotCommitted::Contended) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(NotCommitted::Contended.into())
}
