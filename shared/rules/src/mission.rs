//! Missions: progress that follows from play alone, in days and weeks of the game.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    calendar::{GameDay, GameWeek},
    economy::{BadEconomy, Economy},
    ledger::{Action, Decision, GameType},
    money::{Coins, Gems, Postings},
    player::Player,
    round::Moment,
    time::Timestamp,
    totals::Played,
};

/// How long a mission's progress counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day of the game.
    Daily,
    /// A week of the game, from Monday.
    Weekly,
}

/// What a mission counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Rounds of any game.
    Rounds,
    /// Rounds of the slot machine.
    Spins,
    /// Rounds that paid anything.
    Wins,
}

/// What a mission or a streak pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewards {
    /// Coins.
    #[serde(default)]
    pub coins: Coins,
    /// Gems.
    #[serde(default)]
    pub gems: Gems,
    /// Experience.
    #[serde(default)]
    pub experience: u64,
}

impl Rewards {
    /// What they do to the balances.
    pub const fn postings(self) -> Postings {
        Postings { coins: self.coins.credit(), gems: self.gems.credit() }
    }
}

/// A mission as written in the economy file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mission {
    /// By which clients name it.
    pub id: String,
    /// By which a player's record names it, for ever.
    pub number: u8,
    /// How long progress counts.
    pub period: Period,
    /// What the player reads.
    pub title: String,
    /// What it counts.
    pub target_type: Target,
    /// How much of it completes the mission.
    pub target: u32,
    /// What completing it pays.
    pub rewards: Rewards,
}

/// The most missions that a player's record can tell apart.
const MOST: u8 = 53;

/// Checks the missions of an economy file.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn check(missions: Vec<Mission>) -> Result<Vec<Mission>, BadEconomy> {
    let wrong = |what| Err(BadEconomy::Missions(what));
    let distinct = |count: usize| count == missions.len();
    let ids: std::collections::BTreeSet<_> = missions.iter().map(|mission| &mission.id).collect();
    let numbers: std::collections::BTreeSet<_> = missions.iter().map(|mission| mission.number).collect();
    if !distinct(ids.len()) || !distinct(numbers.len()) {
        return wrong("each id and each number stands once");
    }
    if missions.iter().any(|mission| mission.number >= MOST || mission.target == 0) {
        return wrong("numbers from 0 to 52, and a target of at least 1");
    }
    if missions.iter().any(|mission| mission.rewards == Rewards::default()) {
        return wrong("a mission pays something");
    }
    Ok(missions)
}

/// What a player has done for the missions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missions {
    /// Of which day the daily counts are.
    #[serde(default)]
    pub day: GameDay,
    /// What was done on that day.
    #[serde(default)]
    pub daily: Progress,
    /// Of which week the weekly counts are.
    #[serde(default)]
    pub week: GameWeek,
    /// What was done in that week.
    #[serde(default)]
    pub weekly: Progress,
}

/// What was done in a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rounds of any game.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounds: u32,
    /// Rounds of the slot machine.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spins: u32,
    /// Rounds that paid anything.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wins: u32,
    /// The missions that were claimed: a bit for each number.
    #[serde(default, skip_serializing_if = "is_none_claimed")]
    pub claimed: u64,
}

const fn is_zero(count: &u32) -> bool {
    *count == 0
}

const fn is_none_claimed(claimed: &u64) -> bool {
    *claimed == 0
}

impl Progress {
    const fn of(&self, target: Target) -> u32 {
        match target {
            Target::Rounds => self.rounds,
            Target::Spins => self.spins,
            Target::Wins => self.wins,
        }
    }

    fn count(&mut self, played: Played) {
        self.rounds = self.rounds.saturating_add(1);
        self.spins = self.spins.saturating_add(u32::from(played.game == GameType::Slot));
        self.wins = self.wins.saturating_add(u32::from(played.won > Coins::ZERO));
    }
}

