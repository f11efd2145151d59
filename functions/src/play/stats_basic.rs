use croupier_rules::{ledger::GameType, totals::Ratio};
use croupier_store::item::PlayedRecord;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was played of one game.
pub struct StatsBasic;

/// Of which game, by whom.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct StatsRequest {
    game_type: GameType,
    /// The caller where nothing is said; everyone, for an admin.
    #[serde(default)]
    scope: Scope,
}

/// By whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// By the caller.
    #[default]
    Own,
    /// By everyone.
    All,
}

/// What was played of a game.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatsReply {
    game_type: GameType,
    rounds: u64,
    /// Rounds that paid anything.
    wins: u64,
    /// Wins of all rounds, from 0 to 1.
    win_rate: Ratio,
    /// All stakes together.
    total_bet: u64,
    /// All that was paid.
    total_win: u64,
    /// What was paid less what was staked.
    net: i64,
    /// The net for each coin of the stakes; 0 when nothing was staked.
    roi: Ratio,
}

impl StatsReply {
    fn of(game_type: GameType, played: PlayedRecord) -> Result<Self, Failure> {
        let PlayedRecord { rounds, wins, bet, won } = played;
        let signed = |amount: u64| i64::try_from(amount).map_err(Failure::internal);
        let net = signed(won)? - signed(bet)?;
        Ok(Self {
            game_type,
            rounds,
            wins,
            win_rate: Ratio { of: signed(wins)?, to: rounds },
            total_bet: bet,
            total_win: won,
            net,
            roi: Ratio { of: net, to: bet },
        })
    }
}

impl Endpoint for StatsBasic {
    const ROUTE: Route = Route::get("stats-basic", "/api/games/stats/basic", "Show what was played of one game.")
        .or(&[Code::AdminRequired]);
    type Caller = SignedIn;
    type Request = StatsRequest;
    type Reply = StatsReply;

    async fn handle(call: Call<'_, SignedIn>, request: StatsRequest) -> Result<StatsReply, Failure> {
        let (player, game) = (&call.caller.player, request.game_type);
        let played = match request.scope {
            Scope::All if player.admin => call.store()?.played_by_all(game).await?,
            Scope::All => return Err(Failure::of(Code::AdminRequired)),
            Scope::Own => {
                let totals = player.totals.of(game);
                PlayedRecord { rounds: totals.rounds, wins: totals.wins, bet: totals.bet.get(), won: totals.won.get() }
            }
        };
        StatsReply::of(game, played)
    }
}
