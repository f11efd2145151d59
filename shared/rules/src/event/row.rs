//! What analytics keep of an event: a row of all that happens, and another one of a reward, or of a step on the way of a purchase.
//!
//! A row follows from its event alone, so that an event that comes again makes the same row again. A column that is left out has
//! its table's default.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    BalanceAdjusted, Envelope, Event, EventId, FairnessRotated, GachaPulled, HoldCreated, HoldReleased, MissionClaimed,
    News, PurchaseFailed, PurchaseRefunded, PurchaseTold, RewardTold, RoundPlayed, SessionEnded, SessionStarted,
    SignedUp, StreakClaimed, Wallet,
    data::{Bought, Paid},
};
use crate::{
    id::{CampaignId, PlayerId, PurchaseId, RewardId},
    ledger::GameType,
    money::{Coins, Gems},
    name::{ChargeId, PromoCode, Sku},
    reward::RewardType,
    shop::purchase::{Reason, Status},
    time::Timestamp,
};

/// A table of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row of every event.
    UserActions,
    /// Whatever is given and not bought.
    Rewards,
    /// Holds, and the steps of purchases.
    Purchases,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 3] = [Self::UserActions, Self::Rewards, Self::Purchases];

    /// What it is called where rows are written: the same row may stand there several times for a while.
    pub const fn stored_as(self) -> &'static str {
        match self {
            Self::UserActions => "user_actions_raw",
            Self::Rewards => "rewards_raw",
            Self::Purchases => "purchases_raw",
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Row {
    /// Of [`Table::UserActions`].
    UserAction(Box<UserAction>),
    /// Of [`Table::Rewards`].
    Reward(Box<Reward>),
    /// Of [`Table::Purchases`].
    Purchase(Box<Purchase>),
}

/// What all rows have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    event_id: EventId,
    event_type: &'static str,
    schema_version: u32,
    player_id: PlayerId,
    sequence: u64,
    occurred_at: Timestamp,
}

/// A row of [`Table::UserActions`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserAction {
    #[serde(flatten)]
    origin: Origin,
    /// Nothing, of what moves no balance and tells none.
    #[serde(flatten)]
    wallet: Option<Wallet>,
    #[serde(flatten)]
    round: Option<Round>,
    /// All that the event tells, as JSON.
    data: String,
}

/// A round of a game whose return is disclosed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Round {
    game_type: GameType,
    bet_amount: Coins,
    win_amount: Coins,
    streak: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    odds_version: Option<String>,
}

/// A row of [`Table::Rewards`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reward {
    #[serde(flatten)]
    origin: Origin,
    /// The operator's words, or which mission.
    source: String,
    /// Which day or week of the game, of what can be claimed in each.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward_id: Option<RewardId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_id: Option<CampaignId>,
    coins: u64,
    gems: u64,
    experience: u64,
    items: BTreeMap<String, u64>,
}

/// A row of [`Table::Purchases`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purchase {
    #[serde(flatten)]
    origin: Origin,
    /// A hold has the id of the purchase that it becomes.
    transaction_id: PurchaseId,
    sku: Sku,
    #[serde(flatten)]
    step: Step,
}

/// How far a purchase has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Step {
    Held { quantity: u32, expires_at: Timestamp },
    Released { quantity: u32, expired: bool },
    Bought(Box<Terms>),
    Failed { status: Status, reason: Reason },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Terms {
    quantity: u32,
    total: u64,
    currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    promo_code: Option<PromoCode>,
    coins: Coins,
    gems: Gems,
    items: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_id: Option<ChargeId>,
    /// Why it was taken back, in the operator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Row {
    /// The rows that an event makes, at most one in each table.
    ///
    /// # Errors
    /// None that an event can cause: every field of it is representable in JSON.
    pub fn of(event: &Event) -> Result<Vec<Self>, serde_json::Error> {
        let origin = Origin::of(event);
        let data = serde_json::to_value(&event.news)?["data"].to_string();
        let wallet = event.news.wallet().copied();
        let action = UserAction { origin: origin.clone(), wallet, round: Round::of(&event.news), data };
        let mut rows = vec![Self::UserAction(Box::new(action))];
        rows.extend(Reward::of(&origin, &event.news).map(|reward| Self::Reward(Box::new(reward))));
        rows.extend(Purchase::of(origin, &event.news).map(|purchase| Self::Purchase(Box::new(purchase))));
        Ok(rows)
    }

    /// Where it stands.
    pub const fn table(&self) -> Table {
        match self {
            Self::UserAction(_) => Table::UserActions,
            Self::Reward(_) => Table::Rewards,
            Self::Purchase(_) => Table::Purchases,
        }
    }
}

impl Origin {
    fn of(event: &Event) -> Self {
        let Envelope { event_id, schema_version, player_id, sequence, occurred_at } = event.envelope.clone();
        Self { event_id, event_type: event.news.name(), schema_version, player_id, sequence, occurred_at }
    }
}

