use croupier_rules::{
    id::{PlayerId, PurchaseId},
    shop::purchase::Status,
};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shop::TransactionItem;

/// Purchases of everyone.
pub struct AdminTransactions;

/// Which purchases.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdminTransactionsRequest {
    /// Only those that stand like this.
    status: Option<Status>,
    /// Only those of this player.
    user_id: Option<PlayerId>,
    /// How many at once. A page may have fewer, or none, and yet not be the last: what the filter holds back is read as well.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

impl Endpoint for AdminTransactions {
    const ROUTE: Route =
        Route::get("admin-transactions", "/api/admin/transactions", "List purchases of everyone, the newest first.")
            .or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = AdminTransactionsRequest;
    type Reply = Page<TransactionItem>;

    async fn handle(
        call: Call<'_, Admin>,
        request: AdminTransactionsRequest,
    ) -> Result<Page<TransactionItem>, Failure> {
        let AdminTransactionsRequest { status, user_id, limit, cursor } = request;
        let scope = format!("admin-transactions {status:?} {user_id:?}");
        let before = match cursor {
            Some(cursor) => cursor.read(&scope)?,
            None => PurchaseId::after(call.now),
        };
        let (found, next) = call.store()?.transactions(user_id, status, before, limit.get()).await?;
        Ok(Page {
            items: found.iter().filter_map(TransactionItem::of).collect(),
            next_cursor: next.map(|next| Cursor::write(&scope, next)),
        })
    }
}
