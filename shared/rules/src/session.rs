//! Game sessions: a player's time at one game, counted by the server.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    economy::Economy,
    id::GameSessionId,
    ledger::{Action, Decision, GameType},
    money::{Coins, Postings},
    player::Player,
    round::Moment,
    time::Timestamp,
    totals::{Played, Ratio},
};

/// Sessions as written in the economy file.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRules {
    /// After how many minutes without a round a session is over.
    pub idle_minutes: u32,
}

impl SessionRules {
    /// When a session is over in which nothing happens after this moment.
    pub fn idle_after(self, last: Timestamp) -> Timestamp {
        last.after(Duration::from_secs(u64::from(self.idle_minutes) * 60))
    }
}

/// A session that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameSession {
    /// Which one.
    pub id: GameSessionId,
    /// Of which game.
    pub game: GameType,
    /// When it began.
    pub begun: Timestamp,
    /// When something last happened in it.
    pub last: Timestamp,
    /// Rounds played.
    #[serde(default)]
    pub rounds: u64,
    /// All stakes together.
    #[serde(default)]
    pub bet: Coins,
    /// All that was paid.
    #[serde(default)]
    pub won: Coins,
}

/// A session that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndedSession {
    /// Which one.
    pub session_id: GameSessionId,
    /// Of which game.
    pub game_type: GameType,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended: when it was asked to, or when nothing had happened in it for too long.
    pub ended_at: Timestamp,
    /// Whether it ended because nothing happened in it.
    pub idle: bool,
    /// Rounds played.
    pub total_rounds: u64,
    /// All stakes together.
    pub total_bet: Coins,
    /// All that was paid.
    pub total_win: Coins,
}

/// A session as its player sees it while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SessionView {
    /// Which one.
    pub session_id: GameSessionId,
    /// Always `active`.
    pub status: &'static str,
    /// Of which game.
    pub game_type: GameType,
    /// When it began.
    pub started_at: Timestamp,
    /// Rounds played.
    pub rounds: u64,
    /// All stakes together.
    pub total_bet: Coins,
    /// All that was paid.
    pub total_win: Coins,
}

/// How a session stands after a round. Short, since every round carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SessionTally {
    /// Which one.
    pub session_id: GameSessionId,
    /// Rounds played.
    pub rounds: u64,
    /// All stakes together.
    pub total_bet: Coins,
    /// All that was paid.
    pub total_win: Coins,
}

/// What a session came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SessionSummary {
    /// Which one.
    pub session_id: GameSessionId,
    /// Always `ended`.
    pub status: &'static str,
    /// Of which game.
    pub game_type: GameType,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it went on, in seconds.
    pub duration: Ratio,
    /// Rounds played.
    pub total_rounds: u64,
    /// All stakes together.
    pub total_bet: Coins,
    /// All that was paid.
    pub total_win: Coins,
    /// What was paid less what was staked.
    pub net: i64,
    /// The net for each coin of the stakes; 0 when nothing was staked.
    pub roi: Ratio,
    /// Seconds for each round; 0 when none was played.
    pub average_round_seconds: Ratio,
}

impl GameSession {
    /// When it is over, if nothing happens in it any more.
    pub fn idle_from(&self, rules: SessionRules) -> Timestamp {
        rules.idle_after(self.last)
    }

    /// Whether nothing has happened in it for too long.
    pub fn is_idle(&self, now: Timestamp, rules: SessionRules) -> bool {
        self.idle_from(rules) <= now
    }

    /// The session with one more round, if it is one of its game.
    ///
    /// # Errors
    /// [`Refusal::Impossible`]: more than anyone can play.
    pub(crate) fn count(&mut self, played: Played, now: Timestamp) -> Result<(), Refusal> {
        if played.game != self.game {
            return Ok(());
        }
        let sum = |total: Coins, more: Coins| total.changed_by(more.credit()).map_err(|_| Refusal::Impossible);
        *self = Self {
            // The clocks of two functions may differ.
            last: now.max(self.last),
            rounds: self.rounds + 1,
            bet: sum(self.bet, played.bet)?,
            won: sum(self.won, played.won)?,
            ..*self
        };
        Ok(())
    }

