//! What operators do, and the entries that tell of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{AuditId, PlayerId},
    player::{Player, Rank},
    time::Timestamp,
};

/// What an operator decides about a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The player's rank.
    pub rank: Rank,
    /// Whether the player may do anything at all.
    pub is_active: bool,
}

impl Player {
    /// What operators decided about the player.
    pub const fn standing(&self) -> Standing {
        Standing { rank: self.rank, is_active: self.active }
    }

    /// The player, after an operator decided otherwise.
    #[must_use]
    pub fn with_standing(self, standing: Standing) -> Self {
        let Standing { rank, is_active } = standing;
        Self { rank, active: is_active, revision: self.revision + 1, ..self }
    }

    /// The player in another epoch of sessions: those of earlier ones are over.
    #[must_use]
    pub fn logged_out(self) -> Self {
        Self { session_epoch: self.session_epoch + 1, revision: self.revision + 1, ..self }
    }
}

/// What an operator can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdminAction {
    /// Give a player another rank, lock or unlock the account.
    UserUpdate,
    /// End all sessions of a player.
    UserLogout,
    /// Make an invite.
    InviteGenerate,
    /// Switch an invite off.
    InviteDeactivate,
    /// Correct a player's balance.
    UserAdjust,
    /// Give a player a reward.
    RewardGrant,
    /// Make or change a product.
    ProductUpsert,
    /// Make or change a limited package.
    LimitedUpsert,
    /// Make or change a promo code.
    PromoUpsert,
    /// Make a campaign.
    CampaignCreate,
    /// Change a campaign.
    CampaignUpdate,
    /// Have a transaction settled at once.
    TransactionSettle,
    /// Give a transaction up before it is paid.
    TransactionVoid,
    /// Take back what was bought, and give the money back.
    TransactionRefund,
    /// Send a probe to Kafka.
    KafkaProduce,
}

/// What an operator did: written with the change itself, once, never altered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Which entry.
    pub id: AuditId,
    /// When the request arrived.
    pub at: Timestamp,
    /// Who did it.
    pub actor: PlayerId,
    /// What was done.
    pub action: AdminAction,
    /// To what: a player's id, an invite code, a sku, a promo code, the id of a campaign or of a transaction, a topic of Kafka.
    pub target: String,
    /// How it was.
    pub before: Value,
    /// How it is now.
    pub after: Value,
    /// The request by which it was done.
    pub request_id: String,
}

impl AuditEntry {
    /// The entry of a change from one to another.
    ///
    /// # Errors
    /// What is not representable in JSON.
    pub fn of_change(&self, before: impl Serialize, after: impl Serialize) -> Result<Self, serde_json::Error> {
        let (before, after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
        Ok(Self { before, after, ..self.clone() })
    }
}
