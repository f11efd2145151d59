//! Functions about accounts: coming in, and who one is.

mod admin_login;
mod balance;
mod invite_validate;
mod knock;
mod login;
mod logout;
mod logout_all;
mod me;
mod profile_update;
mod public_profile;
mod rbac_premium;
mod rbac_vip;
mod refresh;
mod session_end_one;
mod sessions;
mod signup;
mod stats;

pub use admin_login::AdminLogin;
pub use balance::Balance;
pub use invite_validate::InviteValidate;
pub use login::Login;
pub use logout::Logout;
pub use logout_all::LogoutAll;
pub use me::Me;
pub use profile_update::ProfileUpdate;
pub(crate) use public_profile::player_of;
pub use public_profile::{PublicProfile, UserRequest};
pub use rbac_premium::RbacPremium;
pub use rbac_vip::RbacVip;
pub use refresh::Refresh;
pub use session_end_one::SessionEndOne;
pub use sessions::{SessionItem, Sessions};
pub use signup::Signup;
pub use stats::Stats;

use std::time::Duration;

use croupier_rules::{
    account::Session,
    id::{PlayerId, SessionId},
    money::{Coins, Gems},
    name::{Nickname, PhoneNumber, SiteId},
    player::{Player, Rank},
    time::Timestamp,
};
use croupier_store::item::Profile;
use croupier_web::{
    call::Call,
    caller::Anyone,
    error::Failure,
    token::{Opaque, RefreshToken},
};
use schemars::JsonSchema;
use serde::Serialize;

/// How long a session lasts at the most.
const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How much of what a device calls itself is kept, in characters.
const DEVICE_LENGTH: usize = 80;

/// A player, as the player sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct User {
    id: PlayerId,
    site_id: SiteId,
    nickname: Nickname,
    phone_number: Option<PhoneNumber>,
    rank: Rank,
    is_active: bool,
    is_admin: bool,
    cyber_token_balance: Coins,
    gems: Gems,
    level: u32,
    experience: u64,
    created_at: Timestamp,
    last_login_at: Timestamp,
}

impl User {
    pub(crate) fn of(player: &Player, profile: Profile) -> Self {
        Self {
            id: player.id,
            site_id: profile.site_id,
            nickname: profile.nickname,
            phone_number: profile.phone_number,
            rank: player.rank,
            is_active: player.active,
            is_admin: player.admin,
            cyber_token_balance: player.coins(),
            gems: player.gems(),
            level: player.level,
            experience: player.experience,
            created_at: profile.created_at,
            last_login_at: profile.last_login_at,
        }
    }
}

/// Where the caller stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Standing {
    /// The caller's rank, as it is now.
    rank: Rank,
}

/// The tokens of a session that has begun. Not printable.
#[derive(Serialize, JsonSchema)]
pub struct TokenReply {
    /// Goes into the `Authorization` header.
    access_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// How long the access token lasts, in seconds.
    expires_in: u64,
    /// What the session goes on with when the access token has ended.
    refresh_token: String,
    /// Whose session it is.
    user: User,
}

impl TokenReply {
    /// A new access token for a session, with the refresh token by which it goes on.
    fn of(
        call: &Call<'_, Anyone>,
        player: &Player,
        profile: Profile,
        refresh_token: RefreshToken,
    ) -> Result<Self, Failure> {
        let tokens = call.app.tokens()?;
        let jti = Opaque::of(call.app.entropy.bytes()).into_text();
        Ok(Self {
            access_token: tokens.issue(player.id, refresh_token.session, player.session_epoch, jti, call.now)?,
            token_type: "bearer",
            expires_in: tokens.lifetime().as_secs(),
            refresh_token: refresh_token.into_text(),
            user: User::of(player, profile),
        })
    }
}

/// A session about to begin, and its refresh token, which is not kept anywhere.
struct NewSession {
    session: Session,
    refresh_token: RefreshToken,
}

impl NewSession {
    fn of(call: &Call<'_, Anyone>, player: PlayerId, epoch: u32) -> Result<Self, Failure> {
        let id = call.fresh(SessionId::new);
        let refresh_token = call.app.tokens()?.first_refresh(player, id);
        let ends_at = call.now.after(SESSION_LIFETIME);
        let device = call.incoming.header("user-agent").unwrap_or("unknown");
        let session = Session {
            id,
            revision: 1,
            epoch,
            refresh_hash: refresh_token.hash(),
            spent_hash: None,
            seen_at: None,
            used_at: call.now,
            device: device.chars().filter(|c| !c.is_control()).take(DEVICE_LENGTH).collect(),
            created_at: call.now,
            ends_at,
            expires: ends_at.seconds(),
        };
        Ok(Self { session, refresh_token })
    }
}
