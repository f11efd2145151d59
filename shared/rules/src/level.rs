//! Levels: experience fills one level after the other.

use serde::Deserialize;

use crate::{
    economy::{BadEconomy, Economy},
    player::Player,
};

/// Levels as written in the economy file.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelRules {
    /// Experience that level 1 needs.
    pub first: u32,
    /// How much more each further level needs.
    pub step: u32,
}

impl LevelRules {
    pub(crate) const fn check(self) -> Result<Self, BadEconomy> {
        if self.first > 0 { Ok(self) } else { Err(BadEconomy::Level) }
    }

    /// Experience that fills a level.
    pub fn needed(self, level: u32) -> u64 {
        u64::from(self.first) + u64::from(self.step) * u64::from(level.saturating_sub(1))
    }
}

impl Player {
    /// Gains experience, and the levels that it fills.
    pub(crate) fn gain(&mut self, experience: u64, economy: &Economy) {
        self.experience = self.experience.saturating_add(experience);
        while self.experience >= economy.level.needed(self.level) {
            self.experience -= economy.level.needed(self.level);
            self.level = self.level.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_needs_a_hundred_more_than_the_one_before() {
        let rules = Economy::shipped().unwrap().level;
        assert_eq!([1, 2, 3, 11].map(|level| rules.needed(level)), [1000, 1100, 1200, 2000]);
    }
}
