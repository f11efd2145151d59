use croupier_rules::{
    Refusal,
    admin::AdminAction,
    money::Postings,
    name::Description,
    player::Player,
    round::Moment,
    shop::{offer::PurchaseSeen, purchase::Status, refund::refund, reply::PurchaseReply},
};
use croupier_store::StoreError;
use croupier_web::{
    call::{Call, Once},
    caller::Admin,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shop::{purchase_of, till::move_on};

/// Taking back what was bought, and giving the money back.
pub struct AdminRefund;

/// Which purchase, and why.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RefundRequest {
    transaction_id: String,
    /// Why, in a sentence; the player reads it.
    reason: Description,
}

/// What was, in the audit entry.
#[derive(Serialize)]
struct Before {
    status: Status,
}

/// What is then, in the audit entry.
#[derive(Serialize)]
struct After<'a> {
    status: Status,
    total: u64,
    currency: &'static str,
    reason: &'a Description,
    /// What had been spent of the grant, and is owed from now on.
    owed: Postings,
}

impl Endpoint for AdminRefund {
    const ROUTE: Route = Route::post(
        "admin-refund",
        "/api/admin/transactions/{transaction_id}/refund",
        "Take back what was bought, and give the money back.",
    )
    .or(&[Code::NotFound, Code::NotRefundable, Code::BalanceLimit])
    .key_required()
    .needs(&[Need::Payments]);
    type Caller = Admin;
    type Request = RefundRequest;
    type Reply = Once<PurchaseReply>;

    async fn handle(call: Call<'_, Admin>, request: RefundRequest) -> Result<Once<PurchaseReply>, Failure> {
        let (store, id, reason) = (call.store()?, purchase_of(&request.transaction_id)?, request.reason);
        let buyer = store.buyer(id).await?.ok_or_else(|| Failure::of(Code::NotFound))?;
        let begun = call.audit(AdminAction::TransactionRefund, id);
        let read = || async move {
            let seen = store.purchase_seen(buyer, id, None).await?;
            seen.ok_or_else(|| StoreError::Corrupt("a purchase is gone".to_owned()))
        };
        let decide = |player: &Player, seen: &PurchaseSeen, moment: Moment<'_>| {
            // What it comes to is part of the entry that is written with it.
            let told = refund(player, &seen.purchase, &reason, begun.clone(), moment.now)?;
            let (total, currency, owed) = (told.reply.total, told.reply.currency, told.change.entry().owed);
            let after = After { status: told.reply.status, total, currency, reason: &reason, owed };
            let entry = begun.of_change(Before { status: Status::Success }, after).map_err(|_| Refusal::Impossible)?;
            refund(player, &seen.purchase, &reason, entry, moment.now)
        };
        let refunded = call.act_on(buyer, read, decide).await?;
        // That the gateway is not heard now changes nothing: it is asked again until it is.
        move_on(call.app, buyer, id).await?;
        Ok(refunded)
    }
}
