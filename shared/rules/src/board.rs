//! Leaderboards: scores that follow from the ledger alone.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    calendar::{Calendar, GameDay, GameWeek},
    ledger::{Entry, GameType},
    money::Coins,
    totals::{GameTotals, Played},
};

/// What a board compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// What was paid less what was staked.
    Net,
    /// What was paid.
    Win,
    /// The most that one round paid.
    Biggest,
}

/// How long a score counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// A day of the game.
    Daily,
    /// A week of the game, from Monday.
    Weekly,
    /// For ever.
    All,
}

/// One board: a game, a metric, and a day, a week, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Board {
    /// Of which game.
    pub game: GameType,
    /// What it compares.
    pub metric: Metric,
    /// Of when.
    pub when: When,
}

/// Of when a score is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Of a day.
    Day(GameDay),
    /// Of a week.
    Week(GameWeek),
    /// Of all days.
    Ever,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 3] = [Self::Net, Self::Win, Self::Biggest];

    const fn name(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Win => "win",
            Self::Biggest => "biggest",
        }
    }

    const fn of(self, totals: &GameTotals) -> i64 {
        match self {
            Self::Net => totals.net(),
            Self::Win => totals.won.credit(),
            Self::Biggest => totals.biggest.credit(),
        }
    }
}

impl Board {
    /// The board of a span of time, on a day.
    pub const fn on(game: GameType, metric: Metric, span: Span, day: GameDay) -> Self {
        let when = match span {
            Span::Daily => When::Day(day),
            Span::Weekly => When::Week(day.week()),
            Span::All => When::Ever,
        };
        Self { game, metric, when }
    }

    /// Its stable name.
    pub fn name(&self) -> String {
        let (game, metric) = (self.game.name(), self.metric.name());
        match self.when {
            When::Day(day) => format!("{game}#{metric}#{day}"),
            When::Week(week) => format!("{game}#{metric}#{week}"),
            When::Ever => format!("{game}#{metric}#all"),
        }
    }

    /// The last day on which it may change; none for a board of all days.
    pub const fn last_day(&self) -> Option<GameDay> {
        match self.when {
            When::Day(day) => Some(day),
            When::Week(week) => Some(week.monday().plus(6)),
            When::Ever => None,
        }
    }
}

/// How far a ledger is counted, and what it has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How often this record was written.
    #[serde(default)]
    pub revision: u64,
    /// The number of the last entry that is counted in.
    #[serde(default)]
    pub counted: u64,
    /// The scores of each game.
    #[serde(default)]
    pub games: BTreeMap<GameType, GameTally>,
}

/// The scores of one game.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameTally {
    /// Of which day the daily ones are.
    pub day: GameDay,
    /// Those of that day.
    pub daily: GameTotals,
    /// Of which week the weekly ones are.
    pub week: GameWeek,
    /// Those of that week.
    pub weekly: GameTotals,
    /// Those of all days.
    pub all: GameTotals,
}

/// What some entries change: scores as they are now, and what is new to the totals of everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Scores that changed.
    pub scores: BTreeMap<Board, i64>,
    /// Rounds that were counted.
    pub rounds: BTreeMap<GameType, GameTotals>,
}

impl Tally {
    /// Counts the entry that follows the last one.
    ///
    /// # Errors
    /// [`Refusal::Impossible`]: another entry, or more than anyone can play.
    pub fn count(&mut self, entry: &Entry, calendar: Calendar, news: &mut News) -> Result<(), Refusal> {
        if entry.number != self.counted + 1 {
            return Err(Refusal::Impossible);
        }
        self.counted = entry.number;
        let Some(played) = entry.action.played() else { return Ok(()) };
        news.rounds.entry(played.game).or_default().count(played)?;
        let game = self.games.entry(played.game).or_default();
        // The clocks of two functions may differ: a day that is over does not come back.
        let day = calendar.day(entry.at).max(game.day);
        let before = *game;
        game.count(played, day)?;
        let spans = [
            (When::Day(day), GameTally::daily_on(&before, day), game.daily),
            (When::Week(day.week()), GameTally::weekly_on(&before, day), game.weekly),
            (When::Ever, before.all, game.all),
        ];
        for (when, before, after) in spans {
            for metric in Metric::ALL.into_iter().filter(|metric| metric.of(&before) != metric.of(&after)) {
                news.scores.insert(Board { game: played.game, metric, when }, metric.of(&after));
            }
        }
        Ok(())
    }
}

impl GameTally {
    const fn daily_on(&self, day: GameDay) -> GameTotals {
        if self.day.days_after(day) == 0 { self.daily } else { NOTHING }
    }

    const fn weekly_on(&self, day: GameDay) -> GameTotals {
        if self.week.monday().days_after(day.week().monday()) == 0 { self.weekly } else { NOTHING }
    }

    fn count(&mut self, played: Played, day: GameDay) -> Result<(), Refusal> {
        self.daily = self.daily_on(day);
        self.weekly = self.weekly_on(day);
        (self.day, self.week) = (day, day.week());
        for totals in [&mut self.daily, &mut self.weekly, &mut self.all] {
            totals.count(played)?;
        }
        Ok(())
    }
}

const NOTHING: GameTotals =
    GameTotals { rounds: 0, wins: 0, bet: Coins::ZERO, won: Coins::ZERO, biggest: Coins::ZERO, streak: 0 };
