//! Products: what is always on sale.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    name::{Sku, Title},
    number::Between,
    player::Rank,
    shop::{Grants, Price, promo::Off},
    time::Timestamp,
};

/// A number by which clients may name a product.
pub type ProductNumber = Between<1, 1_000_000>;

/// What comes off the price for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discount {
    /// How much, in percent.
    pub percent: Between<1, 100>,
    /// Until when; for ever, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
}

/// What a product is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductTerms {
    /// By which clients may name it.
    pub id: ProductNumber,
    /// What players read.
    pub name: Title,
    /// What one costs.
    pub price: Price,
    /// What one gives.
    pub grants: Grants,
    /// What comes off the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    /// Who may buy it.
    #[serde(default)]
    pub min_rank: Rank,
    /// Whether it is for sale.
    pub is_active: bool,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Under what it is sold.
    pub sku: Sku,
    /// What it is.
    pub terms: ProductTerms,
    /// How often this record was written.
    pub revision: u64,
}

impl ProductTerms {
    /// What comes off the price now, in percent.
    pub fn discount_percent(&self, now: Timestamp) -> u32 {
        let counts = |discount: &Discount| discount.ends_at.is_none_or(|end| now < end);
        self.discount.filter(counts).map_or(0, |discount| discount.percent.get())
    }

    /// What so many cost now.
    ///
    /// # Errors
    /// More than can be counted.
    pub fn total(&self, quantity: u32, off: Option<Off>, now: Timestamp) -> Result<Price, Refusal> {
        self.price.total(quantity, self.discount_percent(now), off)
    }
}
