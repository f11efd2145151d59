use croupier_rules::name::{NewPassword, Nickname, Password, PhoneNumber};
use croupier_store::{
    account::{NewHash, ProfileChange},
    tx::{Conflict, NotCommitted},
};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Method, Route},
    error::{Code, Failure},
    password,
    request::given,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{User, knock::knock};

/// Changing one's names or password.
pub struct ProfileUpdate;

/// What to change; what is left out stays. Not printable, since it holds passwords as typed.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct ProfileRequest {
    nickname: Option<Nickname>,
    /// Null takes the number away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    phone_number: Option<Option<PhoneNumber>>,
    /// Another password; all other sessions end.
    password: Option<NewPassword>,
    /// The password so far; asked for with another one only.
    current_password: Option<Password>,
}

impl Endpoint for ProfileUpdate {
    const ROUTE: Route = Route::patch("profile-update", "/api/users/profile", "Change the caller's names or password.")
        .also_by(Method::Put, "/api/users/profile")
        .or(&[Code::Taken, Code::TooManyAttempts]);
    type Caller = SignedIn;
    type Request = ProfileRequest;
    type Reply = User;

    async fn handle(call: Call<'_, SignedIn>, request: ProfileRequest) -> Result<User, Failure> {
        let ProfileRequest { nickname, phone_number, password, current_password } = request;
        let password = match password {
            Some(password) => Some(change_password(&call, password, current_password).await?),
            None => None,
        };
        let wanted = ProfileChange { nickname, phone_number, password };
        let (SignedIn { player, session }, store) = (&call.caller, call.store()?);
        let profile = match wanted {
            ProfileChange { nickname: None, phone_number: None, password: None } => store.profile(player.id).await?,
            wanted => match store.change_profile(player.id, session.id, &wanted).await {
                Err(NotCommitted::Refused { conflict: Conflict::PasswordChanged, .. }) => return Err(wrong_password()),
                other => other?,
            },
        };
        Ok(User::of(player, profile))
    }
}

/// An access token alone changes no password: whoever found one would keep the player out. Guessing is as hard as at the login.
async fn change_password(
    call: &Call<'_, SignedIn>,
    wanted: NewPassword,
    current: Option<Password>,
) -> Result<NewHash, Failure> {
    let missing = || Failure::field("current_password", "MISSING", "is required to change the password");
    let current = current.ok_or_else(missing)?;
    let site = call.store()?.profile(call.caller.player.id).await?.site_id;
    let login = knock(call, &site, current).await?.ok_or_else(wrong_password)?;
    let hash = password::hash(wanted.into_password(), call.app.entropy.bytes()).await?;
    Ok(NewHash { seen: login.password_hash, hash })
}

/// No 401: the access token is good, and a client that renews it and asks again would only count as guessing.
fn wrong_password() -> Failure {
    Failure::field("current_password", "INVALID", "is not the password")
}
