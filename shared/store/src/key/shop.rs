//! The keys of what is sold, bought and given.

use std::fmt;

use croupier_rules::{
    id::{CampaignId, PlayerId, PurchaseId, RewardId},
    ledger::Hash,
    name::{PromoCode, Sku},
    shop::{product::ProductNumber, purchase::Purchase},
};

use super::{Key, Place};

const PURCHASE_PREFIX: &str = "PURCHASE#";
const REWARD_PREFIX: &str = "REWARD#";

impl Key {
    /// A purchase, or what is held for one.
    pub fn purchase(player: PlayerId, id: PurchaseId) -> Self {
        Self::of_player(player, format_args!("{PURCHASE_PREFIX}{id}"))
    }

    /// The same, with its place among those that are not over.
    pub(crate) fn purchase_to_write(purchase: &Purchase) -> Self {
        let key = Self::purchase(purchase.player, purchase.id);
        match purchase.due {
            Some(due) => key.at(Place { shelf: Place::OPEN.to_owned(), name: format!("{due}#{}", purchase.id) }),
            None => key,
        }
    }

    /// The partition of a player, and what the sort keys of the player's purchases begin with.
    pub fn purchases(player: PlayerId) -> (String, &'static str) {
        (Self::player(player).pk, PURCHASE_PREFIX)
    }

    /// How many of a limited package a player has, and is about to have.
    pub fn bought(player: PlayerId, sku: &Sku) -> Self {
        Self::of_player(player, format_args!("BOUGHT#{sku}"))
    }

    /// How many purchases of a player have a promo.
    pub fn promo_used(player: PlayerId, code: &PromoCode) -> Self {
        Self::of_player(player, format_args!("PROMO#{code}"))
    }

    /// A reward of a player.
    pub fn reward(player: PlayerId, id: RewardId) -> Self {
        Self::of_player(player, format_args!("{REWARD_PREFIX}{id}"))
    }

    /// The partition of a player, and what the sort keys of the player's rewards begin with.
    pub fn rewards(player: PlayerId) -> (String, &'static str) {
        (Self::player(player).pk, REWARD_PREFIX)
    }

    /// That a player has claimed of a campaign.
    pub fn claim(player: PlayerId, campaign: CampaignId) -> Self {
        Self::of_player(player, format_args!("CLAIM#{campaign}"))
    }

    /// A product.
    pub fn product(sku: &Sku) -> Self {
        Self::made("PRODUCT", "PRODUCTS", sku)
    }

    /// Which product has a number.
    pub fn product_number(number: ProductNumber) -> Self {
        Self::new(format_args!("NUMBER#{}", number.get()), "CLAIM")
    }

    /// A limited package.
    pub fn package(sku: &Sku) -> Self {
        Self::made("LIMITED", "PACKAGES", sku)
    }

    /// A promo code.
    pub fn promo(code: &PromoCode) -> Self {
        Self::made("PROMO", "PROMOS", code)
    }

    /// A campaign.
    pub fn campaign(id: CampaignId) -> Self {
        Self::made("CAMPAIGN", "CAMPAIGNS", id)
    }

    /// What operators made, with its place in the list.
    fn made(kind: &str, shelf: &str, name: impl fmt::Display) -> Self {
        let place = Place { shelf: shelf.to_owned(), name: name.to_string() };
        Self::new(format_args!("{kind}#{name}"), "TERMS").at(place)
    }

    /// Whose purchase it is.
    pub fn sale(id: PurchaseId) -> Self {
        Self::new(Self::sales_of(id.at().year()), id)
    }

    /// The partition of the purchases of a year.
    pub fn sales_of(year: i16) -> String {
        format!("SALES#{year}")
    }

    /// A delivery of a payment gateway, or an event that was dealt with, under its hash.
    pub fn notice(hash: Hash) -> Self {
        Self::new(format_args!("NOTICE#{hash}"), "NOTICE")
    }
}
