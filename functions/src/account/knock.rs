//! Knocking and entering: what a login and a repeated sign-up have in common.

use croupier_rules::{
    account::LOCK_AFTER,
    name::{Password, SiteId},
    player::Player,
};
use croupier_store::{
    account::LoginState,
    act::pause,
    item::{Login, decode},
    key::Key,
    session::Opened,
    tx::{Conflict, NotCommitted},
};
use croupier_web::{
    call::Call,
    caller::Anyone,
    error::{Code, Failure},
    password,
};

use super::{NewSession, TokenReply};

/// How often an attempt is counted anew when others count at the same time: after so many the site id is locked.
const TRIES: u32 = LOCK_AFTER as u32 + 1;

/// How often a password is looked at anew when its hash changes at the same time.
const LOOKS: u32 = 3;

/// Lets in whoever has the password and is welcome here; nobody else.
pub(super) async fn come_in(
    call: &Call<'_, Anyone>,
    site: &SiteId,
    password: Password,
    welcome: fn(&Player) -> bool,
) -> Result<Option<TokenReply>, Failure> {
    let mut login = knock(call, site, password.clone()).await?;
    for _ in 0..LOOKS {
        let Some(right) = login else { return Ok(None) };
        let rehashed = renewed(call, &right, password.clone()).await?;
        match enter(call, site, &Opened { login: right, rehashed }, welcome).await? {
            Entered::In(reply) => return Ok(Some(*reply)),
            Entered::Stranger => return Ok(None),
            // Another login with this password may have renewed its hash; if it was changed, it opens nothing any more.
            Entered::HashChanged(changed) => login = look(Some(changed), password.clone()).await?,
        }
    }
    Err(NotCommitted::Contended.into())
}

/// The password hashed anew, when its hash has the parameters of another time.
async fn renewed(call: &Call<'_, Anyone>, login: &Login, password: Password) -> Result<Option<String>, Failure> {
    if !password::is_dated(&login.password_hash)? {
        return Ok(None);
    }
    password::hash(password, call.app.entropy.bytes()).await.map(Some)
}

/// The login of a site id, if the password belongs to it. Whoever knocks at an unknown site id causes the same work.
pub(super) async fn knock<C>(call: &Call<'_, C>, site: &SiteId, password: Password) -> Result<Option<Login>, Failure> {
    let login = admit(call, site).await?;
    look(login, password).await
}

async fn look(login: Option<Login>, password: Password) -> Result<Option<Login>, Failure> {
    let kept = login.as_ref().map(|login| login.password_hash.clone());
    Ok(if password::verify(password, kept).await? { login } else { None })
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

/// What becomes of somebody who has proved to be a player.
enum Entered {
    /// A session has begun.
    In(Box<TokenReply>),
    /// Not somebody who is welcome here.
    Stranger,
    /// The hash of the password is another one by now.
    HashChanged(Login),
}

/// Begins a session of a player who has proved to be one and is welcome here, unless an operator locked the account.
async fn enter(
    call: &Call<'_, Anyone>,
    site: &SiteId,
    opened: &Opened,
    welcome: fn(&Player) -> bool,
) -> Result<Entered, Failure> {
    let (store, id) = (call.store()?, opened.login.player);
    let player: Player =
        store.get(&Key::player(id)).await?.ok_or_else(|| Failure::internal("a login without a player"))?;
    if !welcome(&player) {
        return Ok(Entered::Stranger);
    }
    if !player.active {
        return Err(Failure::of(Code::AccountLocked));
    }
    let NewSession { session, refresh_token } = NewSession::of(call, id, player.session_epoch)?;
    match store.begin_session(site, &session, opened, call.app.max_sessions).await {
        Ok(profile) => Ok(Entered::In(Box::new(TokenReply::of(call, &player, profile, refresh_token)?))),
        Err(NotCommitted::Refused { conflict: Conflict::PasswordChanged, found: Some(login) }) => {
            Ok(Entered::HashChanged(decode(login)?))
        }
        Err(other) => Err(other.into()),
    }
}