impl Missions {
    /// The counts of the day and the week of a moment: those of an earlier one are over.
    pub fn at(self, now: Timestamp, economy: &Economy) -> Self {
        // The clocks of two functions may differ: a day that is over does not come back.
        let day = economy.calendar.day(now).max(self.day);
        let week = day.week();
        Self {
            day,
            daily: if self.day == day { self.daily } else { Progress::default() },
            week,
            weekly: if self.week == week { self.weekly } else { Progress::default() },
        }
    }

    /// The counts with one more round.
    #[must_use]
    pub(crate) fn count(self, played: Played, now: Timestamp, economy: &Economy) -> Self {
        let mut counted = self.at(now, economy);
        counted.daily.count(played);
        counted.weekly.count(played);
        counted
    }

    const fn of(&self, period: Period) -> &Progress {
        match period {
            Period::Daily => &self.daily,
            Period::Weekly => &self.weekly,
        }
    }
}

/// A mission as a player sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MissionView {
    /// Which one.
    pub id: String,
    /// How long progress counts.
    pub period: Period,
    /// What the player reads.
    pub title: String,
    /// What it counts.
    pub target_type: Target,
    /// How much of it completes the mission.
    pub target: u32,
    /// How much of it is done in this period.
    pub progress: u32,
    /// Whether that is enough.
    pub completed: bool,
    /// Whether it was claimed in this period.
    pub claimed: bool,
    /// What completing it pays.
    pub rewards: Rewards,
    /// When the period ends, and the progress begins anew.
    pub resets_at: Timestamp,
}

/// The missions as a player sees them.
pub fn views(player: &Player, now: Timestamp, economy: &Economy) -> Vec<MissionView> {
    let missions = player.missions.at(now, economy);
    economy.missions.iter().map(|mission| view(mission, &missions, economy)).collect()
}

fn view(mission: &Mission, missions: &Missions, economy: &Economy) -> MissionView {
    let done = missions.of(mission.period);
    let next = match mission.period {
        Period::Daily => missions.day.plus(1),
        Period::Weekly => missions.week.monday().plus(7),
    };
    MissionView {
        id: mission.id.clone(),
        period: mission.period,
        title: mission.title.clone(),
        target_type: mission.target_type,
        target: mission.target,
        progress: done.of(mission.target_type).min(mission.target),
        completed: done.of(mission.target_type) >= mission.target,
        claimed: done.claimed & (1 << mission.number) != 0,
        rewards: mission.rewards,
        resets_at: economy.calendar.begin(next),
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClaimReply {
    /// The mission.
    pub mission_id: String,
    /// What was paid.
    pub rewards: Rewards,
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

/// Claims what a completed mission pays, once in its period.
///
/// # Errors
/// [`Refusal::NoMission`], [`Refusal::AlreadyClaimed`] or [`Refusal::NotCompleted`].
pub fn claim(player: &Player, id: &str, moment: Moment<'_>) -> Result<Decision<ClaimReply>, Refusal> {
    let economy = moment.economy;
    let mission = economy.missions.iter().find(|mission| mission.id == id).ok_or(Refusal::NoMission)?;
    let mut missions = player.missions.at(moment.now, economy);
    let seen = view(mission, &missions, economy);
    if seen.claimed {
        return Err(Refusal::AlreadyClaimed);
    }
    if !seen.completed {
        return Err(Refusal::NotCompleted);
    }
    let (progress, period) = match mission.period {
        Period::Daily => (&mut missions.daily, missions.day.to_string()),
        Period::Weekly => (&mut missions.weekly, missions.week.to_string()),
    };
    progress.claimed |= 1 << mission.number;
    let mut next = Player { missions, ..player.clone() };
    next.gain(mission.rewards.experience, economy);
    let rewards = mission.rewards;
    let action = Action::MissionClaim { mission_id: id.to_owned(), period, rewards };
    next.after(moment.now, action, rewards.postings())?.decide(|player, entry| ClaimReply {
        mission_id: id.to_owned(),
        rewards,
        balance: player.coins,
        gems: player.gems,
        level: player.level,
        experience: player.experience,
        sequence: entry.number,
    })
}
