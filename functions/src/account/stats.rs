use croupier_rules::{
    economy::Economy,
    ledger::GameType,
    money::Coins,
    player::Player,
    time::Timestamp,
    totals::{GameTotals, Ratio},
};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What the caller has played.
pub struct Stats;

/// What a player has played, since signing up.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatsReply {
    games: Vec<GameStats>,
    /// Days of the game on which a round was played.
    active_days: u32,
}

/// What a player has played of one game.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GameStats {
    game_type: GameType,
    rounds: u64,
    /// All stakes together.
    total_bet: Coins,
    /// All that was paid.
    total_win: Coins,
    /// What was paid less what was staked.
    net: i64,
    /// Rounds that paid anything.
    wins: u64,
    losses: u64,
    /// Wins of all rounds, from 0 to 1.
    win_rate: Ratio,
    /// The most that one round paid.
    biggest_win: Coins,
    /// Rounds without a long pause, as of now; 0 for a game that counts none.
    current_streak: u32,
    best_streak: u32,
}

impl GameStats {
    fn of(game_type: GameType, player: &Player, now: Timestamp, economy: &Economy) -> Self {
        let totals: &GameTotals = player.totals.of(game_type);
        let current_streak = match game_type {
            GameType::Slot => player.slot.current(now, &economy.slot.rules),
            GameType::Gacha => 0,
        };
        Self {
            game_type,
            rounds: totals.rounds,
            total_bet: totals.bet,
            total_win: totals.won,
            net: totals.net(),
            wins: totals.wins,
            losses: totals.rounds - totals.wins,
            win_rate: totals.win_rate(),
            biggest_win: totals.biggest,
            current_streak,
            best_streak: totals.streak,
        }
    }
}

impl Endpoint for Stats {
    const ROUTE: Route = Route::get("stats", "/api/users/stats", "Show what the caller has played.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = StatsReply;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<StatsReply, Failure> {
        let player = &call.caller.player;
        let games = GameType::ALL.iter().map(|game| GameStats::of(*game, player, call.now, &call.app.economy));
        Ok(StatsReply { games: games.collect(), active_days: player.totals.days })
    }
}
