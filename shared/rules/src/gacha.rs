//! The gacha: pulls from a table of weights, with a guarantee after too many in a row without luck.

pub mod odds;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::NonZeroU64,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    economy::BadEconomy,
    fairness::{Commitment, Stream, Weights},
    id::EntryId,
    ledger::{Action, Decision, GameType},
    money::{Coins, Gems, Postings},
    number::Between,
    player::Player,
    round::Round,
    session::SessionTally,
};

/// How rare an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Rarity {
    /// Most of them.
    Common,
    /// Some.
    Rare,
    /// What the guarantee gives at least.
    Epic,
    /// The rarest.
    Legendary,
}

impl Rarity {
    /// Every rarity, the most common first.
    pub const ALL: [Self; 4] = [Self::Common, Self::Rare, Self::Epic, Self::Legendary];
    /// What the guarantee gives at least, and what begins a new count.
    pub const GUARANTEED: Self = Self::Epic;
}

/// The gacha as written in the economy file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GachaRules {
    /// Coins for one pull.
    pub single_price: Coins,
    /// Coins for ten.
    pub ten_price: Coins,
    /// The most pulls at once.
    pub most_pulls: u32,
    /// Which pull in a row without the guaranteed rarity gives it.
    pub guarantee: u32,
    /// The sum of the weights.
    pub total_weight: u64,
    /// What can be drawn.
    pub table: Vec<TableEntry>,
    /// What can be won.
    pub items: Vec<GachaItem>,
}

/// A line of the table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableEntry {
    /// Its name.
    pub entry: String,
    /// Its share.
    pub weight: u32,
    /// What it gives.
    pub gives: Rarity,
    /// Whether it looks like something better.
    #[serde(default)]
    pub near_miss: bool,
}

/// Something that can be won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GachaItem {
    /// Under which it is kept.
    pub item_id: String,
    /// What the player sees.
    pub name: String,
    /// How rare it is.
    pub rarity: Rarity,
}

/// The gacha's numbers, checked.
#[derive(Debug, Clone)]
pub struct Gacha {
    /// The numbers as written in the file.
    pub rules: GachaRules,
    /// How likely each line of the table is.
    pub weights: Weights,
    /// The places of the items of each rarity; none is empty.
    items: BTreeMap<Rarity, (Vec<usize>, NonZeroU64)>,
}

impl Gacha {
    /// Checks what is written in an economy file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(rules: GachaRules) -> Result<Self, BadEconomy> {
        let wrong = |what| Err(BadEconomy::Gacha(what));
        if rules.guarantee == 0 {
            return wrong("a guarantee after 0 pulls is none");
        }
        if rules.guarantee > 1000 || !(1..=100).contains(&rules.most_pulls) {
            return wrong("at most 1,000 pulls to the guarantee, and from 1 to 100 at once");
        }
        let priced = |price: Coins| (1..=1_000_000).contains(&price.get());
        if !priced(rules.single_price)
            || !priced(rules.ten_price)
            || rules.ten_price.get() > rules.single_price.get() * 10
        {
            return wrong("prices from 1 to 1,000,000, and ten that cost no more than ten singles");
        }
        let lines: BTreeSet<_> = rules.table.iter().map(|line| &line.entry).collect();
        if lines.len() != rules.table.len() {
            return wrong("each line of the table has a name of its own");
        }
        let Some(weights) = Weights::new(rules.table.iter().map(|line| line.weight).collect()) else {
            return wrong("at least one line of the table needs a weight");
        };
        if weights.total() != rules.total_weight {
            return wrong("the weights must add up to total_weight");
        }
        let mut names: Vec<_> = rules.items.iter().map(|item| &item.item_id).collect();
        names.sort();
        names.dedup();
        if names.len() != rules.items.len() || rules.items.len() > 50 {
            return wrong("each item stands once, and there are at most 50");
        }
        let mut items = BTreeMap::new();
        for rarity in Rarity::ALL {
            let of_rarity = rules.items.iter().enumerate().filter(|(_, item)| item.rarity == rarity);
            let places: Vec<_> = of_rarity.map(|(place, _)| place).collect();
            let Some(count) = NonZeroU64::new(places.len() as u64) else {
                return wrong("each rarity needs an item");
            };
            items.insert(rarity, (places, count));
        }
        Ok(Self { rules, weights, items })
    }

    /// What some pulls cost: each ten at the price of ten, the rest one by one.
    pub fn cost(&self, pulls: Pulls) -> Coins {
        let (tens, singles) = (u64::from(pulls.get() / 10), u64::from(pulls.get() % 10));
        // At most a hundred pulls at prices that a file bounds: no sum comes near the limit.
        Coins::new(tens * self.rules.ten_price.get() + singles * self.rules.single_price.get()).unwrap_or_default()
    }

    /// The line of the table by its name.
    fn line(&self, entry: &str) -> Option<&TableEntry> {
        self.rules.table.iter().find(|line| line.entry == entry)
    }

    /// An item by its id.
    pub fn item(&self, id: &str) -> Option<&GachaItem> {
        self.rules.items.iter().find(|item| item.item_id == id)
    }

    fn draw_item(&self, rarity: Rarity, stream: &mut Stream) -> Result<&GachaItem, Refusal> {
        let (places, count) = self.items.get(&rarity).ok_or(Refusal::Impossible)?;
        let place = usize::try_from(stream.below(*count)).map_err(|_| Refusal::Impossible)?;
        places.get(place).and_then(|place| self.rules.items.get(*place)).ok_or(Refusal::Impossible)
    }
}