impl News {
    /// What the player owns and owes, of what stands in the player's ledger.
    const fn wallet(&self) -> Option<&Wallet> {
        match self {
            Self::SignedUp(SignedUp { wallet, .. })
            | Self::RoundPlayed(RoundPlayed { wallet, .. })
            | Self::GachaPulled(GachaPulled { wallet, .. })
            | Self::SessionStarted(SessionStarted { wallet, .. })
            | Self::SessionEnded(SessionEnded { wallet, .. })
            | Self::MissionClaimed(MissionClaimed { wallet, .. })
            | Self::StreakClaimed(StreakClaimed { wallet, .. })
            | Self::HoldCreated(HoldCreated { wallet, .. })
            | Self::HoldReleased(HoldReleased { wallet, .. })
            | Self::PurchaseStarted(PurchaseTold { wallet, .. })
            | Self::PurchaseCompleted(PurchaseTold { wallet, .. })
            | Self::PurchaseFailed(PurchaseFailed { wallet, .. })
            | Self::PurchaseRefunded(PurchaseRefunded { wallet, .. })
            | Self::RewardGranted(RewardTold { wallet, .. })
            | Self::CampaignClaimed(RewardTold { wallet, .. })
            | Self::BalanceAdjusted(BalanceAdjusted { wallet, .. })
            | Self::FairnessRotated(FairnessRotated { wallet, .. }) => Some(wallet),
            Self::LoggedIn(_) | Self::AdminChanged(_) => None,
        }
    }
}

impl Round {
    fn of(news: &News) -> Option<Self> {
        let News::RoundPlayed(round) = news else { return None };
        let RoundPlayed { game_type, bet_amount, win_amount, streak, odds_version, .. } = round.clone();
        Some(Self { game_type, bet_amount, win_amount, streak, odds_version })
    }
}

impl Reward {
    fn of(origin: &Origin, news: &News) -> Option<Self> {
        let origin = origin.clone();
        match news {
            News::RewardGranted(told) | News::CampaignClaimed(told) => Some(Self::told(origin, told)),
            News::MissionClaimed(MissionClaimed { mission_id, period, rewards, .. }) => {
                Some(Self::paid(origin, mission_id, period, *rewards))
            }
            News::StreakClaimed(StreakClaimed { day, rewards, .. }) => {
                Some(Self::paid(origin, "streak", day, *rewards))
            }
            _ => None,
        }
    }

    fn told(origin: Origin, told: &RewardTold) -> Self {
        let amount = u64::from(told.amount.get());
        let if_it_is = |types: &[RewardType]| if types.contains(&told.reward_type) { amount } else { 0 };
        Self {
            origin,
            source: told.source.to_string(),
            period: None,
            reward_id: Some(told.reward_id),
            campaign_id: told.campaign_id,
            coins: if_it_is(&[RewardType::Coin, RewardType::Token]),
            gems: if_it_is(&[RewardType::Gem]),
            experience: if_it_is(&[RewardType::Xp]),
            items: told.item_id.iter().map(|item| (item.to_string(), if_it_is(&[RewardType::Item]))).collect(),
        }
    }

    fn paid(origin: Origin, source: &str, period: &str, paid: Paid) -> Self {
        Self {
            origin,
            source: source.to_owned(),
            period: Some(period.to_owned()),
            reward_id: None,
            campaign_id: None,
            coins: paid.coins.get(),
            gems: paid.gems.get(),
            experience: paid.experience,
            items: BTreeMap::new(),
        }
    }
}

impl Purchase {
    fn of(origin: Origin, news: &News) -> Option<Self> {
        let (transaction_id, sku, step) = match news.clone() {
            News::HoldCreated(HoldCreated { hold_id, code, quantity, expires_at, .. }) => {
                (hold_id, code, Step::Held { quantity, expires_at })
            }
            News::HoldReleased(HoldReleased { hold_id, code, quantity, expired, .. }) => {
                (hold_id, code, Step::Released { quantity, expired })
            }
            News::PurchaseStarted(told) | News::PurchaseCompleted(told) => Terms::of(told.purchase, None),
            News::PurchaseRefunded(PurchaseRefunded { purchase, reason, .. }) => {
                Terms::of(purchase, Some(reason.to_string()))
            }
            News::PurchaseFailed(PurchaseFailed { transaction_id, sku, status, reason, .. }) => {
                (transaction_id, sku, Step::Failed { status, reason })
            }
            _ => return None,
        };
        Some(Self { origin, transaction_id, sku, step })
    }
}

impl Terms {
    fn of(bought: Bought, reason: Option<String>) -> (PurchaseId, Sku, Step) {
        let Bought { transaction_id, sku, quantity, total, currency, promo_code, grants, charge_id } = bought;
        let items = grants.items.into_iter().map(|item| (item.item_id.to_string(), item.count)).collect();
        let (coins, gems) = (grants.coins, grants.gems);
        let terms = Self { quantity, total, currency, promo_code, coins, gems, items, charge_id, reason };
        (transaction_id, sku, Step::Bought(Box::new(terms)))
    }
}
