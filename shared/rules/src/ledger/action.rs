//! What players do, and what is done to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    gacha::GachaRound,
    id::{CampaignId, GameSessionId, PlayerId, PurchaseId, RewardId},
    mission::Rewards,
    money::Coins,
    name::{ChargeId, ClientSeed, Description, InviteCode, PromoCode, Sku},
    reward::{Prize, Reward},
    session::EndedSession,
    shop::{
        Grants, Price,
        purchase::{Reason, Status},
    },
    slot::SlotRound,
    time::Timestamp,
    totals::Played,
};

/// What a player did, with all that explains its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", content = "detail", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// The player came to be, with the starting balance.
    Signup {
        /// The invite that let the player in; none for a player whom the operator made.
        invite: Option<InviteCode>,
    },
    /// One spin of the slot machine.
    SlotSpin(SlotRound),
    /// Some pulls of the gacha.
    GachaPull(GachaRound),
    /// A session began.
    SessionStart {
        /// Which one.
        session_id: GameSessionId,
        /// Of which game.
        game_type: GameType,
        /// The stake that the client means to play for; nothing depends on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bet_amount: Option<Coins>,
    },
    /// A session ended.
    SessionEnd(EndedSession),
    /// A completed mission paid.
    MissionClaim {
        /// Which one.
        mission_id: String,
        /// In which day or week of the game.
        period: String,
        /// What it paid.
        rewards: Rewards,
    },
    /// A day of the streak paid.
    StreakClaim {
        /// The day of the game.
        day: String,
        /// Days in a row, this one included.
        streak: u32,
        /// Whether a missed day was forgiven.
        forgiven: bool,
        /// What it paid.
        rewards: Rewards,
    },
    /// Some of a limited package were held.
    HoldCreate {
        /// The hold.
        hold_id: PurchaseId,
        /// The package.
        code: Sku,
        /// How many.
        quantity: u32,
        /// Until when.
        expires_at: Timestamp,
    },
    /// What was held is free again.
    HoldRelease {
        /// The hold.
        hold_id: PurchaseId,
        /// The package.
        code: Sku,
        /// How many.
        quantity: u32,
        /// Whether the time was over; else the buyer gave it back.
        expired: bool,
    },
    /// A payment began.
    PurchaseStart(Sale),
    /// Something was bought, paid for and granted.
    Purchase(Sale),
    /// A purchase came to nothing.
    PurchaseFail {
        /// Which one.
        transaction_id: PurchaseId,
        /// Of what.
        sku: Sku,
        /// How it stands.
        status: Status,
        /// Why.
        reason: Reason,
    },
    /// A purchase was taken back.
    PurchaseRefund {
        /// Which one.
        #[serde(flatten)]
        sale: Sale,
        /// Why, in the operator's words.
        reason: Description,
    },
    /// An operator gave a reward.
    RewardGrant(Award),
    /// The player claimed the reward of a campaign.
    CampaignClaim(Award),
    /// An operator corrected the balance.
    BalanceAdjust {
        /// Who did.
        by: PlayerId,
        /// Why, in the operator's words.
        reason: Description,
    },
    /// A new server seed was promised and the old one revealed.
    FairnessRotate {
        /// The epoch that begins.
        epoch: u32,
        /// The client seed of that epoch.
        client_seed: ClientSeed,
    },
}

/// What the ledger tells of a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Which one.
    pub transaction_id: PurchaseId,
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// What they cost.
    pub total: Price,
    /// The promo code that came off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promo: Option<PromoCode>,
    /// What they give.
    pub grants: Grants,
    /// The gateway's name for the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_id: Option<ChargeId>,
}

/// What the ledger tells of a reward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// Which one.
    pub reward_id: RewardId,
    /// What.
    #[serde(flatten)]
    pub prize: Prize,
    /// For what.
    pub source: Description,
    /// Of which campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
}

impl From<Reward> for Award {
    fn from(Reward { id, prize, source, campaign, .. }: Reward) -> Self {
        Self { reward_id: id, prize, source, campaign_id: campaign }
    }
}

/// A game that is played in rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GameType {
    /// The slot machine.
    Slot,
    /// The gacha.
    Gacha,
}

impl GameType {
    /// Every game.
    pub const ALL: &[Self] = &[Self::Slot, Self::Gacha];

