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
    /// There is nothing of this name for sale.
    #[error("There is nothing of this name for sale.")]
    NoProduct,
    /// It is not for sale at present.
    #[error("This is not available at present.")]
    Disabled,
    /// It is too early or too late for it.
    #[error("This is not available at this time.")]
    WindowClosed,
    /// The player's rank is too low for it.
    #[error("A higher rank is needed for this.")]
    RankRequired,
    /// The player has as many as a player may have.
    #[error("You have as many of this as you may have.")]
    UserLimit,
    /// The promo code is good for nothing, or not for this.
    #[error("{0}")]
    PromoInvalid(&'static str),
    /// The promo code has been used as often as it may be.
    #[error("This promo code has been used as often as it may be.")]
    PromoExhausted,
    /// The buyer expects to pay something else.
    #[error("The total is {total} now.")]
    PriceChanged {
        /// What it is.
        total: u64,
    },
    /// There are not so many.
    #[error("There are not enough of this left.")]
    OutOfStock,
    /// The payment needs a means of payment.
    #[error("is needed to pay for this")]
    NoPaymentToken,
    /// There is no such purchase, or it is not one of which this can be said.
    #[error("There is no such transaction.")]
    NoPurchase,
    /// The time of the hold is over.
    #[error("The hold has expired.")]
    HoldExpired,
    /// The hold was released or is being paid for.
    #[error("The hold has been resolved before.")]
    HoldResolved,
    /// The purchase did not succeed, or was refunded before.
    #[error("Only a purchase that succeeded can be refunded, and only once.")]
    NotRefundable,
    /// More are held and sold than there would be.
    #[error("More than these are held or sold already.")]
    StockTaken,
    /// There is no such item, or none is named, or one is named where none is given.
    #[error("must be an item that exists, for a reward that is an item, and nothing for any other")]
    NoItem,
    /// There is no such campaign, or it is not for this player.
    #[error("There is no such campaign.")]
    NoCampaign,
    /// As many have claimed as may.
    #[error("As many have claimed as may.")]
    BudgetSpent,
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
