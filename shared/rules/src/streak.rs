//! The daily streak: a reward for each day of the game, growing towards a limit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    calendar::GameDay,
    economy::{BadEconomy, Economy},
    ledger::{Action, Decision},
    mission::Rewards,
    money::{Coins, Gems},
    player::Player,
    round::Moment,
    time::Timestamp,
};

/// The streak as written in the economy file.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreakRules {
    /// In how many days one missed day is forgiven.
    pub forgiven_every_days: u32,
    /// What a day pays in coins.
    pub coins: Curve,
    /// What a day pays in experience.
    pub experience: Curve,
}

/// Day *n* pays `base + extra · (1 − e^(−n/days))`, rounded to the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// What it begins with.
    pub base: u32,
    /// What it grows by at the most.
    pub extra: u32,
    /// In how many days it grows by 1 − 1/e of that.
    pub days: u32,
}

/// One, in the fixed-point numbers of this file: seventeen decimals fit twice into 128 bits.
const ONE: u128 = 100_000_000_000_000_000;

impl Curve {
    /// What day *n* pays.
    pub fn at(self, day: u32) -> u64 {
        let missing = u128::from(self.extra) * self.decay(day);
        let twice = 2 * (u128::from(self.base) + u128::from(self.extra)) * ONE - 2 * missing;
        u64::try_from((twice + ONE) / (2 * ONE)).unwrap_or(u64::MAX)
    }

    /// e^(−day/days), in fixed point: the power of one day's decay, which a series gives. The error stays far below what
    /// rounding could notice.
    fn decay(self, day: u32) -> u128 {
        let step = series(u128::from(self.days.max(1)));
        let mut decayed = ONE;
        for _ in 0..day {
            decayed = decayed * step / ONE;
            if decayed == 0 {
                break;
            }
        }
        decayed
    }
}

/// e^(−1/days) by its alternating series, in fixed point.
fn series(days: u128) -> u128 {
    let (mut sum, mut term, mut place) = (ONE, ONE, 1);
    while term > 0 {
        term /= days * place;
        sum = if place % 2 == 1 { sum - term } else { sum + term };
        place += 1;
    }
    sum
}

impl StreakRules {
    pub(crate) fn check(self) -> Result<Self, BadEconomy> {
        let curves = [self.coins, self.experience];
        let bounded = |curve: &Curve| curve.days > 0 && curve.base <= 1_000_000 && curve.extra <= 1_000_000;
        if self.forgiven_every_days > 0 && curves.iter().all(bounded) { Ok(self) } else { Err(BadEconomy::Streak) }
    }
}

/// A player's streak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyStreak {
    /// How many days were claimed in a row.
    #[serde(default)]
    pub days: u32,
    /// The last of them.
    #[serde(default)]
    pub last: GameDay,
    /// The last day that was missed and forgiven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgiven: Option<GameDay>,
}

/// What claiming would do to a streak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It was claimed already.
    Done,
    /// It goes on or begins.
    Day(DailyStreak),
}

impl DailyStreak {
    /// A day after a claimed one goes on; so does a day after one missed day, unless one was forgiven within the days before.
    /// Everything else begins anew.
    fn claimed(self, today: GameDay, rules: StreakRules) -> Claim {
        if self.days == 0 {
            return Claim::Day(Self { days: 1, last: today, forgiven: self.forgiven });
        }
        let missed = today.plus(-1);
        let every = i32::try_from(rules.forgiven_every_days).unwrap_or(i32::MAX);
        let may_forgive = self.forgiven.is_none_or(|forgiven| missed.days_after(forgiven) >= every);
        match today.days_after(self.last) {
            ..=0 => Claim::Done,
            1 => Claim::Day(Self { days: self.days.saturating_add(1), last: today, ..self }),
            2 if may_forgive => {
                Claim::Day(Self { days: self.days.saturating_add(1), last: today, forgiven: Some(missed) })
            }
            _ => Claim::Day(Self { days: 1, last: today, forgiven: self.forgiven }),
        }
    }

    fn rewards(self, rules: StreakRules) -> Rewards {
        Rewards {
            // A curve is bounded when the file is checked.
            coins: Coins::new(rules.coins.at(self.days)).unwrap_or_default(),
            gems: Gems::ZERO,
            experience: rules.experience.at(self.days),
        }
    }
}

/// A streak as its player sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StreakView {
    /// Days claimed in a row, as of now; 0 when the streak has broken.
    pub days: u32,
    /// Whether today was claimed.
    pub claimed_today: bool,
    /// Which day of the streak the next claim is.
    pub next_day: u32,
    /// What the next claim pays.
    pub next_rewards: Rewards,
    /// Whether the next claim forgives the day that was missed.
    pub forgives: bool,
    /// When the game's next day begins.
    pub resets_at: Timestamp,
}

