//! What each type of events tells. A field that was told once keeps its name and its meaning: docs/events.md says when a type
//! gets another version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::News;
use crate::{
    admin::{AdminAction, AuditEntry},
    gacha::{GachaRound, Pull},
    id::{CampaignId, GameSessionId, PlayerId, PurchaseId, RewardId, SessionId},
    ledger::{Action, Award, Entry, GameType, Sale},
    mission::Rewards,
    money::{Coins, Gems},
    name::{ChargeId, Description, ItemId, PromoCode, Sku},
    reward::{RewardAmount, RewardType},
    session::EndedSession,
    shop::{
        Grants,
        purchase::{Reason, Status},
    },
    slot::SlotRound,
    time::Timestamp,
};

/// What a player owns and owes after an event, and what it changed of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wallet {
    /// Coins gained, or lost when negative.
    pub delta_coin: i64,
    /// Gems gained, or lost when negative.
    pub delta_gem: i64,
    /// Coins afterwards.
    pub balance_coin: Coins,
    /// Gems afterwards.
    pub balance_gem: Gems,
    /// Coins by which the debt grew, or that paid it off when negative. What something was worth is `delta_coin` less this.
    pub delta_debt_coin: i64,
    /// The same in gems.
    pub delta_debt_gem: i64,
    /// Coins owed afterwards, by whoever had spent what was refunded.
    pub debt_coin: Coins,
    /// Gems owed afterwards.
    pub debt_gem: Gems,
}

impl Wallet {
    fn after(entry: &Entry) -> Self {
        Self {
            delta_coin: entry.moved.coins,
            delta_gem: entry.moved.gems,
            balance_coin: entry.coins,
            balance_gem: entry.gems,
            delta_debt_coin: entry.owed.coins,
            delta_debt_gem: entry.owed.gems,
            debt_coin: entry.debt.coins,
            debt_gem: entry.debt.gems,
        }
    }
}

macro_rules! data {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            /// What the player owns and owes.
            pub wallet: Wallet,
            $($(#[$field_doc])* pub $field: $kind,)*
        }
    )*};
}

/// A player logged in on some device; signing up is such a login, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggedIn {
    /// Which login: it names the session until that ends.
    pub session_id: SessionId,
    /// When it ends in any case.
    pub ends_at: Timestamp,
}

/// An operator changed something. How it was and how it is now stays in the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdminChanged {
    /// What was done.
    pub action: AdminAction,
    /// To what. Absent where that is the code of an invite, which lets in whoever knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The request by which it was done.
    pub request_id: String,
}

impl AdminChanged {
    pub(super) fn of(deed: &AuditEntry) -> Self {
        let is_invite = matches!(deed.action, AdminAction::InviteGenerate | AdminAction::InviteDeactivate);
        let target = (!is_invite).then(|| deed.target.clone());
        Self { action: deed.action, target, request_id: deed.request_id.clone() }
    }
}

data! {
    /// A player came to be, with the starting balance. The names stay where they are, and so does the code of the invite, which lets in whoever
    /// knows it.
    SignedUp {
        /// Whether an invite let the player in; else an operator made the player.
        invited: bool,
    }

    /// One round of the slot machine; its id is that of the event.
    RoundPlayed {
        /// Of which game.
        game_type: GameType,
        /// The stake.
        bet_amount: Coins,
        /// What was paid.
        win_amount: Coins,
        /// What the reels show.
        reels: [String; 3],
        /// What the reels pay, in percent of the stake, before the streak's bonus and the variation.
        pay_percent: u32,
        /// Spins without a long pause, this one included.
        streak: u32,
        /// The economy file that decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        odds_version: Option<String>,
    }

    /// Some pulls of the gacha, paid for together.
    GachaPulled {
        /// What was paid.
        cost: Coins,
        /// Pulls in a row without the guaranteed rarity before these.
        pity: u32,
        /// The pulls, in order.
        pulls: Vec<Pull>,
        /// The economy file that decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        odds_version: Option<String>,
    }

    /// A session of a game began.
    SessionStarted {
        /// Which one.
        session_id: GameSessionId,
        /// Of which game.
        game_type: GameType,
        /// The stake that the client means to play for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bet_amount: Option<Coins>,
    }

    /// A session of a game ended.
    SessionEnded {
        /// What it came to.
        #[serde(flatten)]
        session: EndedSession,
    }

    /// A completed mission paid.
    MissionClaimed {
        /// Which one.
        mission_id: String,
        /// In which day or week of the game.
        period: String,
        /// What it paid.
        rewards: Paid,
    }

    /// A day of the streak paid.
    StreakClaimed {
        /// The day of the game.
        day: String,
        /// Days in a row, this one included.
        streak: u32,
        /// Whether a missed day was forgiven.
        forgiven: bool,
        /// What it paid.
        rewards: Paid,
    }

    /// Some of a limited package are held for a buyer.
    HoldCreated {
        /// The hold; the purchase that it becomes has the same id.
        hold_id: PurchaseId,
        /// The package.
        code: Sku,
        /// How many.
        quantity: u32,
        /// Until when.
        expires_at: Timestamp,
    }

    /// What was held is free again.
    HoldReleased {
        /// The hold.
        hold_id: PurchaseId,
        /// The package.
        code: Sku,
        /// How many.
        quantity: u32,
        /// Whether the time was over; else the buyer gave it back.
        expired: bool,
    }

    /// A payment began, or was made for what is granted herewith.
    PurchaseTold {
        /// Which purchase.
        #[serde(flatten)]
        purchase: Bought,
    }

    /// A purchase came to nothing.
    PurchaseFailed {
        /// Which one.
        transaction_id: PurchaseId,
        /// Of what.
        sku: Sku,
        /// How it stands.
        status: Status,
        /// Why.
        reason: Reason,
    }

    /// A purchase was taken back, and the money with it.
    PurchaseRefunded {
        /// Which purchase.
        #[serde(flatten)]
        purchase: Bought,
        /// Why, in the operator's words.
        reason: Description,
    }

    /// A reward that an operator gave, or that was claimed of a campaign.
    RewardTold {
        /// Which one.
        reward_id: RewardId,
        /// What it consists of.
        reward_type: RewardType,
        /// How much, or how many.
        amount: RewardAmount,
        /// Which item.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item_id: Option<ItemId>,
        /// For what.
        source: Description,
        /// Of which campaign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign_id: Option<CampaignId>,
    }

    /// An operator corrected the balance.
    BalanceAdjusted {
        /// Who did.
        by: PlayerId,
        /// Why, in the operator's words.
        reason: Description,
    }

    /// The player got another server seed.
    FairnessRotated {
        /// The epoch that begins.
        epoch: u32,
    }
}

