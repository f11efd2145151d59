//! What a decision may rely on besides the player and the command.

use crate::{economy::Economy, fairness::MasterKey, time::Timestamp};

/// The time, the numbers and the secret of one decision.
pub struct Round<'a> {
    /// When the request arrived.
    pub now: Timestamp,
    /// The odds and prices in force.
    pub economy: &'a Economy,
    /// Where server seeds come from.
    pub master: &'a MasterKey,
}