    /// The game's stable name, the same wherever it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slot => "slot",
            Self::Gacha => "gacha",
        }
    }

    /// The action that is a round of this game.
    pub const fn round(self) -> &'static str {
        match self {
            Self::Slot => "SLOT_SPIN",
            Self::Gacha => "GACHA_PULL",
        }
    }
}

impl Action {
    /// The action's stable name, the same wherever it is written.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signup { .. } => "SIGNUP",
            Self::SlotSpin(_) => "SLOT_SPIN",
            Self::GachaPull(_) => "GACHA_PULL",
            Self::SessionStart { .. } => "SESSION_START",
            Self::SessionEnd(_) => "SESSION_END",
            Self::MissionClaim { .. } => "MISSION_CLAIM",
            Self::StreakClaim { .. } => "STREAK_CLAIM",
            Self::HoldCreate { .. } => "HOLD_CREATE",
            Self::HoldRelease { .. } => "HOLD_RELEASE",
            Self::PurchaseStart(_) => "PURCHASE_START",
            Self::Purchase(_) => "PURCHASE",
            Self::PurchaseFail { .. } => "PURCHASE_FAIL",
            Self::PurchaseRefund { .. } => "PURCHASE_REFUND",
            Self::RewardGrant(_) => "REWARD_GRANT",
            Self::CampaignClaim(_) => "CAMPAIGN_CLAIM",
            Self::BalanceAdjust { .. } => "BALANCE_ADJUST",
            Self::FairnessRotate { .. } => "FAIRNESS_ROTATE",
        }
    }

    /// What the action adds to the player's totals, for a round.
    pub const fn played(&self) -> Option<Played> {
        match self {
            Self::SlotSpin(round) => Some(Played {
                game: GameType::Slot,
                bet: round.bet_amount,
                won: round.win_amount,
                streak: round.streak,
            }),
            Self::GachaPull(round) => {
                Some(Played { game: GameType::Gacha, bet: round.cost, won: Coins::ZERO, streak: 0 })
            }
            _ => None,
        }
    }

    /// The game that the action belongs to.
    pub const fn game_type(&self) -> Option<GameType> {
        match self {
            Self::SlotSpin(_) => Some(GameType::Slot),
            Self::GachaPull(_) => Some(GameType::Gacha),
            Self::SessionStart { game_type, .. } => Some(*game_type),
            Self::SessionEnd(ended) => Some(ended.game_type),
            Self::Signup { .. }
            | Self::MissionClaim { .. }
            | Self::StreakClaim { .. }
            | Self::HoldCreate { .. }
            | Self::HoldRelease { .. }
            | Self::PurchaseStart(_)
            | Self::Purchase(_)
            | Self::PurchaseFail { .. }
            | Self::PurchaseRefund { .. }
            | Self::RewardGrant(_)
            | Self::CampaignClaim(_)
            | Self::BalanceAdjust { .. }
            | Self::FairnessRotate { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_one_name_wherever_it_is_written() {
        let (invite, client_seed) = (None, "seed".parse().unwrap());
        let reels = std::array::from_fn(|_| "🍒".to_owned());
        let (bet_amount, win_amount) = (Coins::ZERO, Coins::ZERO);
        let round = SlotRound { bet_amount, streak: 1, reels, pay_percent: 0, variation: 0, win_amount };
        let (id, at, rewards) = (GameSessionId::new(1, 1), Timestamp::from_millis(0), Rewards::default());
        let ended = EndedSession {
            session_id: id,
            game_type: GameType::Slot,
            started_at: at,
            ended_at: at,
            idle: false,
            total_rounds: 0,
            total_bet: Coins::ZERO,
            total_win: Coins::ZERO,
        };
        let (day, mission_id) = ("2026-11-22".to_owned(), "first_play".to_owned());
        let actions = [
            Action::Signup { invite },
            Action::SlotSpin(round),
            Action::GachaPull(GachaRound { cost: Coins::ZERO, pity: 0, pulls: Vec::new() }),
            Action::SessionStart { session_id: id, game_type: GameType::Gacha, bet_amount: None },
            Action::SessionEnd(ended),
            Action::MissionClaim { mission_id, period: day.clone(), rewards },
            Action::StreakClaim { day, streak: 1, forgiven: false, rewards },
            Action::FairnessRotate { epoch: 1, client_seed },
        ];
        for action in actions {
            assert_eq!(serde_json::to_value(&action).unwrap()["action"], action.name());
            let round = action.played().map(|played| played.game.round());
            assert!(round.is_none_or(|round| round == action.name()), "{}", action.name());
        }
    }
}
