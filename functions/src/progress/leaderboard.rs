use croupier_rules::{
    board::{Board, Metric, Span},
    id::PlayerId,
    ledger::GameType,
    name::Nickname,
};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is best at a game.
pub struct Leaderboard;

/// How many are shown.
const SHOWN: usize = 100;

/// Which board.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BoardRequest {
    game_type: String,
    /// Of all days where nothing is said.
    #[serde(default = "ever")]
    period: Span,
    /// The net where nothing is said.
    #[serde(default = "net")]
    metric: Metric,
}

const fn ever() -> Span {
    Span::All
}

const fn net() -> Metric {
    Metric::Net
}

/// The best of a board, and the caller's own place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BoardReply {
    game_type: GameType,
    period: Span,
    metric: Metric,
    /// The best, the best first; those of one score share a place.
    items: Vec<BoardItem>,
    /// The caller's place; null before the caller has a score.
    own: Option<OwnPlace>,
}

/// A player on a board.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BoardItem {
    place: u64,
    id: PlayerId,
    nickname: Nickname,
    score: i64,
}

/// The caller's place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OwnPlace {
    /// One more than there are players with a better score; null beyond the first ten thousand or so.
    place: Option<u64>,
    score: i64,
}

impl Endpoint for Leaderboard {
    const ROUTE: Route = Route::get(
        "leaderboard",
        "/api/games/leaderboard/{game_type}",
        "Show the hundred best of a day, a week or for ever, and the caller's place.",
    )
    .or(&[Code::NotFound]);
    type Caller = SignedIn;
    type Request = BoardRequest;
    type Reply = BoardReply;

    async fn handle(call: Call<'_, SignedIn>, request: BoardRequest) -> Result<BoardReply, Failure> {
        let BoardRequest { game_type, period, metric } = request;
        let named = GameType::ALL.iter().copied().find(|game| game.name() == game_type);
        let game_type = named.ok_or_else(|| Failure::of(Code::NotFound))?;
        let board = Board::on(game_type, metric, period, call.app.economy.calendar.day(call.now));
        let (store, own) = (call.store()?, call.caller.player.id);
        let (best, own) = tokio::try_join!(store.best(&board, SHOWN), store.place(&board, own))?;
        let nicknames = store.nicknames(&best.iter().map(|record| record.player).collect::<Vec<_>>()).await?;
        let mut items: Vec<BoardItem> = Vec::with_capacity(best.len());
        for (place, (record, nickname)) in (1..).zip(best.iter().zip(nicknames)) {
            let shared = items.last().filter(|before| before.score == record.score).map(|before| before.place);
            let (id, score) = (record.player, record.score);
            items.push(BoardItem { place: shared.unwrap_or(place), id, nickname, score });
        }
        let own = own.map(|(score, better)| OwnPlace { place: better.map(|better| better + 1), score });
        Ok(BoardReply { game_type, period, metric, items, own })
    }
}