    fn view(&self) -> SessionView {
        SessionView {
            session_id: self.id,
            status: "active",
            game_type: self.game,
            started_at: self.begun,
            rounds: self.rounds,
            total_bet: self.bet,
            total_win: self.won,
        }
    }

    fn ended(&self, now: Timestamp, rules: SessionRules) -> EndedSession {
        let idle = self.is_idle(now, rules);
        EndedSession {
            session_id: self.id,
            game_type: self.game,
            started_at: self.begun,
            ended_at: if idle { self.idle_from(rules) } else { now.max(self.last) },
            idle,
            total_rounds: self.rounds,
            total_bet: self.bet,
            total_win: self.won,
        }
    }
}

impl EndedSession {
    /// What it came to.
    pub fn summary(&self) -> SessionSummary {
        let millis = i64::try_from(self.ended_at.since(self.started_at).as_millis()).unwrap_or(i64::MAX);
        let net = self.total_win.credit() + self.total_bet.debit();
        SessionSummary {
            session_id: self.session_id,
            status: "ended",
            game_type: self.game_type,
            started_at: self.started_at,
            ended_at: self.ended_at,
            duration: Ratio { of: millis, to: 1000 },
            total_rounds: self.total_rounds,
            total_bet: self.total_bet,
            total_win: self.total_win,
            net,
            roi: Ratio { of: net, to: self.total_bet.get() },
            average_round_seconds: match self.total_rounds.checked_mul(1000) {
                Some(0) | None => Ratio { of: 0, to: 0 },
                Some(to) => Ratio { of: millis, to },
            },
        }
    }
}

impl Player {
    /// The session that goes on, if there is one and something happens in it.
    pub fn session_at(&self, now: Timestamp, economy: &Economy) -> Option<&GameSession> {
        self.session.as_ref().filter(|session| !session.is_idle(now, economy.session))
    }

    /// The same after a round of its game.
    pub fn session_tally(&self, game: GameType, now: Timestamp, economy: &Economy) -> Option<SessionTally> {
        self.session_at(now, economy).filter(|session| session.game == game).map(|session| SessionTally {
            session_id: session.id,
            rounds: session.rounds,
            total_bet: session.bet,
            total_win: session.won,
        })
    }

    /// The same as the player sees it.
    pub fn session_view(&self, now: Timestamp, economy: &Economy) -> Option<SessionView> {
        self.session_at(now, economy).map(GameSession::view)
    }
}

/// Begins a session.
///
/// # Errors
/// [`Refusal::SessionActive`] while another one goes on.
pub fn start(
    player: &Player,
    id: GameSessionId,
    game: GameType,
    planned_bet: Option<Coins>,
    moment: Moment<'_>,
) -> Result<Decision<SessionView>, Refusal> {
    if player.session.is_some() {
        return Err(Refusal::SessionActive);
    }
    let (begun, bet) = (moment.now, Coins::ZERO);
    let session = GameSession { id, game, begun, last: begun, rounds: 0, bet, won: bet };
    let next = Player { session: Some(session), ..player.clone() };
    let action = Action::SessionStart { session_id: id, game_type: game, bet_amount: planned_bet };
    next.after(moment.now, action, Postings::NONE)?.decide(|_, _| session.view())
}

/// Ends the player's session: that one, or whichever nothing has happened in for too long.
///
/// # Errors
/// [`Refusal::NoSession`] when it is not the one that goes on.
pub fn end(
    player: &Player,
    id: Option<GameSessionId>,
    moment: Moment<'_>,
) -> Result<Decision<SessionSummary>, Refusal> {
    let rules = moment.economy.session;
    let wanted = |session: &&GameSession| id.map_or_else(|| session.is_idle(moment.now, rules), |id| session.id == id);
    let session = player.session.as_ref().filter(wanted).ok_or(Refusal::NoSession)?;
    let ended = session.ended(moment.now, rules);
    let next = Player { session: None, ..player.clone() };
    next.after(moment.now, Action::SessionEnd(ended), Postings::NONE)?.decide(|_, _| ended.summary())
}
