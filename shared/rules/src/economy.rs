//! The economy file: every number that decides an outcome, checked when it is loaded.

use std::{collections::BTreeMap, ops::RangeInclusive};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    calendar::Calendar,
    fairness::Weights,
    gacha::{Gacha, GachaRules},
    level::LevelRules,
    mission::{self, Mission},
    money::{Coins, Gems},
    session::SessionRules,
    shop::Shop,
    slot::odds::Paytable,
    streak::StreakRules,
};

/// The economy that ships with the game.
const SHIPPED: &str = include_str!("../economy.toml");

/// All numbers of the game, in one version.
#[derive(Debug, Clone)]
pub struct Economy {
    /// Which numbers these are; every outcome records it.
    pub version: String,
    /// What a new player owns.
    pub start: Start,
    /// The slot machine.
    pub slot: Slot,
    /// The gacha.
    pub gacha: Gacha,
    /// Sessions.
    pub session: SessionRules,
    /// Levels.
    pub level: LevelRules,
    /// Missions.
    pub missions: Vec<Mission>,
    /// The daily streak.
    pub streak: StreakRules,
    /// The shop.
    pub shop: Shop,
    /// Where the day begins; the operator's word, not the file's.
    pub calendar: Calendar,
}

/// What a new player owns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Coins at sign-up.
    pub coins: Coins,
    /// Gems at sign-up.
    pub gems: Gems,
}

/// The slot machine's numbers.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The numbers as written in the file.
    pub rules: SlotRules,
    /// How likely each symbol is.
    pub weights: Weights,
}

/// The slot machine as written in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotRules {
    /// The sum of the weights.
    pub total_weight: u64,
    /// The smallest stake.
    pub min_bet: Coins,
    /// The largest stake.
    pub max_bet: Coins,
    /// Stakes for which the odds page shows the exact return.
    pub shown_bets: Vec<Coins>,
    /// The symbol whose three make a jackpot.
    pub jackpot: String,
    /// What two adjacent alike pay, in percent of the stake.
    pub two_adjacent_pays_percent: u32,
    /// What is on a reel.
    pub symbols: Vec<SlotSymbol>,
    /// What raises a win.
    pub bonus: SlotBonus,
}

/// One symbol of a reel.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotSymbol {
    /// What the player sees.
    pub symbol: String,
    /// Its share of the reel.
    pub weight: u32,
    /// What three alike pay, in percent of the stake.
    pub three_pay_percent: u32,
}

/// How a win is raised.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotBonus {
    /// A longer pause between two spins ends the streak.
    pub streak_gap_hours: u32,
    /// What each step of the streak adds to a win, in percent.
    pub percent_per_step: u32,
    /// The most that a streak adds, in percent.
    pub percent_at_most: u32,
    /// A raised win varies evenly by up to this, up or down, in hundredths of a percent.
    pub variation_basis_points: u32,
}

impl SlotBonus {
    /// The steps of the streak; the last one stands for all longer streaks.
    pub fn steps(&self) -> RangeInclusive<u32> {
        1..=self.percent_at_most.div_ceil(self.percent_per_step.max(1)).max(1)
    }

