//! What ledgers tell of stakes, payouts and purchases, added up.

use std::collections::BTreeMap;

use croupier_rules::{
    ledger::{Action, Entry, GameType},
    shop::{Price, purchase::Status},
};
use metrique_writer::Entry as Line;

/// What was played and bought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Takings {
    /// By game.
    pub games: BTreeMap<GameType, Played>,
    /// Purchases for real money, by how they ended.
    pub purchases: BTreeMap<&'static str, Results>,
}

/// Rounds of a game.
#[derive(Debug, Default, PartialEq, Eq, Line)]
pub struct Played {
    /// How many.
    pub rounds: u64,
    /// What was staked, in coins.
    pub stakes: u64,
    /// What was won, in coins.
    pub payouts: u64,
    /// How many were won.
    pub wins: u64,
    /// The squares of the stakes, added up: few large stakes say less about the odds than many small ones.
    pub squared_stakes: u64,
}

/// Purchases that ended in one way.
#[derive(Debug, Default, PartialEq, Eq, Line)]
pub struct Results {
    /// How many.
    pub purchases: u64,
    /// What they cost, in cents; a purchase that came to nothing cost nothing.
    pub cents: u64,
}

impl Takings {
    /// Adds what an entry tells.
    pub fn add(&mut self, entry: &Entry) {
        if let Some(round) = entry.action.played() {
            let (bet, won) = (round.bet.get(), round.won.get());
            let played = self.games.entry(round.game).or_default();
            played.rounds += 1;
            played.stakes = played.stakes.saturating_add(bet);
            played.payouts = played.payouts.saturating_add(won);
            played.wins += u64::from(won > 0);
            played.squared_stakes = played.squared_stakes.saturating_add(bet.saturating_mul(bet));
        }
        if let Some((result, cents)) = purchased(&entry.action) {
            let results = self.purchases.entry(result).or_default();
            results.purchases += 1;
            results.cents = results.cents.saturating_add(cents);
        }
    }
}

/// How a purchase for real money ended, and what it cost.
const fn purchased(action: &Action) -> Option<(&'static str, u64)> {
    match action {
        Action::Purchase(sale) => match sale.total {
            Price::Cents(cents) => Some(("success", cents.get())),
            Price::Coins(_) | Price::Gems(_) => None,
        },
        Action::PurchaseRefund { sale, .. } => match sale.total {
            Price::Cents(cents) => Some(("refunded", cents.get())),
            Price::Coins(_) | Price::Gems(_) => None,
        },
        Action::PurchaseFail { status: Status::Voided, .. } => Some(("voided", 0)),
        Action::PurchaseFail { .. } => Some(("failed", 0)),
        _ => None,
    }
}