/// How many pulls at once.
pub type Pulls = Between<1, 100>;

/// How a player stands with the gacha.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GachaState {
    /// Pulls in a row without the guaranteed rarity.
    pub pity: u32,
    /// Pulls that gave each rarity, the most common first.
    pub counts: [u64; 4],
}

/// What one pull gave, and from which it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pull {
    /// The line of the table that was drawn.
    pub entry: String,
    /// What was won.
    pub item_id: String,
    /// Whether the guarantee gave more than the table did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pity: bool,
}

impl fmt::Display for Pull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{} ", self.entry, self.item_id, if self.pity { " (guaranteed)" } else { "" })
    }
}

/// The outcome of some pulls, with everything from which it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GachaRound {
    /// What was paid.
    pub cost: Coins,
    /// Pulls in a row without the guaranteed rarity before these.
    pub pity: u32,
    /// The pulls, in order.
    pub pulls: Vec<Pull>,
}

impl GachaRound {
    /// How many of each item were won.
    pub fn won(&self) -> BTreeMap<&str, u64> {
        let mut won = BTreeMap::new();
        for pull in &self.pulls {
            *won.entry(pull.item_id.as_str()).or_default() += 1;
        }
        won
    }
}

/// The best that happened in some pulls; a later one outdoes an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Animation {
    /// Nothing of note.
    Normal,
    /// Something that looked like more.
    NearMiss,
    /// An epic.
    Epic,
    /// A legendary.
    Legendary,
    /// The guarantee.
    Pity,
}

/// An item that was won.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PulledItem {
    name: String,
    rarity: Rarity,
    item_id: String,
    /// Whether the table showed something better.
    near_miss: bool,
}

/// How far the guarantee is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pity {
    /// Pulls in a row without the guaranteed rarity.
    pub count: u32,
    /// Pulls until it is given at the latest.
    pub until_guarantee: u32,
}

impl GachaState {
    /// How far the guarantee is.
    pub fn pity(&self, gacha: &Gacha) -> Pity {
        Pity { count: self.pity, until_guarantee: gacha.rules.guarantee.saturating_sub(self.pity).max(1) }
    }

    fn after(self, gacha: &Gacha, pulls: &[Pull]) -> Result<Self, Refusal> {
        pulls.iter().try_fold(self, |state, pull| {
            let rarity = gacha.item(&pull.item_id).ok_or(Refusal::Impossible)?.rarity;
            let mut counts = state.counts;
            counts[rarity as usize] += 1;
            Ok(Self { pity: if rarity >= Rarity::GUARANTEED { 0 } else { state.pity + 1 }, counts })
        })
    }
}

/// The answer to some pulls.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PullReply {
    /// The pulls, as history and the transcript name them.
    pub round_id: EntryId,
    /// What was won, in order.
    pub items: Vec<PulledItem>,
    /// How many pulls.
    pub pull_count: u32,
    /// Coins paid.
    pub cost: Coins,
    /// Coins afterwards.
    pub balance: Coins,
    /// Gems afterwards.
    pub gems: Gems,
    /// The best of the batch.
    pub animation_type: Animation,
    /// How far the guarantee is now.
    pub pity: Pity,
    /// Items of rarity Rare.
    pub rare_item_count: usize,
    /// Items of rarity Epic or Legendary.
    pub ultra_rare_item_count: usize,
    /// What the pulls changed the balance by.
    pub net_change: i64,
    /// The number of these pulls in the player's ledger.
    pub sequence: u64,
    /// The economy file that decided.
    pub odds_version: String,
    /// What was promised before the draw.
    pub fairness: Commitment,
    /// The session in which it was played, as it stands now.
    pub session: Option<SessionTally>,
}

