use croupier_rules::{account::Invite, admin::AdminAction, name::InviteCode};
use croupier_store::{
    key::Key,
    tx::{Conflict, NotCommitted},
};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InviteItem;

/// Switching an invite off.
pub struct AdminInviteDeactivate;

/// Which one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct InviteRequest {
    code: InviteCode,
}

/// What the audit tells: no more than what the write was made on the condition of.
#[derive(Serialize)]
struct Switch {
    is_active: bool,
}

impl Endpoint for AdminInviteDeactivate {
    const ROUTE: Route = Route::delete(
        "admin-invite-deactivate",
        "/api/admin/invites/{code}",
        "Switch an invite off: it lets in nobody else.",
    )
    .or(&[Code::NotFound]);
    type Caller = Admin;
    type Request = InviteRequest;
    type Reply = InviteItem;

    async fn handle(call: Call<'_, Admin>, request: InviteRequest) -> Result<InviteItem, Failure> {
        let (store, key) = (call.store()?, Key::invite(&request.code));
        let found: Option<Invite> = store.get(&key).await?;
        let before = found.ok_or_else(|| Failure::of(Code::NotFound))?;
        let after = Invite { active: false, ..before.clone() };
        let then = InviteItem::of(&after, call.now);
        if before != after {
            let [on, off] = [true, false].map(|is_active| Switch { is_active });
            let entry = call.audit(AdminAction::InviteDeactivate, &request.code).of_change(on, off)?;
            match store.deactivate_invite(&request.code, &entry).await {
                // Somebody else did it in the meantime.
                Ok(()) | Err(NotCommitted::Refused { conflict: Conflict::Unknown, .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(then)
    }
}
