use croupier_rules::{id::PurchaseId, shop::purchase::Status};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TransactionItem;

/// The caller's purchases.
pub struct Transactions;

/// Which purchases.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TransactionsRequest {
    /// Only those that stand like this.
    status: Option<Status>,
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

impl Endpoint for Transactions {
    const ROUTE: Route =
        Route::get("transactions", "/api/shop/transactions", "List the caller's purchases, the newest first.")
            .or(&[Code::CursorInvalid]);
    type Caller = SignedIn;
    type Request = TransactionsRequest;
    type Reply = Page<TransactionItem>;

    async fn handle(call: Call<'_, SignedIn>, request: TransactionsRequest) -> Result<Page<TransactionItem>, Failure> {
        let scope = format!("transactions {:?}", request.status);
        let before = match request.cursor {
            Some(cursor) => cursor.read(&scope)?,
            None => PurchaseId::after(call.now),
        };
        let player = Some(call.caller.player.id);
        let (found, next) = call.store()?.transactions(player, request.status, before, request.limit.get()).await?;
        Ok(Page {
            items: found.iter().filter_map(TransactionItem::of).collect(),
            next_cursor: next.map(|next| Cursor::write(&scope, next)),
        })
    }
}
