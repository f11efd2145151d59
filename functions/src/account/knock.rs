//! Knocking and entering: what a login and a repeated sign-up have in common.

use croupier_rules::{
    account::LOCK_AFTER,
    name::{Password, SiteId},
    player::Player,
};
use croupier_store::{account::LoginState, act::pause, item::Login, key::Key, session::Opened, tx::NotCommitted};
use croupier_web::{
    call::Call,
    caller::Anyone,
    error::{Code, Failure},
    password,
};

use super::{NewSession, TokenReply};

/// How often an attempt is counted anew when others count at the same time: after so many the site id is locked.
const TRIES: u32 = LOCK_AFTER as u32 + 1;

/// The login of a site id, if the password belongs to it. Whoever knocks at an unknown site id causes the same work.
pub(super) async fn knock<C>(call: &Call<'_, C>, site: &SiteId, password: Password) -> Result<Option<Opened>, Failure> {
    let login = admit(call, site).await?;
    let kept = login.as_ref().map(|login| login.password_hash.clone());
    if !password::verify(password.clone(), kept).await? {
        return Ok(None);
    }
    let Some(login) = login else { return Ok(None) };
    let rehashed = if password::is_dated(&login.password_hash)? {
        Some(password::hash(password, call.app.entropy.bytes()).await?)
    } else {
        None
    };
    Ok(Some(Opened { login, rehashed }))
}

/// Counts the attempt before the password is looked at: a hundred guesses at once are no more than five in turn.
async fn admit<C>(call: &Call<'_, C>, site: &SiteId) -> Result<Option<Login>, Failure> {
    let store = call.store()?;
    for tried in 1..=TRIES {
        let LoginState { login, attempts } = store.login_state(site).await?;
        let next = attempts
            .admit(call.now)
            .map_err(|wait| Failure { retry_after: Some(wait), ..Failure::of(Code::TooManyAttempts) })?;
        match store.count_attempt(site, &attempts, &next).await {
            Ok(()) => return Ok(login),
            Err(NotCommitted::Contended) => tokio::time::sleep(pause(tried)).await,
            Err(other) => return Err(other.into()),
        }
    }
    Err(NotCommitted::Contended.into())
}

/// Begins a session of a player who has proved to be one and is welcome here, unless an operator locked the account.
pub(super) async fn enter(
    call: &Call<'_, Anyone>,
    site: &SiteId,
    opened: &Opened,
    welcome: fn(&Player) -> bool,
) -> Result<TokenReply, Failure> {
    let (store, id) = (call.store()?, opened.login.player);
    let player: Player =
        store.get(&Key::player(id)).await?.ok_or_else(|| Failure::internal("a login without a player"))?;
    if !welcome(&player) {
        return Err(Failure::of(Code::InvalidCredentials));
    }
    if !player.active {
        return Err(Failure::of(Code::AccountLocked));
    }
    let NewSession { session, refresh_token } = NewSession::of(call, id, player.session_epoch)?;
    let profile = store.begin_session(site, &session, opened, call.app.max_sessions).await?;
    TokenReply::of(call, &player, profile, refresh_token)
}
