//! Limited packages: what is on sale for a time, and as long as there is some.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    money::Cents,
    name::{Sku, Title},
    player::{Player, Rank},
    shop::{Grants, promo::is_open},
    time::Timestamp,
};

/// What a limited package is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageTerms {
    /// What players read.
    pub name: Title,
    /// What one costs.
    pub price_cents: Cents,
    /// What one gives.
    pub grants: Grants,
    /// From when on; always, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// Until when; for ever, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// How many a player may buy; endless, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_user_limit: Option<u64>,
    /// Who may buy it.
    #[serde(default)]
    pub min_rank: Rank,
    /// Whether it is for sale.
    pub is_active: bool,
}

/// A limited package, and where its stock is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Under what it is sold.
    pub sku: Sku,
    /// What it is.
    pub terms: PackageTerms,
    /// How often the terms or the stock were written by an operator.
    pub revision: u64,
    /// How many there are; endless without. Always what is free, held and sold together.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<Stock>,
    /// How many are held for buyers who have not paid yet.
    pub held: u64,
    /// How many were sold.
    pub sold: u64,
}

/// How many there are of something that is not endless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// All of them.
    pub stock: u64,
    /// Those that nobody has.
    pub free: u64,
}

impl Package {
    /// A new package, of which nothing is held or sold.
    pub const fn new(sku: Sku, terms: PackageTerms, stock: Option<u64>) -> Self {
        let stock = match stock {
            Some(stock) => Some(Stock { stock, free: stock }),
            None => None,
        };
        Self { sku, terms, revision: 1, stock, held: 0, sold: 0 }
    }

    /// The package with other terms and another stock.
    ///
    /// # Errors
    /// [`Refusal::StockTaken`] when more are held and sold than there would be.
    pub fn edited(&self, terms: PackageTerms, stock: Option<u64>) -> Result<Self, Refusal> {
        let taken = self.held.saturating_add(self.sold);
        let stock = match stock {
            Some(stock) => Some(Stock { stock, free: stock.checked_sub(taken).ok_or(Refusal::StockTaken)? }),
            None => None,
        };
        Ok(Self { terms, stock, revision: self.revision + 1, ..self.clone() })
    }

    /// How many are for sale; endless without.
    pub fn free(&self) -> Option<u64> {
        self.stock.map(|stock| stock.free)
    }

    /// Whether it is for sale at this time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.terms.is_active && is_open(self.terms.starts_at, self.terms.ends_at, now)
    }

    /// How many more a player may buy who has so many; endless without.
    pub fn left_for(&self, bought: u64) -> Option<u64> {
        self.terms.per_user_limit.map(|limit| limit.saturating_sub(bought))
    }

    /// Whether a player who has so many may have some more.
    ///
    /// # Errors
    /// The first thing that stands against it, but for the stock, which is asked for last.
    pub(crate) fn check(&self, player: &Player, bought: u64, quantity: u32, now: Timestamp) -> Result<(), Refusal> {
        if !self.terms.is_active {
            Err(Refusal::Disabled)
        } else if !self.is_open(now) {
            Err(Refusal::WindowClosed)
        } else if player.rank < self.terms.min_rank {
            Err(Refusal::RankRequired)
        } else if self.left_for(bought).is_some_and(|left| left < u64::from(quantity)) {
            Err(Refusal::UserLimit)
        } else {
            Ok(())
        }
    }

    /// Whether there are so many.
    ///
    /// # Errors
    /// [`Refusal::OutOfStock`].
    pub(crate) fn has(&self, quantity: u32) -> Result<(), Refusal> {
        if self.free().is_some_and(|free| free < u64::from(quantity)) { Err(Refusal::OutOfStock) } else { Ok(()) }
    }
}
