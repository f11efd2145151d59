//! The shop: what is for sale, for how much, and how a purchase gets from a wish to a grant.

pub mod checkout;
pub mod offer;
pub mod package;
pub mod payment;
pub mod price;
pub mod product;
pub mod promo;
pub mod purchase;
pub mod refund;
pub mod reply;

use std::time::Duration;

use serde::Deserialize;

use crate::{
    economy::BadEconomy,
    name::{ItemId, Title},
    number::Between,
    shop::{package::PackageTerms, product::ProductTerms},
};

pub use self::price::{Grants, Price};

/// The shop as written in the economy file: rules in force, and what is on sale until an operator says otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// How long something is held for a buyer, in seconds.
    hold_seconds: Between<10, 3600>,
    /// How long a payment may wait for its payer, in minutes, where nothing is held for it.
    pending_minutes: Between<5, 10_080>,
    /// Items that are sold or given and never drawn.
    pub items: Vec<ShopItem>,
    /// What a new shop sells.
    pub products: Vec<Seed<ProductTerms>>,
    /// What a new shop sells in limited numbers.
    pub packages: Vec<Seed<PackageTerms>>,
}

/// An item that is sold or given and never drawn.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopItem {
    /// By which an inventory knows it.
    pub item_id: ItemId,
    /// What players read.
    pub name: Title,
}

/// What a new shop has.
#[derive(Debug, Clone, Deserialize)]
pub struct Seed<T> {
    /// Under what it is sold.
    pub sku: crate::name::Sku,
    /// How many there are; endless without. Only of what is limited.
    #[serde(default)]
    pub stock: Option<u64>,
    /// What it is.
    #[serde(flatten)]
    pub terms: T,
}

impl Shop {
    /// How long something is held for a buyer.
    pub const fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds.get() as u64)
    }

    /// How long a payment may wait for its payer, where nothing is held for it.
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(self.pending_minutes.get() as u64 * 60)
    }

    /// What an item that is never drawn is called.
    pub fn item(&self, id: &str) -> Option<&ShopItem> {
        self.items.iter().find(|item| item.item_id.as_str() == id)
    }

    pub(crate) fn check(self) -> Result<Self, BadEconomy> {
        let mut ids: Vec<_> = self.products.iter().map(|seed| seed.terms.id.get()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut skus: Vec<_> = self.products.iter().map(|seed| seed.sku.as_str()).collect();
        skus.extend(self.packages.iter().map(|seed| seed.sku.as_str()));
        let sold = skus.len();
        skus.sort_unstable();
        skus.dedup();
        if ids.len() != self.products.len() || skus.len() != sold {
            return Err(BadEconomy::Shop("each id and each sku stands once"));
        }
        let every_grant = self
            .products
            .iter()
            .map(|seed| &seed.terms.grants)
            .chain(self.packages.iter().map(|seed| &seed.terms.grants));
        if every_grant.clone().any(Grants::is_nothing) {
            return Err(BadEconomy::Shop("whatever is sold gives something"));
        }
        // One write of the table changes each item once.
        if every_grant.clone().any(|grants| !grants.names_each_item_once()) {
            return Err(BadEconomy::Shop("a grant names at most ten items, each once"));
        }
        if self.products.iter().any(|seed| seed.terms.price.amount() == 0) {
            return Err(BadEconomy::Shop("a product has a price"));
        }
        Ok(self)
    }
}
