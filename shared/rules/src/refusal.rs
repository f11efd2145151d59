//! What a rule says no with.

use crate::money::Coins;

/// Why an action is not allowed. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The balance does not cover the price.
    #[error("The balance does not cover this.")]
    InsufficientFunds,
    /// The stake lies outside what the game takes.
    #[error("must be from {least} to {most}")]
    StakeOutOfRange {
        /// The smallest stake.
        least: Coins,
        /// The largest stake.
        most: Coins,
    },
    /// A credit would push the balance beyond what can be counted exactly.
    #[error("The balance cannot grow any further.")]
    BalanceLimit,
    /// What the types rule out has happened: a fault of ours, not of the player.
    #[error("This cannot happen.")]
    Impossible,
}

impl Refusal {
    /// What it means that a balance cannot change by this much.
    pub(crate) const fn balance(delta: i64) -> Self {
        if delta < 0 { Self::InsufficientFunds } else { Self::BalanceLimit }
    }
}