/// The streak as its player sees it.
pub fn view(player: &Player, now: Timestamp, economy: &Economy) -> StreakView {
    let (rules, streak, today) = (economy.streak, player.streak, economy.calendar.day(now));
    let resets_at = economy.calendar.begin(today.max(streak.last).plus(1));
    let (claimed_today, next) = match streak.claimed(today, rules) {
        Claim::Done => (true, streak.claimed(streak.last.plus(1), rules)),
        day @ Claim::Day(_) => (false, day),
    };
    let Claim::Day(next) = next else {
        return StreakView {
            days: streak.days,
            claimed_today,
            next_day: streak.days,
            next_rewards: streak.rewards(rules),
            forgives: false,
            resets_at,
        };
    };
    StreakView {
        days: next.days - 1,
        claimed_today,
        next_day: next.days,
        next_rewards: next.rewards(rules),
        forgives: next.forgiven != streak.forgiven,
        resets_at,
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StreakReply {
    /// Days claimed in a row, this one included.
    pub days: u32,
    /// What was paid.
    pub rewards: Rewards,
    /// Whether a missed day was forgiven.
    pub forgiven: bool,
    /// Coins afterwards.
    pub balance: Coins,
    /// Gems afterwards.
    pub gems: Gems,
    /// Level afterwards.
    pub level: u32,
    /// Experience within the level afterwards.
    pub experience: u64,
    /// The number of the claim in the player's ledger.
    pub sequence: u64,
}

/// Claims what this day pays, once.
///
/// # Errors
/// [`Refusal::AlreadyClaimed`].
pub fn claim(player: &Player, moment: Moment<'_>) -> Result<Decision<StreakReply>, Refusal> {
    let (economy, rules) = (moment.economy, moment.economy.streak);
    let Claim::Day(streak) = player.streak.claimed(economy.calendar.day(moment.now), rules) else {
        return Err(Refusal::AlreadyClaimed);
    };
    let rewards = streak.rewards(rules);
    let forgiven = streak.forgiven != player.streak.forgiven;
    let mut next = Player { streak, ..player.clone() };
    next.gain(rewards.experience, economy);
    let action = Action::StreakClaim { day: streak.last.to_string(), streak: streak.days, forgiven, rewards };
    next.after(moment.now, action, rewards.postings())?.decide(|player, entry| StreakReply {
        days: streak.days,
        rewards,
        forgiven,
        balance: player.coins,
        gems: player.gems,
        level: player.level,
        experience: player.experience,
        sequence: entry.number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> StreakRules {
        Economy::shipped().unwrap().streak
    }

    #[test]
    fn a_day_pays_what_the_formula_says() {
        for (curve, name) in [(rules().coins, "coins"), (rules().experience, "experience")] {
            for day in 1..=400_u32 {
                let grown = 1.0 - (-f64::from(day) / f64::from(curve.days)).exp();
                let paid = (f64::from(curve.base) + f64::from(curve.extra) * grown).round();
                assert_eq!(curve.at(day), paid as u64, "{name} of day {day}");
            }
        }
        assert_eq!([1, 7, 30].map(|day| rules().coins.at(day)), [1123, 1551, 1795]);
        assert_eq!(rules().coins.at(u32::MAX), 1800);
    }

    #[test]
    fn one_missed_day_in_seven_is_forgiven() {
        let claim_on = |days: &[i32]| {
            days.iter().fold(DailyStreak::default(), |streak, day| {
                match streak.claimed(GameDay::default().plus(*day), rules()) {
                    Claim::Day(next) => next,
                    Claim::Done => streak,
                }
            })
        };
        assert_eq!(claim_on(&[1, 2, 3]).days, 3);
        assert_eq!(claim_on(&[1, 1, 1]).days, 1, "a day counts once");
        assert_eq!(claim_on(&[1, 2, 4]).days, 3, "day 3 is forgiven");
        assert_eq!(claim_on(&[1, 2, 5]).days, 1, "two days are not");
        assert_eq!(claim_on(&[1, 2, 4, 6]).days, 1, "nor is another one within seven days");
        assert_eq!(claim_on(&[1, 2, 4, 5, 6, 7, 8, 9, 11]).days, 9, "seven days later it is");
        assert_eq!(claim_on(&[1, 2, 4, 5, 6, 7, 8, 10]).days, 1);
    }
}