/// What a mission or a day of the streak paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Paid {
    /// Coins.
    pub coins: Coins,
    /// Gems.
    pub gems: Gems,
    /// Experience.
    pub experience: u64,
}

impl From<Rewards> for Paid {
    fn from(Rewards { coins, gems, experience }: Rewards) -> Self {
        Self { coins, gems, experience }
    }
}

/// What is told of a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bought {
    /// Which one.
    pub transaction_id: PurchaseId,
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// What all of them cost: in the smallest unit of a real currency, or in whole coins or gems.
    pub total: u64,
    /// An ISO 4217 code, `coins` or `gems`.
    pub currency: String,
    /// The promo code that came off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promo_code: Option<PromoCode>,
    /// What all of them give.
    pub grants: Grants,
    /// The gateway's name for the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_id: Option<ChargeId>,
}

impl From<Sale> for Bought {
    fn from(sale: Sale) -> Self {
        let Sale { transaction_id, sku, quantity, total, promo, grants, charge_id } = sale;
        let (total, currency) = (total.amount(), total.currency().to_owned());
        Self { transaction_id, sku, quantity, total, currency, promo_code: promo, grants, charge_id }
    }
}

impl RewardTold {
    fn of(wallet: Wallet, award: Award) -> Self {
        let Award { reward_id, prize, source, campaign_id } = award;
        let (reward_type, amount, item_id) = (prize.reward_type, prize.amount, prize.item_id);
        Self { wallet, reward_id, reward_type, amount, item_id, source, campaign_id }
    }
}

impl News {
    /// What an entry has to tell.
    pub(super) fn of(entry: &Entry) -> Self {
        let (wallet, odds_version) = (Wallet::after(entry), entry.odds.clone());
        match entry.action.clone() {
            Action::Signup { invite } => Self::SignedUp(SignedUp { wallet, invited: invite.is_some() }),
            Action::SlotSpin(SlotRound { bet_amount, streak, reels, pay_percent, variation: _, win_amount }) => {
                let game_type = GameType::Slot;
                Self::RoundPlayed(RoundPlayed {
                    wallet,
                    game_type,
                    bet_amount,
                    win_amount,
                    reels,
                    pay_percent,
                    streak,
                    odds_version,
                })
            }
            Action::GachaPull(GachaRound { cost, pity, pulls }) => {
                Self::GachaPulled(GachaPulled { wallet, cost, pity, pulls, odds_version })
            }
            Action::SessionStart { session_id, game_type, bet_amount } => {
                Self::SessionStarted(SessionStarted { wallet, session_id, game_type, bet_amount })
            }
            Action::SessionEnd(session) => Self::SessionEnded(SessionEnded { wallet, session }),
            Action::MissionClaim { mission_id, period, rewards } => {
                let rewards = rewards.into();
                Self::MissionClaimed(MissionClaimed { wallet, mission_id, period, rewards })
            }
            Action::StreakClaim { day, streak, forgiven, rewards } => {
                let rewards = rewards.into();
                Self::StreakClaimed(StreakClaimed { wallet, day, streak, forgiven, rewards })
            }
            Action::HoldCreate { hold_id, code, quantity, expires_at } => {
                Self::HoldCreated(HoldCreated { wallet, hold_id, code, quantity, expires_at })
            }
            Action::HoldRelease { hold_id, code, quantity, expired } => {
                Self::HoldReleased(HoldReleased { wallet, hold_id, code, quantity, expired })
            }
            Action::PurchaseStart(sale) => Self::PurchaseStarted(PurchaseTold { wallet, purchase: sale.into() }),
            Action::Purchase(sale) => Self::PurchaseCompleted(PurchaseTold { wallet, purchase: sale.into() }),
            Action::PurchaseFail { transaction_id, sku, status, reason } => {
                Self::PurchaseFailed(PurchaseFailed { wallet, transaction_id, sku, status, reason })
            }
            Action::PurchaseRefund { sale, reason } => {
                Self::PurchaseRefunded(PurchaseRefunded { wallet, purchase: sale.into(), reason })
            }
            Action::RewardGrant(award) => Self::RewardGranted(RewardTold::of(wallet, award)),
            Action::CampaignClaim(award) => Self::CampaignClaimed(RewardTold::of(wallet, award)),
            Action::BalanceAdjust { by, reason } => Self::BalanceAdjusted(BalanceAdjusted { wallet, by, reason }),
            Action::FairnessRotate { epoch, client_seed: _ } => {
                Self::FairnessRotated(FairnessRotated { wallet, epoch })
            }
        }
    }
}