/// Pulls: takes the price, draws, gives the items. All of it, or none.
///
/// # Errors
/// More pulls than are allowed at once, or a price beyond the balance.
pub fn pull(player: &Player, pulls: Pulls, round: &Round<'_>) -> Result<Decision<PullReply>, Refusal> {
    let gacha = &round.economy.gacha;
    if pulls.get() > gacha.rules.most_pulls {
        return Err(Refusal::TooManyPulls { most: gacha.rules.most_pulls });
    }
    let cost = gacha.cost(pulls);
    if player.coins < cost {
        return Err(Refusal::InsufficientFunds);
    }
    let seed = round.master.server_seed(player.id, player.draw.epoch);
    let promised = Commitment::under(&seed, &player.draw);
    let drawn = draw(gacha, pulls, player.gacha.pity, &mut seed.stream(&player.draw))?;
    let mut next = player.clone();
    next.gacha = player.gacha.after(gacha, &drawn.pulls)?;
    let items: Vec<_> = drawn.pulls.iter().map(|pull| shown(gacha, pull)).collect::<Result<_, _>>()?;
    let animation_type = drawn.pulls.iter().zip(&items).map(|(pull, item)| animation(pull, item)).max();
    let moved = Postings { coins: cost.debit(), ..Postings::NONE };
    let change = next.after_round(round.now, Action::GachaPull(drawn), moved, round.economy)?;
    let count = |wanted: fn(Rarity) -> bool| items.iter().filter(|item| wanted(item.rarity)).count();
    let (rare_item_count, ultra_rare_item_count) = (count(|r| r == Rarity::Rare), count(|r| r > Rarity::Rare));
    change.decide(|player, entry| PullReply {
        round_id: entry.id(),
        items,
        pull_count: pulls.get(),
        cost,
        balance: player.coins,
        gems: player.gems,
        animation_type: animation_type.unwrap_or(Animation::Normal),
        pity: player.gacha.pity(gacha),
        rare_item_count,
        ultra_rare_item_count,
        net_change: moved.coins,
        sequence: entry.number,
        odds_version: round.economy.version.clone(),
        fairness: promised,
        session: player.session_tally(GameType::Gacha, round.now, round.economy),
    })
}

/// Draws some pulls: the whole of what is random about them, for the game and for whoever checks it.
///
/// # Errors
/// None that a checked economy can cause.
pub fn draw(gacha: &Gacha, pulls: Pulls, pity: u32, stream: &mut Stream) -> Result<GachaRound, Refusal> {
    let mut drawn = Vec::with_capacity(pulls.get() as usize);
    let mut missed = pity;
    for _ in 0..pulls.get() {
        let line = gacha.rules.table.get(stream.pick(&gacha.weights)).ok_or(Refusal::Impossible)?;
        let forced = missed + 1 >= gacha.rules.guarantee && line.gives < Rarity::GUARANTEED;
        let rarity = if forced { Rarity::GUARANTEED } else { line.gives };
        missed = if rarity >= Rarity::GUARANTEED { 0 } else { missed + 1 };
        let item = gacha.draw_item(rarity, stream)?;
        drawn.push(Pull { entry: line.entry.clone(), item_id: item.item_id.clone(), pity: forced });
    }
    Ok(GachaRound { cost: gacha.cost(pulls), pity, pulls: drawn })
}

fn shown(gacha: &Gacha, pull: &Pull) -> Result<PulledItem, Refusal> {
    let line = gacha.line(&pull.entry).ok_or(Refusal::Impossible)?;
    let GachaItem { item_id, name, rarity } = gacha.item(&pull.item_id).ok_or(Refusal::Impossible)?.clone();
    Ok(PulledItem { name, rarity, item_id, near_miss: line.near_miss && !pull.pity })
}

fn animation(pull: &Pull, item: &PulledItem) -> Animation {
    match item.rarity {
        _ if pull.pity => Animation::Pity,
        Rarity::Legendary => Animation::Legendary,
        Rarity::Epic => Animation::Epic,
        _ if item.near_miss => Animation::NearMiss,
        _ => Animation::Normal,
    }
}
