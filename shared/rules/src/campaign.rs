//! Campaigns: rewards that players claim themselves, once each, as long as there are some.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    id::{CampaignId, PlayerId, RewardId},
    ledger::{Action, Decision},
    name::{Description, Title},
    player::{Player, Rank},
    reward::{Prize, Reward, RewardReply, give},
    round::Moment,
    shop::{offer::Effect, promo::is_open},
    time::Timestamp,
};

/// Who may claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everyone.
    All,
    /// Everyone of this rank or a higher one.
    Rank(Rank),
    /// These players.
    UserIds(Vec<PlayerId>),
}

impl Audience {
    /// The most players that are named one by one.
    pub const MOST_NAMED: usize = 300;

    /// Whether a player is meant.
    pub fn includes(&self, player: &Player) -> bool {
        match self {
            Self::All => true,
            Self::Rank(rank) => player.rank >= *rank,
            Self::UserIds(ids) => ids.contains(&player.id),
        }
    }
}

/// What a campaign is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CampaignTerms {
    /// What players read.
    pub name: Title,
    /// Who may claim.
    pub audience: Audience,
    /// What each claim gives.
    pub reward: Prize,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// How many may claim.
    pub budget: u64,
    /// Whether nobody switched it off.
    pub is_active: bool,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Which one.
    pub id: CampaignId,
    /// What it is.
    pub terms: CampaignTerms,
    /// How often the terms were written.
    pub revision: u64,
    /// How many have claimed.
    pub claimed: u64,
}

/// What is known about a campaign that somebody claims of.
#[derive(Debug, Clone)]
pub struct CampaignSeen {
    /// The campaign, if there is such a one.
    pub campaign: Option<Campaign>,
    /// Whether the player has claimed before.
    pub claimed: bool,
}

impl Campaign {
    /// How many more may claim.
    pub const fn remaining(&self) -> u64 {
        self.terms.budget.saturating_sub(self.claimed)
    }

    /// Whether a player may claim now, who has not yet.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn check(&self, player: &Player, now: Timestamp) -> Result<(), Refusal> {
        let terms = &self.terms;
        if !terms.audience.includes(player) {
            // Whom it does not concern need not know that it exists, but for a rank, which one may reach.
            return Err(if matches!(terms.audience, Audience::Rank(_)) {
                Refusal::RankRequired
            } else {
                Refusal::NoCampaign
            });
        }
        if !terms.is_active {
            Err(Refusal::Disabled)
        } else if !is_open(Some(terms.starts_at), Some(terms.ends_at), now) {
            Err(Refusal::WindowClosed)
        } else if self.claimed >= terms.budget {
            Err(Refusal::BudgetSpent)
        } else {
            Ok(())
        }
    }
}

/// Claims the reward of a campaign.
///
/// # Errors
/// The first thing that stands against it.
pub fn claim(
    player: &Player,
    seen: &CampaignSeen,
    reward_id: RewardId,
    moment: Moment<'_>,
) -> Result<Decision<RewardReply>, Refusal> {
    let campaign = seen.campaign.as_ref().ok_or(Refusal::NoCampaign)?;
    if seen.claimed {
        return Err(Refusal::AlreadyClaimed);
    }
    campaign.check(player, moment.now)?;
    let source: Description = campaign.terms.name.as_str().parse().map_err(|_| Refusal::Impossible)?;
    let reward = Reward {
        id: reward_id,
        player: player.id,
        prize: campaign.terms.reward.clone(),
        source,
        campaign: Some(campaign.id),
        awarded_at: moment.now,
    };
    let action = Action::CampaignClaim(reward.clone().into());
    let (change, mut effects) = give(player, &reward, action, moment.economy)?;
    effects.push(Effect::Claim(Box::new(campaign.clone())));
    change.decide_with(effects, |_, entry| RewardReply::of(&reward, entry.number))
}
