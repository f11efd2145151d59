//! Corrections of a balance by an operator.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Refusal,
    admin::AuditEntry,
    id::PlayerId,
    ledger::{Action, Decision},
    money::{Coins, Debt, Gems, Postings},
    name::Description,
    number::Within,
    player::Player,
    shop::offer::Effect,
    time::Timestamp,
};

/// How much of a currency is given, or taken when negative.
pub type Adjustment = Within<1_000_000>;

/// What a player owns and owes, in an audit entry.
#[derive(Serialize)]
struct Owned {
    coins: Coins,
    gems: Gems,
    #[serde(skip_serializing_if = "Debt::is_nothing")]
    debt: Debt,
}

impl Owned {
    const fn of(player: &Player) -> Self {
        Self { coins: player.coins, gems: player.gems, debt: player.debt }
    }
}

/// The answer to a correction.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AdjustReply {
    /// Whose balance it is.
    pub user_id: PlayerId,
    /// Coins afterwards.
    pub balance: Coins,
    /// Gems afterwards.
    pub gems: Gems,
    /// The number of the correction in the player's ledger.
    pub sequence: u64,
}

/// Gives coins or gems, or takes them. What is given pays first what is owed, like any other gain. The audit tells what the player
/// owned before and after.
///
/// # Errors
/// [`Refusal::InsufficientFunds`] when more would be taken than there is, or [`Refusal::BalanceLimit`].
pub fn adjust(
    player: &Player,
    moved: Postings,
    reason: &Description,
    audit: &AuditEntry,
    now: Timestamp,
) -> Result<Decision<AdjustReply>, Refusal> {
    let action = Action::BalanceAdjust { by: audit.actor, reason: reason.clone() };
    let change = player.clone().after(now, action, moved)?;
    let entry = audit.of_change(Owned::of(player), Owned::of(change.player()));
    let effects = vec![Effect::Audit(Box::new(entry.map_err(|_| Refusal::Impossible)?))];
    change.decide_with(effects, |player, entry| AdjustReply {
        user_id: player.id,
        balance: player.coins,
        gems: player.gems,
        sequence: entry.number,
    })
}
