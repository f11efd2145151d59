//! The exact odds of the slot machine, by enumeration of every stop of every reel: nothing here is typed in.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::{
    economy::{Economy, Slot, SlotBonus, SlotSymbol},
    money::Coins,
};

/// A share of one, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    numerator: u128,
    denominator: u128,
}

impl Share {
    /// This many of that many; nothing of nothing is nothing.
    pub fn of(numerator: u128, denominator: u128) -> Self {
        let divisor = greatest_common_divisor(numerator, denominator).max(1);
        Self { numerator: numerator / divisor, denominator: (denominator / divisor).max(1) }
    }

    /// The two numbers of the fraction, in lowest terms.
    pub const fn parts(self) -> (u128, u128) {
        (self.numerator, self.denominator)
    }

    /// Whether it is more than the whole.
    pub fn exceeds_one(self) -> bool {
        self.numerator > self.denominator
    }

    /// In percent, rounded to six decimals, without trailing zeros.
    pub fn percent(self) -> String {
        const DECIMALS: u128 = 1_000_000;
        let millionths = (self.numerator * 100 * DECIMALS + self.denominator / 2) / self.denominator;
        let text = format!("{}.{:06}", millionths / DECIMALS, millionths % DECIMALS);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written {
            percent: String,
            fraction: String,
        }
        Written { percent: self.percent(), fraction: self.to_string() }.serialize(serializer)
    }
}

impl JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "An exact share: in percent, rounded to six decimals, and as a fraction in lowest terms.",
            "properties": {
                "percent": { "type": "string", "examples": ["65.711"] },
                "fraction": { "type": "string", "examples": ["65711/100000"] },
            },
            "required": ["percent", "fraction"],
        })
    }
}

/// How many of all stops pay how much.
pub struct Paytable<'a> {
    slot: &'a Slot,
    /// Ways by pay in percent, the stops that pay nothing left out.
    ways: BTreeMap<u32, u128>,
    all: u128,
}

impl<'a> Paytable<'a> {
    /// Counts every combination of three stops, weighted.
    pub fn of(slot: &'a Slot) -> Self {
        let weights = slot.weights.each();
        let mut ways = BTreeMap::new();
        for (left, left_weight) in weights.iter().enumerate() {
            for (middle, middle_weight) in weights.iter().enumerate() {
                for (right, right_weight) in weights.iter().enumerate() {
                    let pay = slot.pay_percent([left, middle, right]);
                    *ways.entry(pay).or_default() +=
                        u128::from(*left_weight) * u128::from(*middle_weight) * u128::from(*right_weight);
                }
            }
        }
        ways.remove(&0);
        Self { slot, ways, all: u128::from(slot.weights.total()).pow(3) }
    }

    /// How often a spin pays anything.
    pub fn hit_rate(&self) -> Share {
        Share::of(self.ways.values().sum(), self.all)
    }

    /// What comes back of a stake on average, before bonus and rounding.
    pub fn return_to_player(&self) -> Share {
        self.return_raised_by(0)
    }

    /// What comes back before rounding, with every win raised by a bonus. The variation is even and changes nothing.
    pub fn return_raised_by(&self, bonus_percent: u32) -> Share {
        let paid: u128 = self.ways.iter().map(|(pay, ways)| ways * u128::from(*pay)).sum();
        Share::of(paid * (100 + u128::from(bonus_percent)), self.all * 100 * 100)
    }

    /// What this very stake pays on average, in coins, after rounding down, with a streak of this many spins. A streak of 0 has
    /// no bonus.
    pub fn mean_win(&self, stake: Coins, streak: u32) -> Share {
        let most = i32::try_from(self.slot.rules.bonus.variation_basis_points).unwrap_or(0);
        let mut paid = 0;
        for (pay, ways) in &self.ways {
            let wins = (-most..=most).map(|variation| u128::from(self.slot.win(stake, *pay, streak, variation)));
            paid += ways * wins.sum::<u128>();
        }
        let variations = u128::from(most.unsigned_abs()) * 2 + 1;
        Share::of(paid, self.all * variations)
    }

    /// The square of what this very stake pays, on average, in coins squared: with the mean, it tells how far results spread.
    pub fn mean_squared_win(&self, stake: Coins, streak: u32) -> Share {
        let most = i32::try_from(self.slot.rules.bonus.variation_basis_points).unwrap_or(0);
        let mut squares = 0;
        for (pay, ways) in &self.ways {
            let wins = (-most..=most).map(|variation| u128::from(self.slot.win(stake, *pay, streak, variation)).pow(2));
            squares += ways * wins.sum::<u128>();
        }
        let variations = u128::from(most.unsigned_abs()) * 2 + 1;
        Share::of(squares, self.all * variations)
    }

