//! What a player has played: counted with every round, in the record that a round writes anyway.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Refusal, calendar::GameDay, ledger::GameType, money::Coins};

/// The totals of a player.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Those of the slot machine.
    #[serde(default)]
    pub slot: GameTotals,
    /// Those of the gacha.
    #[serde(default)]
    pub gacha: GameTotals,
    /// Days of the game on which the player played.
    #[serde(default)]
    pub days: u32,
    /// The last of them.
    #[serde(default)]
    pub last_day: GameDay,
}

/// The totals of one game.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameTotals {
    /// Rounds played.
    #[serde(default)]
    pub rounds: u64,
    /// Rounds that paid anything.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub wins: u64,
    /// All stakes together.
    #[serde(default)]
    pub bet: Coins,
    /// All that was paid.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub won: Coins,
    /// The most that one round paid.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub biggest: Coins,
    /// The longest streak.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub streak: u32,
}

/// A game that never pays has no place for it in a record of which every byte counts.
fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What one round adds to the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// In which game.
    pub game: GameType,
    /// The stake.
    pub bet: Coins,
    /// What was paid.
    pub won: Coins,
    /// The streak, this round included.
    pub streak: u32,
}

impl Totals {
    /// The totals of a game.
    pub const fn of(&self, game: GameType) -> &GameTotals {
        match game {
            GameType::Slot => &self.slot,
            GameType::Gacha => &self.gacha,
        }
    }

    /// Counts a round.
    ///
    /// # Errors
    /// [`Refusal::Impossible`]: more than anyone can play.
    pub fn count(&mut self, played: Played, day: GameDay) -> Result<(), Refusal> {
        if self.days == 0 || self.last_day < day {
            (self.days, self.last_day) = (self.days + 1, day);
        }
        match played.game {
            GameType::Slot => self.slot.count(played),
            GameType::Gacha => self.gacha.count(played),
        }
    }
}

impl GameTotals {
    /// Counts a round.
    pub(crate) fn count(&mut self, Played { bet, won, streak, .. }: Played) -> Result<(), Refusal> {
        let sum = |total: Coins, more: Coins| total.changed_by(more.credit()).map_err(|_| Refusal::Impossible);
        *self = Self {
            rounds: self.rounds + 1,
            wins: self.wins + u64::from(won > Coins::ZERO),
            bet: sum(self.bet, bet)?,
            won: sum(self.won, won)?,
            biggest: self.biggest.max(won),
            streak: self.streak.max(streak),
        };
        Ok(())
    }

    /// What was paid less what was staked.
    pub const fn net(&self) -> i64 {
        self.won.credit() + self.bet.debit()
    }

    /// How many rounds of all paid anything.
    pub const fn win_rate(&self) -> Ratio {
        Ratio { of: self.wins as i64, to: self.rounds }
    }
}

/// How much one number is of another, to be shown with six decimals; of nothing it is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// The part.
    pub of: i64,
    /// The whole.
    pub to: u64,
}

impl Ratio {
    /// In millionths, rounded to the nearest.
    fn millionths(self) -> i64 {
        let (part, whole) = (i128::from(self.of) * 1_000_000, i128::from(self.to.max(1)));
        i64::try_from((part + part.signum() * whole / 2) / whole).unwrap_or(i64::MAX)
    }
}

impl Serialize for Ratio {
    #[expect(clippy::float_arithmetic, reason = "what a client reads; nothing is computed from it")]
    #[expect(clippy::cast_precision_loss, reason = "six decimals are all that is shown")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.millionths() as f64 / 1e6)
    }
}

impl JsonSchema for Ratio {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ratio".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "examples": [0.38908] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coins(amount: u64) -> Coins {
        Coins::new(amount).unwrap()
    }

    #[test]
    fn rounds_are_added_up() {
        let mut totals = Totals::default();
        for (bet, won, streak) in [(50, 0, 1), (50, 76, 2), (10, 500, 3), (10, 0, 1)] {
            let played = Played { game: GameType::Slot, bet: coins(bet), won: coins(won), streak };
            totals.count(played, GameDay::default()).unwrap();
        }
        let slot = *totals.of(GameType::Slot);
        assert_eq!((slot.rounds, slot.wins, slot.bet, slot.won), (4, 2, coins(120), coins(576)));
        assert_eq!((slot.biggest, slot.streak, slot.net()), (coins(500), 3, 456));
        assert_eq!(serde_json::to_string(&slot.win_rate()).unwrap(), "0.5");
    }

    #[test]
    fn a_day_counts_once_however_much_is_played() {
        let mut totals = Totals::default();
        let played = Played { game: GameType::Slot, bet: coins(1), won: coins(0), streak: 1 };
        for day in [7, 7, 8, 9, 8, 9] {
            totals.count(played, GameDay::default().plus(day)).unwrap();
        }
        assert_eq!(totals.days, 3);
    }

    #[test]
    fn a_ratio_of_nothing_is_nothing() {
        let written = |of, to| serde_json::to_string(&Ratio { of, to }).unwrap();
        assert_eq!(written(0, 0), "0.0");
        assert_eq!(written(-657, 1000), "-0.657");
        assert_eq!((written(1, 3), written(2, 3)), ("0.333333".to_owned(), "0.666667".to_owned()));
        assert_eq!(written(-2, 3), "-0.666667");
    }
}
