//! What a decision may rely on besides the player and the command.

use crate::{economy::Economy, fairness::MasterKey, time::Timestamp};

/// The time and the numbers of a decision in which nothing is left to chance.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// When the request arrived.
    pub now: Timestamp,
    /// The odds and prices in force.
    pub economy: &'a Economy,
}

/// The time, the numbers and the secret of one decision.
pub struct Round<'a> {
    /// When the request arrived.
    pub now: Timestamp,
    /// The odds and prices in force.
    pub economy: &'a Economy,
    /// Where server seeds come from.
    pub master: &'a MasterKey,
}