    /// What comes back of this very stake after rounding down, with a streak of this many spins.
    pub fn return_of(&self, stake: Coins, streak: u32) -> Share {
        let (paid, cases) = self.mean_win(stake, streak).parts();
        Share::of(paid, cases * u128::from(stake.get()))
    }
}

/// The odds page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SlotConfig {
    /// The economy file that these numbers come from.
    pub odds_version: String,
    /// What is on each of the three reels.
    pub symbols: Vec<SlotSymbol>,
    /// The sum of the weights.
    pub total_weight: u64,
    /// What two adjacent alike pay, in percent of the stake.
    pub two_adjacent_pays_percent: u32,
    /// The symbol whose three make a jackpot.
    pub jackpot: String,
    /// How a win is raised.
    pub bonus: SlotBonus,
    /// The smallest stake.
    pub min_bet: Coins,
    /// The largest stake.
    pub max_bet: Coins,
    /// How often a spin pays anything.
    pub hit_rate: Share,
    /// What comes back of a stake on average, before bonus and rounding.
    pub return_to_player: Share,
    /// The same with each step of the streak's bonus; the last step stands for all longer streaks.
    pub return_by_streak: Vec<StreakReturn>,
    /// What comes back of each stake after rounding down.
    pub return_by_bet: Vec<BetReturn>,
}

/// The return at one step of the streak.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StreakReturn {
    /// Spins without a long pause.
    pub streak: u32,
    /// What the streak adds to a win, in percent.
    pub bonus_percent: u32,
    /// What comes back before rounding.
    pub return_to_player: Share,
}

/// The return of one stake.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BetReturn {
    /// The stake.
    pub bet_amount: Coins,
    /// What comes back after rounding down, without a bonus.
    pub return_to_player: Share,
    /// What comes back after rounding down, at each step of the streak.
    pub return_by_streak: Vec<Share>,
}

impl SlotConfig {
    /// Computes the page, for the stakes that the economy file shows or for the one asked about.
    pub fn of(economy: &Economy, asked: Option<Coins>) -> Self {
        let slot = &economy.slot;
        let rules = slot.rules.clone();
        let table = Paytable::of(slot);
        let steps = rules.bonus.steps();
        let bets = asked.map_or(rules.shown_bets, |bet| vec![bet]);
        Self {
            odds_version: economy.version.clone(),
            total_weight: slot.weights.total(),
            hit_rate: table.hit_rate(),
            return_to_player: table.return_to_player(),
            return_by_streak: steps
                .clone()
                .map(|streak| {
                    let bonus_percent = rules.bonus.percent(streak);
                    StreakReturn { streak, bonus_percent, return_to_player: table.return_raised_by(bonus_percent) }
                })
                .collect(),
            return_by_bet: bets
                .into_iter()
                .map(|bet_amount| BetReturn {
                    bet_amount,
                    return_to_player: table.return_of(bet_amount, 0),
                    return_by_streak: steps.clone().map(|streak| table.return_of(bet_amount, streak)).collect(),
                })
                .collect(),
            symbols: rules.symbols,
            two_adjacent_pays_percent: rules.two_adjacent_pays_percent,
            jackpot: rules.jackpot,
            bonus: rules.bonus,
            min_bet: rules.min_bet,
            max_bet: rules.max_bet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disclosed_odds_are_those_of_the_contract() {
        let economy = Economy::shipped().unwrap();
        let config = SlotConfig::of(&economy, None);
        assert_eq!(config.hit_rate.percent(), "38.908");
        assert_eq!(config.return_to_player.percent(), "65.711");
        assert_eq!(config.return_by_streak.len(), 10);
        assert_eq!(config.return_by_streak[9].return_to_player.percent(), "78.8532");
    }

    #[test]
    fn rounding_down_only_ever_costs_the_player() {
        let economy = Economy::shipped().unwrap();
        let table = Paytable::of(&economy.slot);
        let before = table.return_to_player();
        for bet in [1, 2, 3, 7, 50, 999, 10_000] {
            let after = table.return_of(Coins::new(bet).unwrap(), 0);
            assert!(after.numerator * before.denominator <= before.numerator * after.denominator, "{bet}");
        }
        // One coin pays 1 for two alike: half of its share is lost, exactly.
        let by_hand = Share::of(33_456 * 501, 100_000 * 1001);
        let single = table.ways[&150] * 501;
        assert_eq!(Share::of(single, table.all * 1001), by_hand);
    }

    #[test]
    fn a_share_is_written_in_lowest_terms() {
        assert_eq!(Share::of(50, 100).to_string(), "1/2");
        assert_eq!(Share::of(1, 3).percent(), "33.333333");
        assert_eq!(Share::of(0, 0).percent(), "0");
        assert!(Share::of(3, 2).exceeds_one());
    }
}
