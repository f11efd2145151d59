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
    /// More pulls than are allowed at once.
    #[error("must be from 1 to {most}")]
    TooManyPulls {
        /// The most at once.
        most: u32,
    },
    /// A session goes on already.
    #[error("Another session goes on: end it first.")]
    SessionActive,
    /// There is no such session that goes on.
    #[error("There is no such session.")]
    NoSession,
    /// There is no such mission.
    #[error("There is no such mission.")]
    NoMission,
    /// It was claimed before.
    #[error("This was claimed before.")]
    AlreadyClaimed,
    /// It is not completed.
    #[error("This is not completed yet.")]
    NotCompleted,
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
