//! What buyers are answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    id::PurchaseId,
    money::{Coins, Gems},
    name::{ChargeId, PromoCode, Sku, Title},
    player::Player,
    shop::{
        Grants,
        purchase::{Deal, Purchase, Status},
    },
    time::Timestamp,
};

/// The answer to a purchase.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PurchaseReply {
    /// Which purchase.
    pub transaction_id: PurchaseId,
    /// How it stands.
    pub status: Status,
    /// `PAYMENT_PENDING`, as long as it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// What was bought.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// What all of them cost: in the smallest unit of a real currency, or in whole coins or gems.
    pub total: u64,
    /// An ISO 4217 code, `coins` or `gems`.
    pub currency: &'static str,
    /// What all of them give.
    pub grants: Grants,
    /// Coins afterwards.
    pub balance: Coins,
    /// Gems afterwards.
    pub gems: Gems,
    /// The number of the purchase in the player's ledger; null until it is granted.
    pub sequence: Option<u64>,
    /// The gateway's name for the payment; null without one.
    pub charge_id: Option<ChargeId>,
    /// What lets the payer's client go on with a payment that waits for the payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Null until it is granted.
    pub receipt: Option<Receipt>,
}

/// What was paid for what.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Receipt {
    /// The purchase.
    pub transaction_id: PurchaseId,
    /// When it was granted.
    pub issued_at: Timestamp,
    /// What was bought.
    pub sku: Sku,
    /// The same in words.
    pub name: Title,
    /// How many.
    pub quantity: u32,
    /// What one costs before anything comes off.
    pub unit_price: u64,
    /// What came off, in percent.
    pub discount_percent: u32,
    /// The promo code that came off as well.
    pub promo_code: Option<PromoCode>,
    /// What was paid.
    pub total: u64,
    /// In what.
    pub currency: &'static str,
}

/// The answer to a hold.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HoldReply {
    /// Which hold; the purchase that it becomes has the same id.
    pub hold_id: PurchaseId,
    /// The limited package.
    pub code: Sku,
    /// How many.
    pub quantity: u32,
    /// What all of them cost, in cents, before a promo code.
    pub total: u64,
    /// Until when they have to be paid for.
    pub expires_at: Timestamp,
    /// The number of the hold in the player's ledger.
    pub sequence: u64,
}

/// The answer to the first step of a purchase.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Begun {
    /// It was the only step.
    Done(Box<PurchaseReply>),
    /// The payment is next.
    Started {
        /// Of which purchase.
        started: PurchaseId,
    },
}

/// The first answer to a purchase that has to be paid for, as it is kept.
#[derive(Debug, Deserialize)]
pub struct Started {
    /// Which purchase.
    pub started: PurchaseId,
}

impl PurchaseReply {
    /// What can be said of a purchase as it stands, with what its player owns.
    ///
    /// # Errors
    /// A hold that nobody has begun to pay for.
    pub fn of(purchase: &Purchase, player: &Player, sequence: Option<u64>) -> Result<Self, Refusal> {
        let (Some(deal), Some(status)) = (&purchase.deal, purchase.status()) else { return Err(Refusal::NoPurchase) };
        let granted = status == Status::Success;
        Ok(Self {
            transaction_id: purchase.id,
            status,
            code: matches!(status, Status::Pending | Status::Authorized).then_some("PAYMENT_PENDING"),
            sku: purchase.sku.clone(),
            quantity: purchase.quantity,
            total: deal.total.amount(),
            currency: deal.total.currency(),
            grants: purchase.grants.clone(),
            balance: player.coins,
            gems: player.gems,
            sequence,
            charge_id: purchase.charge.clone(),
            client_secret: None,
            receipt: granted.then(|| Receipt::of(purchase, deal)),
        })
    }
}

impl Receipt {
    fn of(purchase: &Purchase, deal: &Deal) -> Self {
        Self {
            transaction_id: purchase.id,
            issued_at: purchase.updated_at,
            sku: purchase.sku.clone(),
            name: purchase.title.clone(),
            quantity: purchase.quantity,
            unit_price: purchase.unit.amount(),
            discount_percent: deal.discount_percent,
            promo_code: deal.promo.clone(),
            total: deal.total.amount(),
            currency: deal.total.currency(),
        }
    }
}