    /// What a streak of this many spins adds to a win, in percent.
    pub fn percent(&self, streak: u32) -> u32 {
        self.percent_per_step.saturating_mul(streak).min(self.percent_at_most)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    start: Start,
    slot: SlotRules,
    gacha: GachaRules,
    session: SessionRules,
    level: LevelRules,
    missions: Vec<Mission>,
    streak: StreakRules,
    shop: Shop,
}

/// Why an economy file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEconomy {
    /// It is not what an economy file looks like.
    #[error("the economy file cannot be read: {0}")]
    Syntax(String),
    /// The version is empty or too long to be written into every entry.
    #[error("the version must have 1 to 16 characters")]
    Version,
    /// The limits of a stake contradict each other.
    #[error("slot: the bets must satisfy 1 ≤ min_bet ≤ shown_bets ≤ max_bet ≤ 1,000,000")]
    Bets,
    /// The reel has no weights, symbols that repeat, or a jackpot that is not on it.
    #[error("slot: {0}")]
    Reel(&'static str),
    /// The bonus would make a win negative or grow without sense.
    #[error("slot.bonus: at most 100 percent and a variation below 10,000 basis points")]
    Bonus,
    /// Players would gain from the house on average.
    #[error("slot: the return to player at the full bonus is {0} %, and must not exceed 100 %")]
    Return(String),
    /// The gacha's table, prices or items contradict each other.
    #[error("gacha: {0}")]
    Gacha(&'static str),
    /// Sessions would be over at once.
    #[error("session: at least a minute until a session is over")]
    Session,
    /// A level would need nothing.
    #[error("level: the first level needs experience")]
    Level,
    /// Missions contradict each other.
    #[error("missions: {0}")]
    Missions(&'static str),
    /// The streak's numbers make no sense.
    #[error("streak: at least one day, and amounts of at most 1,000,000")]
    Streak,
    /// What is for sale contradicts itself.
    #[error("shop: {0}")]
    Shop(&'static str),
    /// The overriding weights do not name the symbols of the reel.
    #[error("the symbol weights must be a JSON object with a weight for each of: {0}")]
    Override(String),
}

impl Economy {
    /// The economy that ships with the game.
    ///
    /// # Errors
    /// Never, as a test shows; the file is checked like any other.
    pub fn shipped() -> Result<Self, BadEconomy> {
        Self::parse(SHIPPED)
    }

    /// Reads and checks an economy file.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(toml: &str) -> Result<Self, BadEconomy> {
        let File { version, start, slot, gacha, session, level, missions, streak, shop } =
            toml::from_str(toml).map_err(|error| BadEconomy::Syntax(error.to_string()))?;
        if version.is_empty() || version.len() > 16 {
            return Err(BadEconomy::Version);
        }
        if session.idle_minutes == 0 {
            return Err(BadEconomy::Session);
        }
        Ok(Self {
            version,
            start,
            slot: Slot::check(slot)?,
            gacha: Gacha::check(gacha)?,
            session,
            level: level.check()?,
            missions: mission::check(missions)?,
            streak: streak.check()?,
            shop: shop.check()?,
            calendar: Calendar::default(),
        })
    }

    /// What an item is called, however one comes by it.
    pub fn item_name(&self, id: &str) -> Option<&str> {
        let drawn = self.gacha.item(id).map(|item| item.name.as_str());
        drawn.or_else(|| self.shop.item(id).map(|item| item.name.as_str()))
    }

    /// The same economy with other symbol weights, given as a JSON object from symbol to weight. The version tells
    /// them apart.
    ///
    /// # Errors
    /// Weights that do not match the reel, or that a file could not have either.
    pub fn with_slot_weights(mut self, json: &str) -> Result<Self, BadEconomy> {
        let mut rules = self.slot.rules;
        let names = || rules.symbols.iter().map(|symbol| symbol.symbol.as_str()).collect::<Vec<_>>().join(" ");
        let mut weights: BTreeMap<String, u32> =
            serde_json::from_str(json).map_err(|_| BadEconomy::Override(names()))?;
        let given: Option<Vec<u32>> = rules.symbols.iter().map(|symbol| weights.remove(&symbol.symbol)).collect();
        let Some(given) = given.filter(|_| weights.is_empty()) else { return Err(BadEconomy::Override(names())) };
        for (symbol, weight) in rules.symbols.iter_mut().zip(&given) {
            symbol.weight = *weight;
        }
        rules.total_weight = given.iter().copied().map(u64::from).sum();
        let digest = Sha256::digest(serde_json::to_vec(&given).unwrap_or_default());
        self.version = format!("{}+{}", self.version, hex::encode(&digest[..4]));
        self.slot = Slot::check(rules)?;
        Ok(self)
    }
}

impl Slot {
    fn check(rules: SlotRules) -> Result<Self, BadEconomy> {
        let SlotRules { min_bet, max_bet, shown_bets, symbols, bonus, .. } = &rules;
        let range = *min_bet..=*max_bet;
        let bounded = min_bet.get() >= 1 && max_bet.get() <= 1_000_000 && !range.is_empty();
        if !bounded || shown_bets.iter().any(|bet| !range.contains(bet)) {
            return Err(BadEconomy::Bets);
        }
        if symbols.len() > 20 || symbols.iter().any(|s| s.weight > 10_000 || s.three_pay_percent > 1_000_000) {
            return Err(BadEconomy::Reel("at most 20 symbols, weights of at most 10,000, pays of at most 1,000,000"));
        }
        let mut names: Vec<_> = symbols.iter().map(|symbol| &symbol.symbol).collect();
        names.sort();
        names.dedup();
        if names.len() != symbols.len() {
            return Err(BadEconomy::Reel("each symbol stands once"));
        }
        if !names.contains(&&rules.jackpot) {
            return Err(BadEconomy::Reel("the jackpot must be one of the symbols"));
        }
        if bonus.percent_at_most > 100 || bonus.variation_basis_points >= 10_000 {
            return Err(BadEconomy::Bonus);
        }
        let weights = Weights::new(symbols.iter().map(|symbol| symbol.weight).collect())
            .ok_or(BadEconomy::Reel("at least one symbol needs a weight"))?;
        if weights.total() != rules.total_weight {
            return Err(BadEconomy::Reel("the weights must add up to total_weight"));
        }
        let slot = Self { rules, weights };
        let most = Paytable::of(&slot).return_raised_by(slot.rules.bonus.percent_at_most);
        if most.exceeds_one() { Err(BadEconomy::Return(most.percent())) } else { Ok(slot) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(from: &str, to: &str) -> Result<Economy, BadEconomy> {
        assert!(SHIPPED.contains(from), "{from} is not in the file");
        Economy::parse(&SHIPPED.replace(from, to))
    }

    #[test]
    fn the_shipped_economy_is_sound() {
        let economy = Economy::shipped().unwrap();
        assert_eq!(economy.start.coins, Coins::new(1000).unwrap());
        assert_eq!(economy.slot.weights.each(), [30, 25, 20, 15, 8, 2]);
    }

    #[test]
    fn an_unsound_economy_is_refused_with_the_reason() {
        assert!(matches!(changed("min_bet = 1", "minimum = 1"), Err(BadEconomy::Syntax(_))));
        assert!(matches!(changed("weight = 30", "weight = 0.3"), Err(BadEconomy::Syntax(_))));
        assert_eq!(changed("2026-11-01", "").unwrap_err(), BadEconomy::Version);
        assert_eq!(changed("min_bet = 1\n", "min_bet = 0\n").unwrap_err(), BadEconomy::Bets);
        assert_eq!(changed("min_bet = 1\n", "min_bet = 20000\n").unwrap_err(), BadEconomy::Bets);
        assert!(matches!(changed("weight = 30,", "weight = 31,"), Err(BadEconomy::Reel(_))));
        for (from, to) in [
            ("guarantee = 90", "guarantee = 0"),
            ("weight = 650", "weight = 651"),
            ("ten_price = 450", "ten_price = 501"),
            ("ten_price = 450", "ten_price = 0"),
            ("single_price = 50", "single_price = 9007199254740991"),
            ("entry = \"Rare\"", "entry = \"Common\""),
            ("item_id = \"loaded_dice\"", "item_id = \"marked_deck\""),
            ("rarity = \"Legendary\"", "rarity = \"Epic\""),
        ] {
            assert!(matches!(changed(from, to), Err(BadEconomy::Gacha(_))), "{to}");
        }
        assert!(matches!(changed("gives = \"Legendary\"", "gives = \"Mythic\""), Err(BadEconomy::Syntax(_))));
        assert!(matches!(changed("gems = 10", "pearls = 10"), Err(BadEconomy::Syntax(_))));
        assert!(matches!(changed("number = 3", "number = 2"), Err(BadEconomy::Missions(_))));
        assert_eq!(changed("idle_minutes = 30", "idle_minutes = 0").unwrap_err(), BadEconomy::Session);
        assert_eq!(changed("first = 1000", "first = 0").unwrap_err(), BadEconomy::Level);
        assert_eq!(changed("days = 6", "days = 0").unwrap_err(), BadEconomy::Streak);
        assert!(matches!(changed("jackpot = \"7️⃣\"", "jackpot = \"x\""), Err(BadEconomy::Reel(_))));
        assert!(matches!(changed("symbol = \"🍋\"", "symbol = \"🍒\""), Err(BadEconomy::Reel(_))));
        assert_eq!(changed("percent_at_most = 20", "percent_at_most = 101").unwrap_err(), BadEconomy::Bonus);
        assert_eq!(
            changed("two_adjacent_pays_percent = 150", "two_adjacent_pays_percent = 300").unwrap_err(),
            BadEconomy::Return("139.074".into())
        );
    }

    #[test]
    fn other_weights_are_another_version() {
        let shipped = Economy::shipped().unwrap();
        let even = r#"{"🍒":1,"🍋":1,"🍊":1,"🍇":1,"💎":1,"7️⃣":0}"#;
        let economy = shipped.clone().with_slot_weights(even).unwrap();
        assert_eq!(economy.slot.weights.total(), 5);
        assert_ne!(economy.version, shipped.version);
        for bad in [r#"{"🍒":1}"#, r#"{"x":1}"#, "1", r#"{"🍒":0,"🍋":0,"🍊":0,"🍇":0,"💎":0,"7️⃣":0}"#]
        {
            assert!(shipped.clone().with_slot_weights(bad).is_err(), "{bad}");
        }
    }
}
