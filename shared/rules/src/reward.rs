//! Rewards: what an operator gives, and what players claim of a campaign.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    admin::AuditEntry,
    economy::Economy,
    id::{CampaignId, PlayerId, RewardId},
    ledger::{Action, Change, Decision},
    money::{Coins, Gems, Postings},
    name::{Description, ItemId},
    number::Between,
    player::Player,
    shop::offer::Effect,
    time::Timestamp,
};

/// What a reward consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RewardType {
    /// Coins, by their other name.
    Token,
    /// Coins.
    Coin,
    /// Gems.
    Gem,
    /// An item.
    Item,
    /// Experience.
    Xp,
}

/// How much a reward is worth.
pub type RewardAmount = Between<1, 1_000_000>;

/// What is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prize {
    /// What it consists of.
    pub reward_type: RewardType,
    /// How much, or how many.
    pub amount: RewardAmount,
    /// Which item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
}

impl Prize {
    /// The prize, if there is such a thing.
    ///
    /// # Errors
    /// [`Refusal::NoItem`] for an item that does not exist or is not named, or is named where nothing asks for one.
    pub fn check(self, economy: &Economy) -> Result<Self, Refusal> {
        let right = match (self.reward_type, &self.item_id) {
            (RewardType::Item, Some(item)) => economy.item_name(item.as_str()).is_some(),
            (RewardType::Item, None) | (_, Some(_)) => false,
            (_, None) => true,
        };
        if right { Ok(self) } else { Err(Refusal::NoItem) }
    }
}

/// A reward that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    /// Which one.
    pub id: RewardId,
    /// To whom.
    pub player: PlayerId,
    /// What.
    #[serde(flatten)]
    pub prize: Prize,
    /// For what, in a sentence.
    pub source: Description,
    /// Of which campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// When.
    pub awarded_at: Timestamp,
}

/// The answer to a reward.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RewardReply {
    /// Which reward.
    pub reward_id: RewardId,
    /// What it consists of.
    pub reward_type: RewardType,
    /// How much, or how many.
    pub reward_value: RewardAmount,
    /// Which item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// Of which campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    /// When it was given.
    pub awarded_at: Timestamp,
    /// The number of the reward in its player's ledger.
    pub sequence: u64,
}

impl RewardReply {
    pub(crate) fn of(reward: &Reward, sequence: u64) -> Self {
        Self {
            reward_id: reward.id,
            reward_type: reward.prize.reward_type,
            reward_value: reward.prize.amount,
            item_id: reward.prize.item_id.clone(),
            campaign_id: reward.campaign,
            awarded_at: reward.awarded_at,
            sequence,
        }
    }
}

/// Gives a reward to a player, as an operator decides.
///
/// # Errors
/// [`Refusal::BalanceLimit`].
pub fn award(
    player: &Player,
    reward: &Reward,
    audit: AuditEntry,
    economy: &Economy,
) -> Result<Decision<RewardReply>, Refusal> {
    let (change, mut effects) = give(player, reward, Action::RewardGrant(reward.clone().into()), economy)?;
    effects.push(Effect::Audit(Box::new(audit)));
    change.decide_with(effects, |_, entry| RewardReply::of(reward, entry.number))
}

/// The player with the reward, and what else is written with it.
pub(crate) fn give(
    player: &Player,
    reward: &Reward,
    action: Action,
    economy: &Economy,
) -> Result<(Change, Vec<Effect>), Refusal> {
    let (mut next, mut moved) = (player.clone(), Postings::NONE);
    let mut effects = vec![Effect::Reward(Box::new(reward.clone()))];
    let amount = u64::from(reward.prize.amount.get());
    match (reward.prize.reward_type, &reward.prize.item_id) {
        (RewardType::Token | RewardType::Coin, _) => {
            moved.coins = Coins::new(amount).map_err(|_| Refusal::BalanceLimit)?.credit();
        }
        (RewardType::Gem, _) => moved.gems = Gems::new(amount).map_err(|_| Refusal::BalanceLimit)?.credit(),
        (RewardType::Item, Some(item)) => {
            effects.push(Effect::Item(item.to_string(), i64::from(reward.prize.amount.get())));
        }
        (RewardType::Item, None) => return Err(Refusal::NoItem),
        (RewardType::Xp, _) => next.gain(amount, economy),
    }
    Ok((next.after(reward.awarded_at, action, moved)?, effects))
}
