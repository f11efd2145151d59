//! Functions of the shop. What real money is paid for goes through the till, step by step.

mod buy;
mod buy_limited;
mod catalog;
mod hold_create;
mod hold_finalize;
mod hold_release;
mod limited_packages;
mod payment_webhook;
pub(crate) mod till;
mod transactions;

pub use buy::Buy;
pub use buy_limited::BuyLimited;
pub use catalog::Catalog;
pub use hold_create::HoldCreate;
pub use hold_finalize::HoldFinalize;
pub use hold_release::HoldRelease;
pub use limited_packages::LimitedPackages;
pub use payment_webhook::PaymentWebhook;
pub use transactions::Transactions;

use croupier_rules::player::Rank;
use croupier_rules::{
    id::{PlayerId, PurchaseId},
    name::{ChargeId, PromoCode, Sku, Title},
    shop::{
        Grants, Price,
        product::Product,
        purchase::{Purchase, Reason, Status},
    },
    time::Timestamp,
};
use croupier_web::error::{Code, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A product, as players see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CatalogItem {
    id: u32,
    sku: Sku,
    name: Title,
    /// What one costs in real money, in the smallest unit of `currency`; null for what is paid in play currency.
    price_cents: Option<u64>,
    /// An ISO 4217 code, `coins` or `gems`.
    currency: &'static str,
    /// What comes off the price now.
    discount_percent: u32,
    /// The same after what comes off now.
    discounted_price_cents: Option<u64>,
    /// When that ends; null: never, or nothing comes off.
    discount_ends_at: Option<Timestamp>,
    /// Who may buy it; null: everyone.
    min_rank: Option<Rank>,
    grants: Grants,
    /// What one costs in play currency; null for what is paid in real money.
    price: Option<PlayPrice>,
    /// Whether it is for sale at present.
    is_active: bool,
}

/// A price in play currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlayPrice {
    /// In coins.
    Coins(u64),
    /// In gems.
    Gems(u64),
}

impl CatalogItem {
    pub(crate) fn of(product: &Product, now: Timestamp) -> Result<Self, Failure> {
        let terms = &product.terms;
        let discount_percent = terms.discount_percent(now);
        let real = |price: Price| matches!(price, Price::Cents(_)).then(|| price.amount());
        Ok(Self {
            id: terms.id.get(),
            sku: product.sku.clone(),
            name: terms.name.clone(),
            price_cents: real(terms.price),
            currency: terms.price.currency(),
            discount_percent,
            discounted_price_cents: real(terms.total(1, None, now)?),
            discount_ends_at: terms.discount.filter(|_| discount_percent > 0).and_then(|discount| discount.ends_at),
            min_rank: Some(terms.min_rank).filter(|rank| *rank != Rank::Standard),
            grants: terms.grants.clone(),
            price: match terms.price {
                Price::Cents(_) => None,
                Price::Coins(coins) => Some(PlayPrice::Coins(coins.get())),
                Price::Gems(gems) => Some(PlayPrice::Gems(gems.get())),
            },
            is_active: terms.is_active,
        })
    }
}

/// A purchase, as its buyer and operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TransactionItem {
    transaction_id: PurchaseId,
    /// Whose purchase it is.
    user_id: PlayerId,
    status: Status,
    /// Why it came to nothing.
    reason: Option<Reason>,
    sku: Sku,
    name: Title,
    quantity: u32,
    /// What all of them cost: in the smallest unit of a real currency, or in whole coins or gems.
    total: u64,
    /// An ISO 4217 code, `coins` or `gems`.
    currency: &'static str,
    discount_percent: u32,
    promo_code: Option<PromoCode>,
    grants: Grants,
    charge_id: Option<ChargeId>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TransactionItem {
    /// A purchase of which the payment has begun.
    pub(crate) fn of(purchase: &Purchase) -> Option<Self> {
        let (status, deal) = (purchase.status()?, purchase.deal.as_ref()?);
        Some(Self {
            transaction_id: purchase.id,
            user_id: purchase.player,
            status,
            reason: purchase.reason,
            sku: purchase.sku.clone(),
            name: purchase.title.clone(),
            quantity: purchase.quantity,
            total: deal.total.amount(),
            currency: deal.total.currency(),
            discount_percent: deal.discount_percent,
            promo_code: deal.promo.clone(),
            grants: purchase.grants.clone(),
            charge_id: purchase.charge.clone(),
            created_at: purchase.created_at,
            updated_at: purchase.updated_at,
        })
    }
}

/// The id in a path; what cannot be one is nobody's.
pub(crate) fn purchase_of(id: &str) -> Result<PurchaseId, Failure> {
    id.parse().map_err(|_| Failure::of(Code::NotFound))
}
