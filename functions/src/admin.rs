//! Functions for operators. Each change leaves an entry in the audit, written with the change itself.

mod adjust;
mod audit;
mod campaign_create;
mod campaign_update;
mod campaigns;
mod force_logout;
mod invite_deactivate;
mod invite_generate;
mod invites;
mod limited;
mod limited_put;
mod limited_update;
mod made;
mod product_put;
mod products;
mod promo_put;
mod promos;
mod refund;
mod shop_seed;
mod transaction_settle;
mod transactions;
mod user;
mod user_ledger;
mod user_update;
mod users;

pub use adjust::AdminAdjust;
pub use audit::AdminAudit;
pub use campaign_create::AdminCampaignCreate;
pub use campaign_update::AdminCampaignUpdate;
pub use campaigns::AdminCampaigns;
pub use force_logout::AdminForceLogout;
pub use invite_deactivate::AdminInviteDeactivate;
pub use invite_generate::AdminInviteGenerate;
pub use invites::AdminInvites;
pub use limited::AdminLimited;
pub use limited_put::AdminLimitedPut;
pub use limited_update::AdminLimitedUpdate;
pub use product_put::AdminProductPut;
pub use products::AdminProducts;
pub use promo_put::AdminPromoPut;
pub use promos::AdminPromos;
pub use refund::AdminRefund;
pub use shop_seed::AdminShopSeed;
pub use transaction_settle::AdminTransactionSettle;
pub use transactions::AdminTransactions;
pub use user::AdminUser;
pub use user_ledger::AdminUserLedger;
pub use user_update::AdminUserUpdate;
pub use users::AdminUsers;

use croupier_rules::{account::Invite, id::PlayerId, name::InviteCode, time::Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// An invite, as an admin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InviteItem {
    code: InviteCode,
    /// How many players it may let in; null: endless.
    max_uses: Option<u32>,
    /// How many it has let in.
    used: u32,
    /// How many more it lets in; null: endless.
    remaining_uses: Option<u32>,
    /// When it ends; null: never.
    expires_at: Option<Timestamp>,
    /// Whether nobody switched it off.
    is_active: bool,
    /// Whether it would let somebody in now.
    is_valid: bool,
    created_at: Option<Timestamp>,
    /// The admin who made it; null for one that was put into the table by hand.
    created_by: Option<PlayerId>,
}

impl InviteItem {
    fn of(invite: &Invite, now: Timestamp) -> Self {
        Self {
            code: invite.code.clone(),
            max_uses: invite.max_uses,
            used: invite.used,
            remaining_uses: invite.remaining_uses(),
            expires_at: invite.expires_at,
            is_active: invite.active,
            is_valid: invite.check(now).is_ok(),
            created_at: invite.created_at,
            created_by: invite.created_by,
        }
    }
}
