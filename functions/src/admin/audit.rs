use std::time::Duration;

use croupier_rules::{
    admin::{AdminAction, AuditEntry},
    id::{AuditId, PlayerId},
    time::Timestamp,
};
use croupier_store::admin::AuditFilter;
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What operators did.
pub struct AdminAudit;

/// Which entries.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AuditRequest {
    /// Only of this action.
    action: Option<AdminAction>,
    /// Only about this: a player's id, an invite code, a sku, a promo code, the id of a campaign or of a transaction.
    target: Option<String>,
    /// Only by this admin.
    actor: Option<PlayerId>,
    /// Only from this moment on.
    since: Option<Timestamp>,
    /// Only until this moment.
    until: Option<Timestamp>,
    /// How many at once. A page may have fewer, or none, and yet not be the last: what the filters hold back is read as well.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// The clocks of two functions may differ; by more than this they do not.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

impl Endpoint for AdminAudit {
    const ROUTE: Route = Route::get("admin-audit", "/api/admin/audit", "List what operators did, the newest first.")
        .or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = AuditRequest;
    type Reply = Page<AuditEntry>;

    async fn handle(call: Call<'_, Admin>, request: AuditRequest) -> Result<Page<AuditEntry>, Failure> {
        let AuditRequest { action, target, actor, since, until, limit, cursor } = request;
        let filter = AuditFilter { action, target, actor, since, until };
        let scope = format!("admin-audit {filter:?}");
        let newest = || {
            let last = call.now.after(CLOCKS_DIFFER);
            let after = until.map_or(last, |until| until.min(last)).after(Duration::from_millis(1));
            AuditId::new(after.millis().max(0).unsigned_abs(), 0)
        };
        let before = cursor.map_or_else(|| Ok(newest()), |cursor| cursor.read(&scope))?;
        let found = call.store()?.audit(&filter, before, limit.get()).await?;
        Ok(Page { items: found.entries, next_cursor: found.next.map(|next| Cursor::write(&scope, next)) })
    }
}
