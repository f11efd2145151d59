//! A player's hot state: what every action reads and replaces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    economy::Economy,
    fairness::Draw,
    gacha::GachaState,
    id::PlayerId,
    ledger::{Action, Change, Entry, Hash},
    mission::Missions,
    money::{Coins, Debt, Gems, Postings, settled},
    name::{ClientSeed, InviteCode},
    session::GameSession,
    slot::SlotStreak,
    streak::DailyStreak,
    time::Timestamp,
    totals::Totals,
};

/// A player's standing; a higher one opens more doors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Rank {
    /// Everyone at first.
    #[default]
    Standard,
    /// The middle rank.
    Premium,
    /// The highest rank.
    Vip,
}

/// What an action needs to know of a player and may change.
///
/// Outside this crate nobody makes up a balance: a player comes from [`Player::sign_up`], [`Player::after`],
/// [`Player::after_round`], or the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    /// Who it is.
    pub id: PlayerId,
    /// Coins owned.
    pub(crate) coins: Coins,
    /// Gems owned.
    pub(crate) gems: Gems,
    /// What is owed.
    #[serde(default, skip_serializing_if = "Debt::is_nothing")]
    pub(crate) debt: Debt,
    /// Entries in the ledger.
    pub(crate) entries: u64,
    /// Writes of this record, by actions and by others: an action replaces just the revision that it read.
    pub(crate) revision: u64,
    /// The hash of the last entry.
    pub(crate) head: Hash,
    /// Standing.
    pub rank: Rank,
    /// Whether the player may do anything at all.
    pub active: bool,
    /// Whether the player may use the admin side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admin: bool,
    /// Sessions begun in an earlier epoch are over.
    pub session_epoch: u32,
    /// Level reached.
    pub level: u32,
    /// Experience gained within the level.
    pub experience: u64,
    /// The randomness of the next round.
    pub draw: Draw,
    /// Spins without a long pause.
    #[serde(default)]
    pub slot: SlotStreak,
    /// How the player stands with the gacha.
    #[serde(default)]
    pub gacha: GachaState,
    /// The session that goes on, or in which nothing happens any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<GameSession>,
    /// What was done for the missions.
    #[serde(default)]
    pub missions: Missions,
    /// Days claimed in a row.
    #[serde(default)]
    pub streak: DailyStreak,
    /// What was played.
    #[serde(default)]
    pub totals: Totals,
}

impl Player {
    /// A new player and the entry that brings the starting balance.
    ///
    /// # Errors
    /// None that a valid economy can cause.
    pub fn sign_up(
        id: PlayerId,
        admin: bool,
        invite: Option<InviteCode>,
        now: Timestamp,
        economy: &Economy,
    ) -> Result<Change, Refusal> {
        // A ULID is printable ASCII without spaces, which is all that a client seed asks.
        let client_seed: ClientSeed = id.to_string().parse().map_err(|_| Refusal::Impossible)?;
        let start = &economy.start;
        let blank = Self {
            id,
            coins: Coins::ZERO,
            gems: Gems::ZERO,
            debt: Debt::default(),
            entries: 0,
            revision: 0,
            head: Hash::genesis(id),
            rank: Rank::Standard,
            active: true,
            admin,
            session_epoch: 0,
            level: 1,
            experience: 0,
            draw: Draw { epoch: 0, nonce: 0, client_seed },
            slot: SlotStreak::default(),
            gacha: GachaState::default(),
            session: None,
            missions: Missions::default(),
            streak: DailyStreak::default(),
            totals: Totals::default(),
        };
        let moved = Postings { coins: start.coins.credit(), gems: start.gems.credit() };
        blank.after(now, Action::Signup { invite }, moved)
    }

    /// The one way to change a balance: the player after an action, together with the entry that tells of it. What is gained
    /// pays first what is owed.
    ///
    /// # Errors
    /// A balance that would fall below zero or grow beyond what can be counted.
    pub fn after(self, at: Timestamp, action: Action, moved: Postings) -> Result<Change, Refusal> {
        self.record(at, action, moved, false, None)
    }

    /// As [`Player::after`], for what is taken back although it may have been spent: what is missing is owed from now on.
    ///
    /// # Errors
    /// As [`Player::after`].
    pub(crate) fn after_taking_back(self, at: Timestamp, action: Action, moved: Postings) -> Result<Change, Refusal> {
        self.record(at, action, moved, true, None)
    }

    /// As [`Player::after`], for a round that drew from the player's randomness: the next round draws anew.
    ///
    /// # Errors
    /// As [`Player::after`].
    pub fn after_round(
        mut self,
        at: Timestamp,
        action: Action,
        moved: Postings,
        economy: &Economy,
    ) -> Result<Change, Refusal> {
        let draw = self.draw.clone();
        self.draw.nonce += 1;
        if let Some(played) = action.played() {
            self.totals.count(played, economy.calendar.day(at))?;
            self.missions = self.missions.count(played, at, economy);
            if let Some(session) = self.session.as_mut().filter(|session| !session.is_idle(at, economy.session)) {
                session.count(played, at)?;
            }
        }
        self.record(at, action, moved, false, Some((economy.version.clone(), draw)))
    }

    /// Coins owned.
    pub const fn coins(&self) -> Coins {
        self.coins
    }

    /// Gems owned.
    pub const fn gems(&self) -> Gems {
        self.gems
    }

    /// What is owed.
    pub const fn debt(&self) -> Debt {
        self.debt
    }

    /// Entries in the ledger.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Writes of this record, by actions and by others.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The hash of the last entry.
    pub const fn head(&self) -> Hash {
        self.head
    }

    fn record(
        self,
        at: Timestamp,
        action: Action,
        wanted: Postings,
        may_owe: bool,
        drawn: Option<(String, Draw)>,
    ) -> Result<Change, Refusal> {
        let (odds, draw) = drawn.unzip();
        let coins = settled(wanted.coins, self.coins.get(), self.debt.coins.get(), may_owe);
        let gems = settled(wanted.gems, self.gems.get(), self.debt.gems.get(), may_owe);
        let (moved, owed) = (Postings { coins: coins.0, gems: gems.0 }, Postings { coins: coins.1, gems: gems.1 });
        let entry = Entry {
            player: self.id,
            number: self.entries.checked_add(1).ok_or(Refusal::Impossible)?,
            at,
            action,
            moved,
            coins: self.coins.changed_by(moved.coins).map_err(|_| Refusal::balance(moved.coins))?,
            gems: self.gems.changed_by(moved.gems).map_err(|_| Refusal::balance(moved.gems))?,
            owed,
            debt: self.debt.changed_by(owed).map_err(|_| Refusal::BalanceLimit)?,
            odds,
            draw,
            previous: self.head,
        };
        let head = entry.hash().map_err(|_| Refusal::Impossible)?;
        let player = Self {
            coins: entry.coins,
            gems: entry.gems,
            debt: entry.debt,
            entries: entry.number,
            revision: self.revision + 1,
            head,
            ..self
        };
        Ok(Change { player, entry })
    }
}
