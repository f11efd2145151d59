//! What a buyer wants, and what is known about it.

use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    id::PurchaseId,
    name::{PromoCode, Sku, Title},
    player::Player,
    shop::{
        Grants, Price,
        package::Package,
        payment::PaymentToken,
        product::Product,
        promo::{GivenPromo, Off, Promo},
        purchase::{Deal, Purchase, State},
    },
    time::Timestamp,
};

/// What a buyer wants.
#[derive(Debug, Clone)]
pub struct Order {
    /// The purchase's name, should it come to one.
    pub id: PurchaseId,
    /// How many.
    pub quantity: u32,
    /// What the buyer expects to pay, as the buyer's screen says.
    pub expected_total: Option<u64>,
    /// The code that the buyer gives.
    pub promo: Option<PromoCode>,
    /// The means of payment.
    pub token: Option<PaymentToken>,
}

/// What is known about a product that somebody wants.
#[derive(Debug, Clone, Default)]
pub struct ProductSeen {
    /// The product, if there is such a one.
    pub product: Option<Product>,
    /// What is known of the code that the buyer gives.
    pub promo: Option<GivenPromo>,
}

/// What is known about a limited package that somebody wants.
#[derive(Debug, Clone, Default)]
pub struct PackageSeen {
    /// The package, if there is such a one.
    pub package: Option<Package>,
    /// How many the buyer has, and is about to have.
    pub bought: u64,
    /// What is known of the code that the buyer gives.
    pub promo: Option<GivenPromo>,
}

/// What else is known about a purchase that goes on.
#[derive(Debug, Clone)]
pub struct PurchaseSeen {
    /// The purchase.
    pub purchase: Purchase,
    /// The package whose stock it holds.
    pub package: Option<Package>,
    /// What is known of the code that the buyer gives.
    pub promo: Option<GivenPromo>,
}

/// What is written or relied on besides the player and the entry, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The product is as it was read.
    ProductIs(Sku, u64),
    /// Stock moves, of a package that is as it was read.
    Stock(Box<Package>, Shift, u64),
    /// The buyer has more of a limited package, or fewer.
    Bought(Sku, i64),
    /// A purchase has the promo, which is as it was read.
    PromoTaken(Box<Promo>),
    /// A purchase that had the promo came to nothing.
    PromoGivenBack(PromoCode),
    /// The player has more of an item, or fewer.
    Item(String, i64),
    /// The purchase stands among all sales from now on.
    Sale(PurchaseId),
    /// The purchase is written in this revision, after the one before.
    Purchase(Box<Purchase>),
    /// A reward is written.
    Reward(Box<crate::reward::Reward>),
    /// One more has claimed, of a campaign that is as it was read.
    Claim(Box<crate::campaign::Campaign>),
    /// What an operator did is written.
    Audit(Box<crate::admin::AuditEntry>),
}

/// Where stock moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shift {
    /// From free to held.
    Hold,
    /// From held to free.
    GiveBack,
    /// From held to sold.
    Sell,
    /// From free to sold.
    SellAtOnce,
}

/// What all that is bought has in common.
pub(crate) struct Ware<'a> {
    pub sku: &'a Sku,
    pub name: &'a Title,
    pub unit: Price,
    pub grants: &'a Grants,
    pub limited: bool,
}

impl Ware<'_> {
    /// A purchase of this, with nothing agreed on, about to be written for the first time.
    pub fn purchase(
        &self,
        order: &Order,
        player: &Player,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<Purchase, Refusal> {
        Ok(Purchase {
            id: order.id,
            player: player.id,
            revision: 0,
            state: State::Held,
            sku: self.sku.clone(),
            title: self.name.clone(),
            limited: self.limited,
            quantity: order.quantity,
            unit: self.unit,
            grants: self.grants.times(order.quantity)?,
            deal: None,
            created_at: now,
            updated_at: now,
            deadline,
            due: None,
            token: None,
            charge: None,
            reason: None,
        })
    }
}

/// The promo that comes off this price, if the buyer gives one.
///
/// # Errors
/// [`Refusal::PromoInvalid`] or [`Refusal::PromoExhausted`].
pub(crate) fn promo_for<'a>(
    given: Option<&'a GivenPromo>,
    sku: &Sku,
    unit: Price,
    now: Timestamp,
) -> Result<Option<&'a Promo>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    let promo = given.good_for(sku, now)?;
    if !matches!(unit, Price::Cents(_)) {
        return Err(Refusal::PromoInvalid("Promo codes are for what costs real money."));
    }
    Ok(Some(promo))
}

/// What is agreed on.
///
/// # Errors
/// [`Refusal::PriceChanged`] when the buyer expects to pay something else.
pub(crate) fn agree(
    unit: Price,
    discount_percent: u32,
    promo: Option<&Promo>,
    order: &Order,
    quantity: u32,
) -> Result<Deal, Refusal> {
    let off: Option<Off> = promo.map(|promo| promo.terms.off);
    let total = unit.total(quantity, discount_percent, off)?;
    if order.expected_total.is_some_and(|expected| expected != total.amount()) {
        return Err(Refusal::PriceChanged { total: total.amount() });
    }
    Ok(Deal { total, discount_percent, promo: promo.map(|promo| promo.code.clone()) })
}
