use croupier_rules::{
    Refusal,
    admin::{AdminAction, AuditEntry},
    id::{PlayerId, PurchaseId},
    ledger::Decision,
    player::Player,
    round::Moment,
    shop::{
        checkout,
        offer::{Effect, PurchaseSeen},
        purchase::{Purchase, Reason, Status},
    },
    time::Timestamp,
};
use croupier_store::{StoreError, act::NotDone};
use croupier_web::{
    call::Call,
    caller::Admin,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shop::{TransactionItem, purchase_of, till::move_on};

/// Bringing a purchase to its end that stands still.
pub struct AdminTransactionSettle;

/// Which purchase, and how.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SettleRequest {
    transaction_id: String,
    #[serde(default)]
    outcome: SettleOutcome,
}

/// How to go on with a purchase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettleOutcome {
    /// As the gateway says, at once instead of in its time.
    #[default]
    Settle,
    /// Given up, as long as the gateway has not promised the money.
    Void,
}

/// How a purchase stands, in an audit entry.
#[derive(Serialize)]
struct Standing {
    status: Option<Status>,
    /// When somebody has to look at it.
    due: Option<Timestamp>,
}

impl Standing {
    const fn of(purchase: &Purchase) -> Self {
        Self { status: purchase.status(), due: purchase.due }
    }
}

impl Endpoint for AdminTransactionSettle {
    const ROUTE: Route = Route::post(
        "admin-transaction-settle",
        "/api/admin/transactions/{transaction_id}/settle",
        "Take a purchase to its end that stands still, or give it up.",
    )
    .or(&[Code::NotFound, Code::NotOpen, Code::IdempotencyKeyReused])
    .keyed()
    .needs(&[Need::Payments]);
    type Caller = Admin;
    type Request = SettleRequest;
    type Reply = TransactionItem;

    async fn handle(call: Call<'_, Admin>, request: SettleRequest) -> Result<TransactionItem, Failure> {
        let unknown = || Failure::of(Code::NotFound);
        let id = purchase_of(&request.transaction_id)?;
        let buyer = call.store()?.buyer(id).await?.ok_or_else(unknown)?;
        match request.outcome {
            SettleOutcome::Settle => hurry(&call, buyer, id).await?,
            SettleOutcome::Void => give_up(&call, buyer, id).await?,
        }
        let moved = move_on(call.app, buyer, id).await?.ok_or_else(unknown)?;
        TransactionItem::of(&moved.purchase).ok_or_else(unknown)
    }
}

async fn hurry(call: &Call<'_, Admin>, buyer: PlayerId, id: PurchaseId) -> Result<(), Failure> {
    let begun = call.audit(AdminAction::TransactionSettle, id);
    let entry = |before: &Purchase, after: &Purchase| change(&begun, before, after);
    match call.store()?.hurry(&call.deed(), (buyer, id), entry).await {
        Err(NotDone::Refused(Refusal::NoPurchase)) => Err(Failure::of(Code::NotOpen)),
        other => Ok(other?),
    }
}

async fn give_up(call: &Call<'_, Admin>, buyer: PlayerId, id: PurchaseId) -> Result<(), Failure> {
    let (store, begun) = (call.store()?, call.audit(AdminAction::TransactionVoid, id));
    let read = || async move {
        let seen = store.purchase_seen(buyer, id, None).await?;
        seen.ok_or_else(|| StoreError::Corrupt("a purchase is gone".to_owned()))
    };
    let decide = |player: &Player, seen: &PurchaseSeen, moment: Moment<'_>| {
        let decision = checkout::give_up(player, seen, None, Reason::GivenUp, moment.now)?;
        explained(decision, &begun, &seen.purchase)
    };
    match call.act_on(buyer, read, decide).await {
        Ok(_) => Ok(()),
        // There is such a purchase, and a buyer: it is over, or too far on.
        Err(failure) if failure.code == Code::NotFound => Err(Failure::of(Code::NotOpen)),
        Err(other) => Err(other),
    }
}

/// The decision, with the entry that tells of it.
fn explained(mut decision: Decision<()>, begun: &AuditEntry, before: &Purchase) -> Result<Decision<()>, Refusal> {
    let after = decision.effects.iter().find_map(|effect| match effect {
        Effect::Purchase(purchase) => Some(purchase.as_ref()),
        _ => None,
    });
    let entry = change(begun, before, after.ok_or(Refusal::Impossible)?)?;
    decision.effects.push(Effect::Audit(Box::new(entry)));
    Ok(decision)
}

fn change(begun: &AuditEntry, before: &Purchase, after: &Purchase) -> Result<AuditEntry, Refusal> {
    begun.of_change(Standing::of(before), Standing::of(after)).map_err(|_| Refusal::Impossible)
}
