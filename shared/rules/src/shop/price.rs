//! What something costs, and what it gives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    money::{Cents, Coins, Gems, Postings},
    name::ItemId,
    shop::promo::Off,
};

/// What one of something costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Price {
    /// Real money.
    Cents(Cents),
    /// Coins.
    Coins(Coins),
    /// Gems.
    Gems(Gems),
}

/// The currency in which real money is paid, by its ISO 4217 code.
pub const CURRENCY: &str = "USD";

impl Price {
    /// How much, in whatever it is.
    pub const fn amount(self) -> u64 {
        match self {
            Self::Cents(cents) => cents.get(),
            Self::Coins(coins) => coins.get(),
            Self::Gems(gems) => gems.get(),
        }
    }

    /// In what it is paid: an ISO 4217 code, `coins` or `gems`.
    pub const fn currency(self) -> &'static str {
        match self {
            Self::Cents(_) => CURRENCY,
            Self::Coins(_) => "coins",
            Self::Gems(_) => "gems",
        }
    }

    /// The same currency, another amount.
    ///
    /// # Errors
    /// More than can be counted.
    pub fn of(self, amount: u64) -> Result<Self, Refusal> {
        let counted = match self {
            Self::Cents(_) => Cents::new(amount).map(Self::Cents),
            Self::Coins(_) => Coins::new(amount).map(Self::Coins),
            Self::Gems(_) => Gems::new(amount).map(Self::Gems),
        };
        counted.map_err(|_| Refusal::BalanceLimit)
    }

    /// What paying it back does to the balances: nothing, for real money.
    pub const fn credit(self) -> Postings {
        match self {
            Self::Cents(_) => Postings::NONE,
            Self::Coins(coins) => Postings { coins: coins.credit(), gems: 0 },
            Self::Gems(gems) => Postings { coins: 0, gems: gems.credit() },
        }
    }

    /// What so many cost: a discount and a promo come off each one, and the sum is rounded down.
    ///
    /// # Errors
    /// More than can be counted.
    pub fn total(self, quantity: u32, discount_percent: u32, off: Option<Off>) -> Result<Self, Refusal> {
        let hundredths = u128::from(self.amount()) * u128::from(100 - discount_percent.min(100));
        let (each, parts) = match off {
            None => (hundredths, 100),
            Some(Off::Percent(percent)) => (hundredths * u128::from(100 - percent.get()), 10_000),
            Some(Off::Cents(cents)) => (hundredths.saturating_sub(u128::from(cents.get()) * 100), 100),
        };
        let total = each * u128::from(quantity) / parts;
        self.of(u64::try_from(total).map_err(|_| Refusal::BalanceLimit)?)
    }
}

/// What something gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grants {
    /// Coins.
    #[serde(default)]
    pub coins: Coins,
    /// Gems.
    #[serde(default)]
    pub gems: Gems,
    /// Items.
    #[serde(default)]
    pub items: Vec<GrantedItem>,
}

/// So many of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantedItem {
    /// Which one.
    pub item_id: ItemId,
    /// How many.
    pub count: u64,
}

impl Grants {
    /// The most different items that one thing gives.
    pub const MOST_ITEMS: usize = 10;

    /// Whether it gives nothing at all.
    pub fn is_nothing(&self) -> bool {
        self.coins == Coins::ZERO && self.gems == Gems::ZERO && self.items.iter().all(|item| item.count == 0)
    }

    /// Whether it names no item twice, and no more than there may be.
    pub fn names_each_item_once(&self) -> bool {
        let twice = |(place, item): (usize, &GrantedItem)| {
            self.items[..place].iter().any(|other| other.item_id == item.item_id)
        };
        self.items.len() <= Self::MOST_ITEMS && !self.items.iter().enumerate().any(twice)
    }

    /// What so many of it give.
    ///
    /// # Errors
    /// More than can be counted.
    pub fn times(&self, quantity: u32) -> Result<Self, Refusal> {
        let times = |amount: u64| amount.checked_mul(u64::from(quantity)).ok_or(Refusal::BalanceLimit);
        let items = self
            .items
            .iter()
            .map(|GrantedItem { item_id, count }| Ok(GrantedItem { item_id: item_id.clone(), count: times(*count)? }));
        Ok(Self {
            coins: times(self.coins.get()).and_then(|n| Coins::new(n).map_err(|_| Refusal::BalanceLimit))?,
            gems: times(self.gems.get()).and_then(|n| Gems::new(n).map_err(|_| Refusal::BalanceLimit))?,
            items: items.collect::<Result<_, Refusal>>()?,
        })
    }

    /// What giving it does to the balances.
    pub const fn credit(&self) -> Postings {
        Postings { coins: self.coins.credit(), gems: self.gems.credit() }
    }

    /// What taking it back does to the balances.
    pub const fn debit(&self) -> Postings {
        Postings { coins: self.coins.debit(), gems: self.gems.debit() }
    }
}
