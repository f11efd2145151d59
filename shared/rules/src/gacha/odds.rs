//! The exact odds of the gacha: a chain with one state for each number of pulls without luck, solved, not simulated.
//!
//! Let *p* be the share of the table that gives the guaranteed rarity or better, *q* = 1 − *p*, and *n* the pull that gives
//! it at the latest. Every such pull begins a new round of the chain, which lasts *L* = 1 + *q* + … + *q*^(*n*−1) pulls on
//! average. Of all pulls, *q*^(*n*−1) / *L* are *n*-th ones, and those give what the table does not.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Gacha, GachaItem, Rarity};
use crate::{economy::Economy, money::Coins};

/// What comes of the gacha in the long run, exactly.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Pulls to the guaranteed rarity or better, on average.
    pub expected_pulls: BigRational,
    /// How many of all pulls the guarantee decides: *n*-th ones for which the table had less.
    pub forced: BigRational,
    /// How many of all pulls show each line of the table.
    pub lines: Vec<BigRational>,
    /// How many of all pulls give each rarity, the most common first.
    pub rarities: [BigRational; 4],
}

impl Chain {
    /// Solves the chain of a gacha.
    pub fn of(gacha: &Gacha) -> Self {
        let rules = &gacha.rules;
        let share = |weight: u32| BigRational::new(weight.into(), gacha.weights.total().into());
        let lucky = rules.table.iter().filter(|line| line.gives >= Rarity::GUARANTEED);
        let unlucky = BigRational::one() - lucky.map(|line| share(line.weight)).sum::<BigRational>();
        let reached = std::iter::successors(Some(BigRational::one()), |before| Some(before * &unlucky));
        let reached: Vec<_> = reached.take(rules.guarantee as usize).collect();
        let expected_pulls: BigRational = reached.iter().sum();
        let last = reached.last().map_or_else(BigRational::zero, |last| last / &expected_pulls);
        let usual = BigRational::one() - &last;
        let line =
            |gives: Rarity, weight| if gives >= Rarity::GUARANTEED { share(weight) } else { share(weight) * &usual };
        let lines: Vec<_> = rules.table.iter().map(|each| line(each.gives, each.weight)).collect();
        let mut rarities = Rarity::ALL.map(|_| BigRational::zero());
        for (each, share) in rules.table.iter().zip(&lines) {
            rarities[each.gives as usize] += share;
        }
        let forced = last * unlucky;
        rarities[Rarity::GUARANTEED as usize] += &forced;
        Self { expected_pulls, forced, lines, rarities }
    }
}

/// A number with twelve decimals, rounded to the nearest, without trailing zeros.
pub fn decimal(number: &BigRational) -> String {
    const DECIMALS: usize = 12;
    let scaled = (number * BigInt::from(10_u64.pow(DECIMALS as u32))).round().to_integer().to_string();
    let digits = format!("{scaled:0>width$}", width = DECIMALS + 1);
    let (whole, part) = digits.split_at(digits.len() - DECIMALS);
    format!("{whole}.{part}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn percent(share: &BigRational) -> String {
    decimal(&(share * BigInt::from(100)))
}

/// The odds page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GachaConfig {
    /// The economy file that these numbers come from.
    pub odds_version: String,
    /// Coins for one pull.
    pub single_price: Coins,
    /// Coins for ten.
    pub ten_price: Coins,
    /// The most pulls at once.
    pub max_pulls: u32,
    /// Which pull in a row without an Epic or better gives one.
    pub guarantee: u32,
    /// The sum of the weights.
    pub total_weight: u64,
    /// What can be drawn.
    pub table: Vec<LineOdds>,
    /// How often each rarity is given, the guarantee counted in.
    pub rates: Vec<RarityRate>,
    /// Pulls to an Epic or better on average, the guarantee counted in; with at most twelve decimals.
    pub expected_pulls_to_guaranteed: String,
    /// How many of all pulls the guarantee decides, in percent.
    pub guarantee_percent: String,
    /// What can be won; each item of a rarity is as likely as any other of it.
    pub items: Vec<GachaItem>,
}

/// A line of the table, and how often it is shown.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LineOdds {
    /// Its name.
    pub entry: String,
    /// Its share.
    pub weight: u32,
    /// What it gives.
    pub gives: Rarity,
    /// Whether it looks like something better.
    pub near_miss: bool,
    /// Its share of the table, in percent.
    pub table_percent: String,
    /// Its share of all pulls, the guarantee counted in, in percent with at most twelve decimals.
    pub effective_percent: String,
}

/// How often a rarity is given.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RarityRate {
    /// The rarity.
    pub rarity: Rarity,
    /// What the table alone gives, in percent.
    pub table_percent: String,
    /// What is given in the long run, the guarantee counted in, in percent with at most twelve decimals.
    pub effective_percent: String,
}

impl GachaConfig {
    /// Computes the page.
    pub fn of(economy: &Economy) -> Self {
        let gacha = &economy.gacha;
        let chain = Chain::of(gacha);
        let rules = gacha.rules.clone();
        let share = |weight: u64| percent(&BigRational::new(weight.into(), gacha.weights.total().into()));
        let table = rules.table.iter().zip(&chain.lines).map(|(line, effective)| LineOdds {
            entry: line.entry.clone(),
            weight: line.weight,
            gives: line.gives,
            near_miss: line.near_miss,
            table_percent: share(line.weight.into()),
            effective_percent: percent(effective),
        });
        let table = table.collect();
        let rates = Rarity::ALL.into_iter().zip(&chain.rarities).map(|(rarity, effective)| {
            let lines = rules.table.iter().filter(|line| line.gives == rarity);
            let weight = lines.map(|line| u64::from(line.weight)).sum();
            RarityRate { rarity, table_percent: share(weight), effective_percent: percent(effective) }
        });
        Self {
            odds_version: economy.version.clone(),
            single_price: rules.single_price,
            ten_price: rules.ten_price,
            max_pulls: rules.most_pulls,
            guarantee: rules.guarantee,
            total_weight: rules.total_weight,
            rates: rates.collect(),
            table,
            expected_pulls_to_guaranteed: decimal(&chain.expected_pulls),
            guarantee_percent: percent(&chain.forced),
            items: rules.items,
        }
    }
}
