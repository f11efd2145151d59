//! Refunds: the grant is taken back first, and what is not there any more is owed.

use crate::{
    Refusal,
    admin::AuditEntry,
    ledger::{Action, Decision},
    money::Postings,
    name::Description,
    player::Player,
    shop::{
        Price,
        checkout::sale,
        offer::Effect,
        purchase::{Purchase, State},
        reply::PurchaseReply,
    },
    time::Timestamp,
};

/// Takes a grant back and begins to give the money back. A price in play currency is back at once.
///
/// # Errors
/// [`Refusal::NotRefundable`] for anything but a purchase that succeeded and was not refunded before.
pub fn refund(
    player: &Player,
    purchase: &Purchase,
    reason: &Description,
    audit: AuditEntry,
    now: Timestamp,
) -> Result<Decision<PurchaseReply>, Refusal> {
    let Some(deal) = purchase.deal.as_ref().filter(|_| purchase.state == State::Granted) else {
        return Err(Refusal::NotRefundable);
    };
    let paid = matches!(deal.total, Price::Cents(cents) if cents.get() > 0);
    let state = if paid { State::Refunding } else { State::Refunded };
    let next = purchase.clone().changed(state, now);
    let items = purchase.grants.items.iter().map(|item| {
        let count = i64::try_from(item.count).map_err(|_| Refusal::Impossible)?;
        Ok(Effect::Item(item.item_id.to_string(), -count))
    });
    let mut effects = items.collect::<Result<Vec<_>, Refusal>>()?;
    effects.push(Effect::Purchase(Box::new(next.clone())));
    effects.push(Effect::Audit(Box::new(audit)));
    let (price, grants) = (deal.total.credit(), purchase.grants.debit());
    let moved = Postings { coins: price.coins + grants.coins, gems: price.gems + grants.gems };
    let action = Action::PurchaseRefund { sale: sale(purchase)?, reason: reason.clone() };
    let change = player.clone().after_taking_back(now, action, moved)?;
    let reply = PurchaseReply::of(&next, change.player(), Some(change.entry().number))?;
    change.decide_with(effects, |_, _| reply)
}
