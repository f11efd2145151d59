use croupier_rules::{
    account::{Invite, InviteFault},
    id::PlayerId,
    name::{InviteCode, NewPassword, Nickname, Password, PhoneNumber, SiteId},
    player::Player,
};
use croupier_store::{
    account::Newcomer,
    item::{Attempt, Login, Profile, decode},
    key::Key,
    tx::{Conflict, NotCommitted},
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

use super::{
    NewSession, TokenReply,
    knock::{come_in, knock},
};

/// Becoming a player.
pub struct Signup;

/// Who wants to become a player.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignupRequest {
    site_id: SiteId,
    nickname: Nickname,
    phone_number: Option<PhoneNumber>,
    password: NewPassword,
    invite_code: InviteCode,
}

impl Endpoint for Signup {
    const ROUTE: Route = Route::post("signup", "/api/auth/signup", "Become a player, with an invite.")
        .or(&[Code::InviteInvalid, Code::Taken, Code::IdempotencyKeyReused, Code::AccountLocked, Code::TooManyAttempts])
        .keyed()
        .needs(&[Need::Table, Need::Tokens]);
    type Caller = Anyone;
    type Request = SignupRequest;
    type Reply = TokenReply;

    async fn handle(call: Call<'_, Anyone>, request: SignupRequest) -> Result<TokenReply, Failure> {
        let store = call.store()?;
        let password = request.password.into_password();
        let password_hash = password::hash(password.clone(), call.app.entropy.bytes()).await?;

        let id = call.fresh(PlayerId::new);
        let NewSession { session, refresh_token } = NewSession::of(&call, id, 0)?;
        let newcomer = Newcomer {
            change: Player::sign_up(id, false, Some(request.invite_code.clone()), call.now, &call.app.economy)?,
            profile: Profile {
                site_id: request.site_id,
                nickname: request.nickname,
                phone_number: request.phone_number,
                revision: 1,
                created_at: call.now,
                last_login_at: call.now,
                sessions: vec![session.id],
            },
            login: Login { player: id, password_hash, made_by: call.attempt.clone() },
            invite: Some(request.invite_code.clone()),
            session: Some(session),
        };
        match store.sign_up(&newcomer, call.now).await {
            Ok(()) => TokenReply::of(&call, newcomer.change.player(), newcomer.profile, refresh_token),
            Err(NotCommitted::Refused { conflict: Conflict::SiteTaken, found: Some(item) }) => {
                let Login { made_by, .. } = decode(item)?;
                repeated(&call, &newcomer.profile.site_id, made_by, password, Failure::taken("site_id")).await
            }
            Err(NotCommitted::Refused { conflict: Conflict::InviteRefused, .. }) => {
                let site = &newcomer.profile.site_id;
                // The last use of the invite may have been this very sign-up's.
                let login = if call.attempt.is_some() { store.login_state(site).await?.login } else { None };
                let refused = invite_refused(&call, &request.invite_code).await?;
                repeated(&call, site, login.and_then(|login| login.made_by), password, refused).await
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// Somebody has the site id, or the invite is used up. It was this very sign-up, if it has the same key and the same password:
/// then the answer got lost, and the player comes in after all, with a new session. To whoever tries passwords it is a login.
async fn repeated(
    call: &Call<'_, Anyone>,
    site: &SiteId,
    made_by: Option<Attempt>,
    password: Password,
    otherwise: Failure,
) -> Result<TokenReply, Failure> {
    let Some((attempt, made_by)) = call.attempt.as_ref().zip(made_by).filter(|(attempt, made)| attempt.key == made.key)
    else {
        return Err(otherwise);
    };
    if made_by != *attempt {
        let known = knock(call, site, password).await?.is_some();
        return Err(if known { Failure::of(Code::IdempotencyKeyReused) } else { otherwise });
    }
    come_in(call, site, password, |_| true).await?.ok_or(otherwise)
}

/// Which of its limits the invite has met, in words.
async fn invite_refused(call: &Call<'_, Anyone>, code: &InviteCode) -> Result<Failure, Failure> {
    let found: Option<Invite> = call.store()?.get(&Key::invite(code)).await?;
    let fault = found.map_or(Err(InviteFault::Unknown), |invite| invite.check(call.now));
    Ok(fault.map_or_else(|fault| Failure::saying(Code::InviteInvalid, fault), |()| Failure::of(Code::InviteInvalid)))
}
