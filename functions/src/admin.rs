//! Functions for operators. Each change leaves an entry in the audit, written with the change itself.

mod audit;
mod force_logout;
mod invite_deactivate;
mod invite_generate;
mod invites;
mod user;
mod user_update;
mod users;

pub use audit::AdminAudit;
pub use force_logout::AdminForceLogout;
pub use invite_deactivate::AdminInviteDeactivate;
pub use invite_generate::AdminInviteGenerate;
pub use invites::AdminInvites;
pub use user::AdminUser;
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
