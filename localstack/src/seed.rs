//! What a game on a laptop begins with: an invite, an admin, and a shop. Nowhere else is anything there beforehand.

use croupier_rules::{
    account::Invite,
    id::PlayerId,
    name::{InviteCode, Nickname, Password, SiteId, Sku},
    player::Player,
    shop::{package::Package, product::Product},
};
use croupier_store::{
    account::Newcomer,
    item::{Login, Profile},
    tx::{Conflict, NotCommitted},
};
use croupier_web::{app::App, password};

use crate::stack::CannotStart;

/// The admin's site id.
pub const ADMIN: &str = "admin";
/// The invite, where the environment names no other.
pub const INVITE: &str = "5858";

/// Makes the invite, the admin and what is for sale, unless they are there.
///
/// # Errors
/// Names that cannot be used, or the table's failure.
pub async fn plant(app: &App, invite: &str, admin_password: &str) -> Result<(), CannotStart> {
    let refused = |what: &str, error: &dyn std::error::Error| CannotStart(format!("{what} {error}"));
    let code: InviteCode = invite.parse().map_err(|error| refused("DEFAULT_INVITE_CODE", &error))?;
    let password: Password = admin_password.parse().map_err(|error| refused("CROUPIER_ADMIN_PASSWORD", &error))?;
    let store = app.store().map_err(|failure| CannotStart(failure.detail))?;
    let made = Some(app.clock.now());
    let invite =
        Invite { code, max_uses: None, used: 0, expires_at: None, active: true, created_at: made, created_by: None };
    store.offer_invite(&invite).await.map_err(|error| refused("the invite:", &error))?;
    let unexplained = |_: &Sku, _: Result<&Product, &Package>| Ok::<_, NotCommitted>(None);
    store.stock_up(&app.economy, unexplained).await.map_err(|error| refused("the shop:", &error))?;
    let password_hash =
        password::hash(password, app.entropy.bytes()).await.map_err(|error| CannotStart(error.detail))?;
    let (site, newcomer) = admin(app, password_hash.clone()).map_err(|error| refused("the admin:", &*error))?;
    match store.sign_up(&newcomer, app.clock.now()).await {
        Err(NotCommitted::Refused { conflict: Conflict::SiteTaken, .. }) => {
            store.reset_password(&site, &password_hash).await
        }
        other => other,
    }
    .map_err(|error| refused("the admin:", &error))
}

fn admin(app: &App, password_hash: String) -> Result<(SiteId, Newcomer), Box<dyn std::error::Error>> {
    let now = app.clock.now();
    let id = PlayerId::new(now.millis().unsigned_abs(), app.entropy.id());
    let site: SiteId = ADMIN.parse()?;
    let nickname: Nickname = ADMIN.parse()?;
    let newcomer = Newcomer {
        change: Player::sign_up(id, true, None, now, &app.economy)?,
        profile: Profile {
            revision: 1,
            site_id: site.clone(),
            nickname,
            phone_number: None,
            created_at: now,
            last_login_at: now,
            sessions: Vec::new(),
        },
        login: Login { player: id, password_hash, made_by: None },
        invite: None,
        session: None,
    };
    Ok((site, newcomer))
}
